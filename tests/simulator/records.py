"""Simulated teams as records of the product's own kinds, so that the whole way from a file to a finding can be tried.

A team's changes, decisions, deployments, releases, links and comments tell the changes of ``changes``, from which
``marks`` are drawn as well. Owns how they are told. Refuses to know how files are read.

Which records say what:

- who decided: the login in ``decision.decided_by``, of the approval of the change or of the deployment's gate
  (``decision.deployment_key``); who executed: the deployment's ``deployed_by``.
- a change's own record: ``description``, a decision on it, comments (``event``) about risk.
- a release's own record: ``release_key`` of the deployment, or ``plan``.
- when a release was cut: ``release.cut_at``, else the last ``change.merged_at``.
- a bare decision: ``decision.comment`` is empty, soon after ``change.requested_at``; ``decision.policy`` names a rule.
- agendas: comments about steps and timing, or about risk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from models.records import KINDS
from tests.simulator.changes import (
    MERGED_BEFORE_CUT,
    NOBODY,
    PEOPLE,
    POLICY,
    RISKS,
    ROBOT,
    TYPES,
    Block,
    Comments,
    blocks_of,
    draw_block,
    lead_of,
)
from tests.simulator.life import START
from tests.simulator.marks import FELLOWS, Cohort, block_fellows, fellow_name, simulate
from tests.simulator.regimes import WEEKS, Regime

SOURCE = "simulated"
_LOGISTICS = (
    "Please schedule the deployment for tonight and page the on-call.",
    "Rollout sequence: restart the workers, then deploy the web tier.",
    "The runbook steps are ready; the cutover is scheduled after the checklist.",
)
_RISK = (
    "The risk is low and the impact on customers was discussed.",
    "Security and privacy were looked at; compliance has no objection.",
    "We accept the risk of this change; the audit asked for it.",
)
_NEUTRAL = "Read and tried it, looks right to me."
_POLICY = "low risk ships when its tests pass"
_MIDNIGHT = datetime.combine(START, time(), UTC)


@dataclass
class Story:
    """Records of one source by kind, and the marks and activity they must give, a table for each block of teams.

    ``onsets`` are the weeks in which each team's regime begins.
    """

    source: str = SOURCE
    records: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    marks: list[pd.DataFrame] = field(default_factory=list)
    activity: list[pd.DataFrame] = field(default_factory=list)
    onsets: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, key: str, **fields: object) -> str:
        """Add a record; unknown fields are refused by the kind's own model."""
        KINDS[kind](key=key, **fields)
        self.records.setdefault(kind, []).append({"key": key} | fields)
        return key

    def tell(self, kind: str, rows: list[dict[str, object]]) -> None:
        """Add records whose fields are known to be the kind's own."""
        self.records.setdefault(kind, []).extend(rows)

    def truth(self) -> pd.DataFrame:
        """Return the marks per team, dimension, stratum and day: the table the detector reads."""
        return pd.concat(self.marks, ignore_index=True)

    def write(self, folder: Path) -> list[tuple[Path, Path]]:
        """Write one JSON Lines file per kind and the mapping that reads it; returns (file, mapping) pairs."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for kind in sorted(kind for kind, rows in self.records.items() if rows):
            rows = self.records[kind]
            path, mapping = folder / f"{kind}s.jsonl", folder / f"{kind}s.toml"
            path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
            names = sorted({name for row in rows for name in row} - {"key"})
            lines = [
                f'name = "{self.source}-{kind}s"'.replace("_", "-"),
                f'source = "{self.source}"',
                f"optional_columns = {orjson.dumps(names).decode()}",
            ]
            lines += ["", "[[record]]", f'kind = "{kind}"', 'key = "key"', "", "[record.fields]"]
            mapping.write_text("\n".join([*lines, *(f'{name} = "{name}"' for name in names), ""]), encoding="utf-8")
            written.append((path, mapping))
        return written


def simulate_records(
    regime: Regime,
    volume: int,
    teams: int,
    seed: int,
    *,
    strength: float = 1.0,
    weeks: int = WEEKS,
    story: Story | None = None,
    first: int = 0,
) -> Story:
    """Tell the teams of ``marks.simulate``, one service each, as records of one source.

    Args:
        regime: What moves, and which faults happen.
        volume: Changes a month, on average; teams differ.
        teams: How many teams.
        seed: Same seed, same records.
        strength: 1 moves rates all the way to the regime's targets, 0.5 half of it.
        weeks: Length of the history.
        story: Records to add to, so that one organisation can hold several regimes.
        first: Number of the first team.
    """
    told = story or Story()
    for begin, count in blocks_of(teams, first):
        block = draw_block(regime, volume, count, seed, strength, weeks, begin)
        cohort = simulate(regime, volume, count, seed, strength=strength, weeks=weeks, first=begin)
        _tell(told, block, cohort, range(count), seed)
    return told


def simulate_sources(
    regime: Regime, volume: int, teams: int, seed: int, *, strength: float = 1.0, weeks: int = WEEKS, first: int = 0
) -> list[Story]:
    """Tell the same, each source's teams as a story of their own, as ``marks.simulate`` shares sources."""
    stories = []
    for begin, count in blocks_of(teams, first):
        block = draw_block(regime, volume, count, seed, strength, weeks, begin)
        cohort = simulate(regime, volume, count, seed, strength=strength, weeks=weeks, first=begin)
        for lead in range(0, count, block.share):
            story = Story(source=block.sources[lead])
            _tell(story, block, cohort, range(lead, min(lead + block.share, count)), seed)
            stories.append(story)
    return stories


