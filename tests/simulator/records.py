"""Simulated teams as records of the product's own kinds, so that the whole way from a file to a finding can be tried.

A team's changes, decisions, deployments, releases, links and comments are made from the same lives that marks are
drawn from (``life``): the same volumes, cadences, rates, moves and faults. Unlike drawn marks, single records cannot
miss every separation at once: a change that nobody approved has no approver to compare. What the marks of these records
must be is said a second time, in ``truth``, from the generator's own story and not from the SQL. Owns the story of
single changes. Refuses to know how files are read.

Which records mean which mark:

- *owners*: the login in ``decision.decided_by`` of the approval in force, else of the gate, against the deployment's
  ``deployed_by``.
- *act*: a change without an approval of its own in time, whose deployment has a decision (``decision.deployment_key``,
  the gate).
- *change record*: no ``description``, no decision on the change and no comment on it that is about risk.
- *release record*: a deployment without ``plan``, ``version``, ``run_key``, ``release_key`` and verification.
- *order*: no approval before ``deployment.started_at`` and no gate; some of them are approved a day later. A decision
  that the source lost looks the same.
- *batch*: approvals by one login within 15 minutes after ``release.cut_at``, of half of the release or more.
- *bare decision*: an approval without ``comment`` less than three minutes after ``change.requested_at``; or
  ``decision.policy`` where the risk is medium or high.
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
from tests.simulator.life import POLICY_SHARE, START, WITHIN_RELEASE_SD, Life, live, progress
from tests.simulator.regimes import CELLS, STRATA, WEEKS, Regime

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
_RISKS = ("low", "medium", "high")
_ITEM_SHARE = 0.5
_NEVER_APPROVED = 0.6
_BY_ROBOT = 0.12
_WHOLE_RELEASE = 0.05
_UNKNOWN_PEOPLE, _UNKNOWN_WEEKS = 0.4, 8
_PEOPLE = 6
_CELL = {cell: place for place, cell in enumerate(CELLS)}


@dataclass
class Story:
    """Records of one source by kind, and the marks they must give: (team, dimension, stratum, day, x).

    ``onsets`` are the weeks in which each team's regime begins.
    """

    source: str = SOURCE
    records: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    marks: list[tuple[str, str, str, datetime, bool]] = field(default_factory=list)
    onsets: dict[str, int] = field(default_factory=dict)

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
    is_shared: bool = False,
) -> Story:
    """Simulate teams of one regime, one service each.

    Args:
        regime: What moves, and which faults happen.
        volume: Changes a month, on average; teams differ.
        teams: How many teams.
        seed: Same seed, same records.
        strength: 1 moves rates all the way to the regime's targets, 0.5 half of it.
        weeks: Length of the history.
        story: Records to add to, so that one organisation can hold several regimes.
        first: Number of the first team, so that one regime can be spread over several sources.
        is_shared: Whether all of them have the same onset, as teams of one faulty source do.
    """
    told = story or Story()
    rng = np.random.default_rng([seed, volume, round(100 * strength), first, *regime.name.encode()])
    life = live(rng, regime, volume, teams, weeks, is_shared=is_shared)
    for place in range(teams):
        name = f"{regime.name.replace('_', '-')}-{first + place:03d}"
        told.onsets[name] = int(life.onset[place])
        _Team(told, np.random.default_rng(rng.integers(2**63)), regime, strength, name, life, place).tell()
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


@dataclass(frozen=True)
class _Release:
    """One deployment to tell: its day, when it was cut and started, by whom, and what is wrong with it."""

    day: int
    cut: datetime
    started: datetime
    change_type: str
    deployer: str | None
    deployer_type: str
    others: list[str]
    is_bulk: bool
    is_whole: bool


class _Team:
    """One team's records: every day its changes, releases and emergencies."""

    def __init__(
        self,
        story: Story,
        rng: np.random.Generator,
        regime: Regime,
        strength: float,
        name: str,
        life: Life,
        place: int,
    ) -> None:
        self.story, self.rng, self.regime, self.strength, self.name = story, rng, regime, strength, name
        self.onset = int(life.onset[place])
        self.normal, self.emergency = life.created_normal[place], life.created_emergency[place]
        self.release_day, self.kept, self.logit = life.release_day[place], life.kept[place], life.logit[place]
        days = len(self.normal)
        self.effects = {dimension: rng.normal(0, sd, days) for dimension, sd in WITHIN_RELEASE_SD.items()}
        self.ramp = progress(np.array([self.onset]), days, 4)[0] if "mix_shift" in regime.traits else np.zeros(days)
        self.serial = 0

    def tell(self) -> None:
        """Tell all days: what is created waits for its release, emergencies go at once."""
        waiting: dict[int, list[int]] = {}
        for day in np.flatnonzero(self.normal):
            waiting.setdefault(int(self.release_day[day]), []).extend([int(day)] * int(self.normal[day]))
        for day in range(len(self.normal)):
            at = datetime.combine(START + timedelta(days=day), time(14), UTC)
            created = waiting.get(day, [])
            if self.is_continuous(day):
                for place, born in enumerate(created):
                    self.release(day, [born], at + timedelta(minutes=7 * place), "normal")
            elif created:
                self.release(day, created, at, "normal")
            for place in range(int(self.emergency[day])):
                self.release(day, [day], at - timedelta(hours=3) + timedelta(minutes=11 * place), "emergency")

    def is_continuous(self, day: int) -> bool:
        """Whether each change is a release of its own."""
        moved = "becomes_continuous" in self.regime.traits and day >= 7 * self.onset
        return self.regime.profile == "continuous" or moved

    def policy_share(self, day: int) -> float:
        """Share of changes a policy may decide."""
        if "becomes_continuous" in self.regime.traits:
            return 0.75 * float(np.clip((day - 7 * self.onset + 1) / 56, 0, 1))
        return POLICY_SHARE[self.regime.profile]

    def is_missing(self, dimension: str, day: int, stratum: str = "all") -> bool:
        """Draw whether the separation is missing in one record of a day."""
        known = stratum if (dimension, stratum) in _CELL else STRATA[dimension][0]
        logit = self.logit[_CELL[dimension, known], day // 7]
        rate = 1 / (1 + np.exp(-logit - (self.effects[dimension][day] if dimension in self.effects else 0.0)))
        for move in self.regime.moves:
            if move.dimension == dimension and (not move.strata or known in move.strata):
                way = self.strength * np.clip((day - 7 * self.onset + 1) / max(7 * move.ramp_weeks, 1), 0, 1)
                rate += way * max(move.target - rate, 0)
        return bool(self.rng.random() < rate)

    def people(self, day: int) -> list[str]:
        """Return who works here that day, in any order; all leave at a turnover."""
        team = "new" if "turnover" in self.regime.traits and day >= 7 * self.onset else "person"
        return [f"{self.name}-{team}-{k}" for k in self.rng.permutation(_PEOPLE).tolist()]

    def who_deploys(self, day: int, deployer: str) -> tuple[str | None, str]:
        """Return login and type of who deploys: somebody, a robot, or nobody the tool knows."""
        since = day - 7 * self.onset
        is_new = "turnover" in self.regime.traits and 0 <= since < 7 * _UNKNOWN_WEEKS
        if is_new and self.rng.random() < _UNKNOWN_PEOPLE:
            return None, "human"
        return ("release-robot", "bot") if self.rng.random() < _BY_ROBOT else (deployer, "human")

    def next(self, kind: str) -> str:
        self.serial += 1
        return f"{self.name}-{kind}-{self.serial}"

    def release(self, day: int, created: list[int], started: datetime, change_type: str) -> None:
        """One deployment with the changes it carries, each by the day it was created."""
        deployer, *others = self.people(day)
        who, kind = self.who_deploys(day, deployer)
        is_whole = "episodic" in self.regime.traits and bool(self.rng.random() < _WHOLE_RELEASE)
        count = len(created)
        cut = started - timedelta(minutes=40)
        told = _Release(
            day=day,
            cut=cut,
            started=started,
            change_type=change_type,
            deployer=who,
            deployer_type=kind,
            others=others,
            is_bulk=count >= 2 and self.is_missing("batch", day),
            is_whole=is_whole,
        )
        changes = [self.change(told, born, place) for place, born in enumerate(created)]
        has_record = not (is_whole or self.is_missing("release_record", day))
        release = self.next("release") if count >= 2 and has_record else None
        if release:
            self.story.add("release", release, service=self.name, version=None, cut_at=cut)
        key = self.next("deployment")
        self.story.add(
            "deployment",
            key,
            service=self.name,
            team=self.name,
            environment="production",
            status="success",
            started_at=started,
            finished_at=started + timedelta(minutes=5),
            deployed_by=who,
            deployed_by_type=kind,
            release_key=release,
            plan="Plan with owners and steps." if has_record and not release else None,
        )
        for change in changes:
            self.story.add(
                "link",
                f"{key}|{change.key}",
                from_kind="deployment",
                from_key=key,
                relation="carries",
                to_kind="change",
                to_key=change.key,
            )
        gate = self.gate(key, told) if any(change.is_at_gate for change in changes) else None
        self.comments("release_agenda", "deployment", key, started + timedelta(minutes=1), count, is_whole=is_whole)
        self.story.mark(self.name, "release_record", "all", started, not has_record)
        # Without a release of its own, the cut is when the last change was merged.
        self.judge(changes, told, gate, cut if release else cut - timedelta(minutes=1))

    def change(self, release: _Release, born: int, place: int) -> _Change:
        """One change: described or not, approved in time, late, by the gate only, or never."""
        day, kind = release.day, release.change_type
        share = np.array([0.5, 0.3, 0.2]) + self.ramp[born] * np.array([-0.25, 0.1, 0.15])
        change = _Change(self.next("change"), kind, str(self.rng.choice(_RISKS, p=share)))
        skipped = self.is_missing("order", day, kind)
        at_gate = not skipped and (release.is_whole or self.is_missing("act", day, kind))
        never = skipped and (release.is_whole or bool(self.rng.random() < _NEVER_APPROVED))
        change.is_at_gate, change.is_late = at_gate, skipped
        plain = (never or at_gate) and (release.is_whole or self.is_missing("change_record", day, kind))
        change.has_description = not plain
        opened = datetime.combine(START + timedelta(days=born), time(8), UTC)
        requested = opened + timedelta(minutes=float(self.rng.uniform(0, 120)))
        if not never and not at_gate:
            self.decide(change, release, born, requested, place)
        self.story.add(
            "change",
            change.key,
            record_type="change_request",
            title=f"Change {change.key}",
            change_type=kind,
            risk=change.risk,
            description="What is changed, and why." if change.has_description else None,
            service=self.name,
            team=self.name,
            requested_by=release.others[-1],
            requested_by_type="human",
            created_at=requested - timedelta(hours=1),
            requested_at=requested,
            merged_at=release.cut - timedelta(minutes=1),
            state="closed",
            closed_at=release.started + timedelta(hours=1),
        )
        said = requested + timedelta(minutes=2)
        whole = release.is_whole
        change.has_comment = self.comments("governance_agenda", "change", change.key, said, 1, is_whole=whole) > 0
        return change

    def decide(self, change: _Change, release: _Release, born: int, requested: datetime, place: int) -> None:
        """Approve a change: late, in a batch, by a policy, bare, or as it should be; the source may lose it."""
        is_normal = change.change_type == "normal"
        in_batch = release.is_bulk and not change.is_late
        is_usual = is_normal and not change.is_late and not in_batch
        is_bare = is_usual and self.is_missing("bare_decision", born, change.risk)
        by_policy = is_usual and (is_bare or change.risk == "low") and self.rng.random() < self.policy_share(born)
        approver = self.approver(change, release, in_batch=in_batch)
        at = requested + timedelta(minutes=5)
        if change.is_late:
            at = release.started + timedelta(days=1, seconds=20 * place)
        elif in_batch:
            at = release.cut + timedelta(seconds=30 + 5 * place)
        elif is_bare or by_policy:
            at = requested + timedelta(seconds=90)
        if self.rng.random() >= self.kept[born]:
            return
        change.approved_at, change.approver = at, None if by_policy else approver
        self.story.add(
            "decision",
            self.next("decision"),
            change_key=change.key,
            decided_at=at,
            decided_by=change.approver,
            decided_by_type="bot" if by_policy else "human",
            verdict="approved",
            comment=None if is_bare or by_policy else _NEUTRAL,
            policy=_POLICY if by_policy else None,
        )
        if is_normal and not (by_policy and change.risk == "low"):
            self.story.mark(self.name, "bare_decision", f"normal {change.risk}", at, is_bare)

    def approver(self, change: _Change, release: _Release, *, in_batch: bool) -> str:
        """Return who approves: whoever deploys where owners are the same, else one of three others."""
        if change.is_late or in_batch:
            return release.others[0]
        is_same = release.deployer_type == "human" and self.is_missing("owners", release.day, change.change_type)
        return release.deployer if is_same and release.deployer else release.others[1 + int(self.rng.integers(0, 3))]

    def gate(self, deployment: str, release: _Release) -> str | None:
        """Return who let the deployment go in the pipeline, in the act that set it going; none if that was lost."""
        is_same = release.is_whole or self.is_missing("owners", release.day, release.change_type)
        who = release.deployer if is_same and release.deployer_type == "human" else None
        if self.rng.random() >= self.kept[release.day]:
            return None
        who = who or release.others[2]
        self.story.add(
            "decision",
            self.next("decision"),
            deployment_key=deployment,
            decided_at=release.started - timedelta(seconds=20),
            decided_by=who,
            decided_by_type="human",
            verdict="approved",
            comment=_NEUTRAL,
        )
        return who

    def comments(self, dimension: str, kind: str, key: str, at: datetime, count: int, *, is_whole: bool) -> int:
        """Comment on a record; returns how many comments were about the record's own process."""
        own, other = (_RISK, _LOGISTICS) if dimension == "governance_agenda" else (_LOGISTICS, _RISK)
        day, own_topic = (at.date() - START).days, 0
        for place in range(int(self.rng.binomial(count, _ITEM_SHARE))):
            misplaced = is_whole or self.is_missing(dimension, day)
            when = at + timedelta(seconds=place)
            self.story.add(
                "event",
                self.next("event"),
                subject_kind=kind,
                subject_key=key,
                occurred_at=when,
                actor=f"{self.name}-person-0",
                actor_type="human",
                verb="commented",
                text=str(self.rng.choice(other if misplaced else own)),
            )
            self.story.mark(self.name, dimension, "all", when, misplaced)
            own_topic += not misplaced
        return own_topic

    def judge(self, changes: list[_Change], release: _Release, gate: str | None, cut: datetime) -> None:
        """Say what the marks of a deployment's changes must be, from what was decided when by whom."""
        started, after_cut = release.started, dict[str, int]()
        for change in changes:
            if change.approved_at and change.approver and cut < change.approved_at <= cut + timedelta(minutes=15):
                after_cut[change.approver] = after_cut.get(change.approver, 0) + 1
        is_batch = 2 * max(after_cut.values(), default=0) >= len(changes)
        for change in changes:
            in_time = change.approved_at is not None and change.approved_at <= started
            decider = change.approver if in_time else gate
            if decider is not None and release.deployer is not None and release.deployer_type == "human":
                self.story.mark(self.name, "owners", change.change_type, started, decider == release.deployer)
            if in_time or gate is not None:
                self.story.mark(self.name, "act", change.change_type, started, not in_time)
            no_record = not (change.has_description or change.has_comment or change.approved_at)
            self.story.mark(self.name, "change_record", change.change_type, started, no_record)
            self.story.mark(self.name, "order", change.change_type, started, not in_time and gate is None)
            if len(changes) >= 2:
                self.story.mark(self.name, "batch", change.change_type, started, is_batch)
