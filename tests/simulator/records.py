"""Simulated teams as records of the product's own kinds, so that the whole way from a file to a finding can be tried.

A team's changes, decisions, deployments, releases, links and comments are made from the same rates that ``regimes``
moves. What the marks of these records must be is said a second time, in ``truth``, from the generator's own story and
not from the SQL. Owns the story of single changes. Refuses to know how files are read.

Which records mean which mark:

- *owners*: the login in ``decision.decided_by`` of the approval in force, else of the gate, against the deployment's
  ``deployed_by``.
- *act*: a change without an approval of its own in time, whose deployment has a decision (``decision.deployment_key``,
  the gate).
- *change record*: no ``description``, no decision on the change and no comment on it that is about risk.
- *release record*: a deployment without ``plan``, ``version``, ``run_key``, ``release_key`` and verification.
- *order*: no approval before ``deployment.started_at`` and no gate; some of them are approved a day later.
- *batch*: approvals by one login within 15 minutes after ``release.cut_at``, of half of the release or more.
- *bare decision*: an approval without ``comment`` less than three minutes after ``change.requested_at``.
- *agendas*: comments (``event``) on the change, or on the deployment, that are about steps and timing, or about risk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from models.records import KINDS
from tests.simulator.marks import BASE_RATE, START
from tests.simulator.regimes import ONSET_WEEK, STRATA, WEEKS, Regime

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
_TYPES, _TYPE_SHARE = ("normal", "emergency"), (0.9, 0.1)
_RISKS, _RISK_SHARE = ("low", "medium", "high"), (0.5, 0.3, 0.2)
_ITEM_SHARE = 0.5
_NEVER_APPROVED = 0.6
_PEOPLE = 6
_CARRIES = "carries"


@dataclass
class Story:
    """Records by kind, and the marks they must give: (team, dimension, stratum, day, x)."""

    records: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    marks: list[tuple[str, str, str, datetime, bool]] = field(default_factory=list)

    def add(self, kind: str, key: str, **fields: object) -> str:
        """Add a record; unknown fields are refused by the kind's own model."""
        KINDS[kind](key=key, **fields)
        self.records.setdefault(kind, []).append({"key": key} | fields)
        return key

    def mark(self, team: str, dimension: str, stratum: str, at: datetime, x: bool) -> None:
        """Add a mark that these records must give."""
        self.marks.append((team, dimension, stratum, at, x))

    def truth(self) -> pd.DataFrame:
        """Return the marks per team, dimension, stratum and day: the table the detector reads."""
        frame = pd.DataFrame(self.marks, columns=["team", "dimension", "stratum", "at", "x"])
        frame["day"] = pd.to_datetime(frame["at"]).dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize()
        grouped = frame.groupby(["team", "dimension", "stratum", "day"], as_index=False)
        return grouped.agg(n=("x", "size"), x=("x", "sum")).astype({"n": "int64", "x": "int64"})

    def write(self, folder: Path) -> list[tuple[Path, Path]]:
        """Write one JSON Lines file per kind and the mapping that reads it; returns (file, mapping) pairs."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for kind in sorted(self.records):
            rows = self.records[kind]
            path, mapping = folder / f"{kind}s.jsonl", folder / f"{kind}s.toml"
            path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
            names = sorted({name for row in rows for name in row} - {"key"})
            lines = [
                f'name = "{SOURCE}-{kind}s"'.replace("_", "-"),
                f'source = "{SOURCE}"',
                f"optional_columns = {orjson.dumps(names).decode()}",
            ]
            lines += ["", "[[record]]", f'kind = "{kind}"', 'key = "key"', "", "[record.fields]"]
            mapping.write_text("\n".join([*lines, *(f'{name} = "{name}"' for name in names), ""]), encoding="utf-8")
            written.append((path, mapping))
        return written


def simulate_records(
    regime: Regime,
    teams: int,
    seed: int,
    *,
    changes_a_week: float = 12.0,
    weeks: int = WEEKS,
    story: Story | None = None,
) -> Story:
    """Simulate teams of one regime, one service each, with a release a week and emergencies between.

    Args:
        regime: What moves; its faults of sources and of cadence are not simulated here.
        teams: How many teams.
        seed: Same seed, same records.
        changes_a_week: Of each team, on average.
        weeks: Length of the history.
        story: Records to add to, so that one organisation can hold several regimes.
    """
    told = story or Story()
    for number in range(teams):
        rng = np.random.default_rng([seed, number, *regime.name.encode()])
        _Team(told, rng, regime, f"{regime.name.replace('_', '-')}-{number:02d}").live(changes_a_week, weeks)
    return told


@dataclass
class _Change:
    key: str
    change_type: str
    risk: str
    approved_at: datetime | None = None
    approver: str | None = None
    is_late: bool = False
    is_at_gate: bool = False
    has_description: bool = True
    has_comment: bool = False


class _Team:
    """One team's life: every week its changes, a release, emergencies."""

    def __init__(self, story: Story, rng: np.random.Generator, regime: Regime, name: str) -> None:
        self.story, self.rng, self.regime, self.name = story, rng, regime, name
        self.people = [f"{name}-person-{k}" for k in range(_PEOPLE)]
        self.serial = 0
        levels = rng.normal(0, 0.4, len(STRATA))
        self.logits = {
            dimension: float(np.log(BASE_RATE[dimension] / (1 - BASE_RATE[dimension])) + shift)
            for dimension, shift in zip(STRATA, levels, strict=True)
        }

    def live(self, changes_a_week: float, weeks: int) -> None:
        for week in range(weeks):
            monday = datetime.combine(START + timedelta(weeks=week), time(8), UTC)
            count = int(self.rng.poisson(changes_a_week))
            types = self.rng.choice(_TYPES, count, p=_TYPE_SHARE)
            normal = int((types == "normal").sum())
            if normal:
                self.release(week, monday, monday + timedelta(days=2, hours=6), "normal", normal)
            for _ in range(count - normal):
                at = monday + timedelta(days=int(self.rng.integers(0, 5)), hours=float(self.rng.uniform(0, 8)))
                self.release(week, at - timedelta(hours=1), at, "emergency", 1)

    def is_missing(self, dimension: str, week: int, stratum: str = "") -> bool:
        """Draw whether the separation is missing in one record of a week."""
        rate = 1 / (1 + np.exp(-self.logits[dimension]))
        for move in self.regime.moves:
            if move.dimension == dimension and (not move.strata or stratum in move.strata):
                way = np.clip((week - ONSET_WEEK + 1) / max(move.ramp_weeks, 1), 0, 1)
                rate += way * max(move.target - rate, 0)
        return bool(self.rng.random() < rate)

    def release(self, week: int, opened: datetime, started: datetime, change_type: str, count: int) -> None:
        """One deployment with the changes it carries."""
        cut = started - timedelta(minutes=40)
        deployer, others = self.pair()
        is_bulk = count >= 2 and self.is_missing("batch", week)
        has_record = not self.is_missing("release_record", week)
        changes = [
            self.change(week, opened, started, cut, deployer, others, change_type, place, is_bulk=is_bulk)
            for place in range(count)
        ]
        key = self.next("deployment")
        release = self.next("release") if count >= 2 else None
        if release:
            self.story.add("release", release, service=self.name, version=None, cut_at=cut)
        self.story.add(
            "deployment",
            key,
            service=self.name,
            team=self.name,
            environment="production",
            status="success",
            started_at=started,
            finished_at=started + timedelta(minutes=20),
            deployed_by=deployer,
            deployed_by_type="human",
            release_key=release,
            plan="Weekly plan with owners and steps." if has_record else None,
        )
        for change in changes:
            self.story.add(
                "link",
                f"{key}|{change.key}",
                from_kind="deployment",
                from_key=key,
                relation=_CARRIES,
                to_kind="change",
                to_key=change.key,
            )
        gate = self.gate(key, started, deployer, others, week) if any(change.is_at_gate for change in changes) else None
        self.comments("release_agenda", "deployment", key, started + timedelta(minutes=5), week, count)
        self.story.mark(self.name, "release_record", "all", started, release is None and not has_record)
        self.judge(changes, started, deployer, gate, cut)

    def pair(self) -> tuple[str, list[str]]:
        order = self.rng.permutation(self.people).tolist()
        return order[0], order[1:]

    def next(self, kind: str) -> str:
        self.serial += 1
        return f"{self.name}-{kind}-{self.serial}"

    def change(
        self,
        week: int,
        opened: datetime,
        started: datetime,
        cut: datetime,
        deployer: str,
        others: list[str],
        change_type: str,
        place: int,
        *,
        is_bulk: bool,
    ) -> _Change:
        """One change: described or not, approved in time, late, by the gate only, or never."""
        risk = str(self.rng.choice(_RISKS, p=_RISK_SHARE))
        change = _Change(self.next("change"), change_type, risk)
        skipped = self.is_missing("order", week, change_type)
        at_gate = not skipped and self.is_missing("act", week, change_type)
        never = skipped and bool(self.rng.random() < _NEVER_APPROVED)
        change.is_at_gate = at_gate
        change.has_description = not ((never or at_gate) and self.is_missing("change_record", week, change_type))
        requested = opened + timedelta(minutes=float(self.rng.uniform(0, 20)))
        requester = others[-1]
        if not never and not at_gate:
            change.is_late = skipped
            bulk_approver = others[0]
            if skipped:
                change.approved_at, change.approver = started + timedelta(days=1, minutes=place), others[1]
            elif is_bulk:
                change.approved_at, change.approver = cut + timedelta(seconds=30 + 20 * place), bulk_approver
            else:
                is_same = self.is_missing("owners", week, change_type)
                change.approver = deployer if is_same else others[1 + int(self.rng.integers(0, 3))]
                change.approved_at = requested + timedelta(minutes=5)
        self.decide(week, change, requested, is_bulk=is_bulk)
        self.story.add(
            "change",
            change.key,
            record_type="change_request",
            title=f"Change {change.key}",
            change_type=change_type,
            risk=risk,
            description="What is changed, and why." if change.has_description else None,
            service=self.name,
            team=self.name,
            requested_by=requester,
            requested_by_type="human",
            created_at=requested - timedelta(hours=1),
            requested_at=requested,
            merged_at=cut - timedelta(minutes=1),
            state="closed",
            closed_at=started + timedelta(hours=1),
        )
        said = requested + timedelta(minutes=2)
        change.has_comment = self.comments("governance_agenda", "change", change.key, said, week, 1) > 0
        return change

    def decide(self, week: int, change: _Change, requested: datetime, *, is_bulk: bool) -> None:
        if change.approved_at is None:
            return
        asked = change.approved_at - requested
        is_bare = change.change_type == "normal" and not change.is_late and not is_bulk
        is_bare = is_bare and self.is_missing("bare_decision", week, change.risk)
        if is_bare:
            asked = timedelta(seconds=90)
            change.approved_at = requested + asked
        self.story.add(
            "decision",
            self.next("decision"),
            change_key=change.key,
            decided_at=change.approved_at,
            decided_by=change.approver,
            decided_by_type="human",
            verdict="approved",
            comment=None if is_bare else _NEUTRAL,
        )
        if change.change_type == "normal":
            self.story.mark(self.name, "bare_decision", f"normal {change.risk}", change.approved_at, is_bare)

    def gate(self, deployment: str, started: datetime, deployer: str, others: list[str], week: int) -> str:
        """Return who let the deployment go in the pipeline, in the act that set it going."""
        who = deployer if self.is_missing("owners", week, "normal") else others[2]
        self.story.add(
            "decision",
            self.next("decision"),
            deployment_key=deployment,
            decided_at=started - timedelta(seconds=20),
            decided_by=who,
            decided_by_type="human",
            verdict="approved",
            comment=_NEUTRAL,
        )
        return who

    def comments(self, dimension: str, kind: str, key: str, at: datetime, week: int, count: int) -> int:
        """Comment on a record; returns how many comments were about the record's own process."""
        own, other = (_RISK, _LOGISTICS) if dimension == "governance_agenda" else (_LOGISTICS, _RISK)
        own_topic = 0
        for place in range(int(self.rng.binomial(count, _ITEM_SHARE))):
            misplaced = self.is_missing(dimension, week, "all")
            text = str(self.rng.choice(other if misplaced else own))
            when = at + timedelta(seconds=place)
            self.story.add(
                "event",
                self.next("event"),
                subject_kind=kind,
                subject_key=key,
                occurred_at=when,
                actor=self.people[-1],
                actor_type="human",
                verb="commented",
                text=text,
            )
            self.story.mark(self.name, dimension, "all", when, misplaced)
            own_topic += not misplaced
        return own_topic

    def judge(self, changes: list[_Change], started: datetime, deployer: str, gate: str | None, cut: datetime) -> None:
        """Say what the marks of a deployment's changes must be, from what was decided when by whom."""
        after_cut: dict[str, int] = {}
        for change in changes:
            if change.approved_at and change.approver and cut < change.approved_at <= cut + timedelta(minutes=15):
                after_cut[change.approver] = after_cut.get(change.approver, 0) + 1
        is_batch = 2 * max(after_cut.values(), default=0) >= len(changes)
        for change in changes:
            in_time = change.approved_at is not None and change.approved_at <= started
            decider = change.approver if in_time else gate
            if decider is not None:
                self.story.mark(self.name, "owners", change.change_type, started, decider == deployer)
                self.story.mark(self.name, "act", change.change_type, started, not in_time)
            no_record = not (change.has_description or change.has_comment or change.approved_at)
            self.story.mark(self.name, "change_record", change.change_type, started, no_record)
            self.story.mark(self.name, "order", change.change_type, started, not in_time and gate is None)
            if len(changes) >= 2:
                self.story.mark(self.name, "batch", change.change_type, started, is_batch)