def _tell(story: Story, block: Block, cohort: Cohort, teams: range, seed: int) -> None:
    """Tell some teams of a block, and what their records must come to."""
    names = block.names[teams.start : teams.stop]
    story.onsets |= dict(zip(names, block.onset[teams.start : teams.stop].tolist(), strict=True))
    known = {*names, *(fellow_name(name, number) for name in names for number in range(FELLOWS))}
    marks, activity = cohort.marks().astype({"team": "str", "dimension": "str"}), cohort.activity()
    story.marks.append(marks[marks["team"].isin(known)])
    story.activity.append(activity[activity["team"].isin(known)].assign(source=story.source))
    _Teller(story, block, teams).tell()
    _tell_fellows(story, block, seed, teams)


class _Teller:
    """Tells the changes of some teams of a block as records."""

    def __init__(self, story: Story, block: Block, teams: range) -> None:
        self.story, self.block, self.teams = story, block, teams
        self.names = block.names
        self.moved = 7 * block.onset if "turnover" in block.regime.traits else np.full(len(block.onset), block.days + 9)
        # Words have no part in any rate, so they need not be drawn with the rest.
        self.rng = np.random.default_rng(block.first)

    def person(self, team: int, day: int, number: int) -> str | None:
        """Return a login; all leave at a turnover."""
        if number == ROBOT:
            return "release-robot"
        word = "new" if day >= self.moved[team] else "person"
        return None if number == NOBODY else f"{self.names[team]}-{word}-{number % PEOPLE}"

    def tell(self) -> None:
        """Tell everything."""
        deployments = self.deployments()
        changes = self.changes(deployments)
        self.comments("change", changes, self.block.on_changes)
        self.comments("deployment", deployments, self.block.on_deployments)

    def deployments(self) -> dict[int, str]:
        """Tell deployments, releases and gates; returns keys by place."""
        by, keys = self.block.deployments, {}
        told, releases, gates = list[dict[str, object]](), list[dict[str, object]](), list[dict[str, object]]()
        columns = (by.team, by.day, by.started, by.deployer, by.gate_by, by.size, by.has_record)
        for place, row in enumerate(zip(*(values.tolist() for values in columns), strict=True)):
            team, day, started, deployer, gate, size, has_record = row
            if team not in self.teams:
                continue
            name, at = self.names[team], _at(started)
            key = keys[place] = f"{name}-deployment-{place}"
            release = f"{name}-release-{place}" if has_record and size >= 2 else None
            told.append(
                {
                    "key": key,
                    "service": name,
                    "team": name,
                    "environment": "production",
                    "status": "success",
                    "started_at": at,
                    "finished_at": at + timedelta(minutes=5),
                    "deployed_by": self.person(team, day, deployer),
                    "deployed_by_type": "bot" if deployer == ROBOT else "human",
                    "release_key": release,
                    "plan": "Plan with owners and steps." if has_record and not release else None,
                }
            )
            if release:
                releases.append({"key": release, "service": name, "cut_at": at - timedelta(minutes=40)})
            if gate != NOBODY:
                gates.append(
                    _decision(f"{key}-gate", at - timedelta(seconds=20), self.person(team, day, gate), _NEUTRAL)
                    | {"deployment_key": key}
                )
        self.story.tell("deployment", told)
        self.story.tell("release", releases)
        self.story.tell("decision", gates)
        return keys

    def changes(self, deployments: dict[int, str]) -> dict[int, str]:
        """Tell changes, their decisions and the deployments that carry them; returns keys by place."""
        made, by, keys = self.block.changes, self.block.deployments, {}
        told, links, decisions = list[dict[str, object]](), list[dict[str, object]](), list[dict[str, object]]()
        started, lead = by.started[made.deployment], lead_of(by.deployer[made.deployment], made.team)
        columns = (
            made.team, made.day, made.kind, made.risk, made.deployment, made.requested, made.approved, made.approver,
            made.is_bare, made.is_described, started, lead,
        )  # fmt: skip
        for place, row in enumerate(zip(*(values.tolist() for values in columns), strict=True)):
            team, day, kind, risk, deployment, requested, approved, approver, is_bare, described, start, who = row
            if team not in self.teams:
                continue
            name, asked, at = self.names[team], _at(requested), _at(start)
            key = keys[place] = f"{name}-change-{place}"
            told.append(
                {
                    "key": key,
                    "record_type": "change_request",
                    "title": f"Change {key}",
                    "change_type": TYPES[kind],
                    "risk": RISKS[risk],
                    "description": "What is changed, and why." if described else None,
                    "service": name,
                    "team": name,
                    "requested_by": self.person(team, day, who + 5),
                    "requested_by_type": "human",
                    "created_at": asked - timedelta(hours=1),
                    "requested_at": asked,
                    "merged_at": at - timedelta(minutes=40, seconds=MERGED_BEFORE_CUT),
                    "state": "closed",
                    "closed_at": at + timedelta(hours=1),
                }
            )
            links.append(_link(deployments[deployment], key))
            if approved >= 0:
                by_policy = approver == POLICY
                who_approved = None if by_policy else self.person(team, day, approver)
                words = None if is_bare or by_policy else _NEUTRAL
                decision = _decision(f"{key}-decision", _at(approved), who_approved, words) | {"change_key": key}
                decisions.append(decision | {"decided_by_type": "bot", "policy": _POLICY} if by_policy else decision)
        self.story.tell("change", told)
        self.story.tell("link", links)
        self.story.tell("decision", decisions)
        return keys

    def comments(self, kind: str, keys: dict[int, str], said: Comments) -> None:
        """Tell what was said of records."""
        own, other = (_RISK, _LOGISTICS) if kind == "change" else (_LOGISTICS, _RISK)
        rows = list[dict[str, object]]()
        words = self.rng.integers(0, 3, len(said.of)).tolist()
        for place, (of, at, misplaced, word) in enumerate(
            zip(said.of.tolist(), said.at.tolist(), said.is_misplaced.tolist(), words, strict=True)
        ):
            if key := keys.get(of):
                rows.append(
                    {
                        "key": f"{key}-comment-{place}",
                        "subject_kind": kind,
                        "subject_key": key,
                        "occurred_at": _at(at),
                        "actor": f"{key.rsplit('-', 2)[0]}-person-0",
                        "actor_type": "human",
                        "verb": "commented",
                        "text": (other if misplaced else own)[word],
                    }
                )
        self.story.tell("event", rows)


def _tell_fellows(story: Story, block: Block, seed: int, teams: range) -> None:
    """Tell the changes and decisions of the teams beside; they are not watched, so they deploy nothing."""
    changes, decisions = block_fellows(block, seed)
    told, decided = list[dict[str, object]](), list[dict[str, object]]()
    for team, number, week in np.argwhere(changes > 0).tolist():
        if team not in teams:
            continue
        name, at = fellow_name(block.names[team], number), _MIDNIGHT + timedelta(weeks=week, days=2, hours=9)
        for place in range(changes[team, number, week]):
            key = f"{name}-change-{week}-{place}"
            told.append(
                {
                    "key": key,
                    "record_type": "change_request",
                    "title": f"Change {key}",
                    "change_type": "normal",
                    "team": name,
                    "created_at": at,
                    "merged_at": at + timedelta(hours=2),
                    "state": "closed",
                    "closed_at": at + timedelta(hours=2),
                }
            )
            if place < decisions[team, number, week]:
                decision = _decision(f"{key}-decision", at + timedelta(hours=1), f"{name}-person-1", _NEUTRAL)
                decided.append(decision | {"change_key": key})
    if told:
        story.tell("change", told)
        story.tell("decision", decided)


def _at(seconds: int) -> datetime:
    return _MIDNIGHT + timedelta(seconds=seconds)


def _decision(key: str, at: datetime, by: str | None, words: str | None) -> dict[str, object]:
    return {
        "key": key,
        "decided_at": at,
        "decided_by": by,
        "decided_by_type": "human",
        "verdict": "approved",
        "comment": words,
    }


def _link(deployment: str, change: str) -> dict[str, object]:
    return {
        "key": f"{deployment}|{change}",
        "from_kind": "deployment",
        "from_key": deployment,
        "relation": "carries",
        "to_kind": "change",
        "to_key": change,
    }
