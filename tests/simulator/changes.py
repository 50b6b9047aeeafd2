"""Single changes of simulated teams: when each is asked for, decided and deployed, by whom, and what is missing.

Everything that is judged comes from these: the records that the product imports (``records``) and the marks that the
large tables draw (``marks``) tell the same changes, so what holds for the one holds for the other. Owns what can be
missing at once: a change that nobody approved has no approver to compare. Refuses to know fields of records.

People of a team are numbered; the deployer's number is drawn, the others follow from it. Instants are seconds since
the first Monday. Which changes mean which mark is said in ``marks``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.simulator.life import POLICY_SHARE, Floats, Life, live, progress
from tests.simulator.regimes import CELLS, Regime

BLOCK = 40  # teams that are drawn together; a larger cohort is several blocks
SHARING = 20  # teams on a source that loses decisions
PEOPLE, NOBODY, ROBOT, POLICY = 6, -1, -2, -3
NEVER = -1
RISKS = ("low", "medium", "high")
TYPES = ("normal", "emergency")
DAY = 86_400
_RELEASE_HOUR, _EMERGENCY_HOUR, _GATE_HOUR = 14, 11, 15
_CUT_BEFORE = 40 * 60
MERGED_BEFORE_CUT = 60
_RISK_SHARE, _RISK_SHIFT = np.array([0.5, 0.3, 0.2]), np.array([-0.25, 0.1, 0.15])
_ITEM_SHARE = 0.5
_NEVER_APPROVED = 0.6  # of the changes that bypass approval; the others are approved a day later
_BY_ROBOT = 0.12
_WHOLE_RELEASE = 0.05
_UNKNOWN_PEOPLE, _UNKNOWN_WEEKS = 0.4, 8
_CELL = {cell: place for place, cell in enumerate(CELLS)}

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Deployments:
    """One element per deployment.

    Attributes:
        deployer: Number of the person, ``ROBOT``, or ``NOBODY`` the tool knows.
        gate_by: Who let it go in the pipeline, in the act that set it going; ``NOBODY`` without a gate, or if lost.
        size: Changes it carries.
        has_record: Whether the release is recorded apart from its changes.
    """

    team: Ints
    day: Ints
    started: Ints
    deployer: Ints
    gate_by: Ints
    size: Ints
    has_record: Flags

    @property
    def cut(self) -> Ints:
        """When the release was cut."""
        return self.started - _CUT_BEFORE


@dataclass(frozen=True)
class Changes:
    """One element per change, in the order of their deployments.

    Attributes:
        kind: Place in ``TYPES``.
        risk: Place in ``RISKS``.
        deployment: Place in ``Deployments``.
        approved: When its own approval was given; ``NEVER`` if it was not, or if the source lost it.
        approver: Number of the person, ``POLICY``, or ``NOBODY``.
        is_bare: Whether the approval has no words and took less than three minutes.
        is_described: Whether the change says what and why.
    """

    team: Ints
    born: Ints
    day: Ints
    kind: Ints
    risk: Ints
    deployment: Ints
    requested: Ints
    approved: Ints
    approver: Ints
    is_bare: Flags
    is_described: Flags


@dataclass(frozen=True)
class Comments:
    """One element per comment on a change or a deployment; ``is_misplaced``: about the other process."""

    of: Ints
    at: Ints
    is_misplaced: Flags


@dataclass(frozen=True)
class Block:
    """Some teams of one regime: what they did; ``share`` of them in a row share a source."""

    regime: Regime
    volume: int
    strength: float
    first: int
    share: int
    onset: Ints
    days: int
    changes: Changes
    deployments: Deployments
    on_changes: Comments
    on_deployments: Comments

    @property
    def names(self) -> list[str]:
        """Names of the teams."""
        base = f"{self.regime.name.replace('_', '-')}-{self.volume}-{100 * self.strength:.0f}"
        return [f"{base}-{self.first + place:04d}" for place in range(len(self.onset))]

    @property
    def sources(self) -> list[str]:
        """Source of each team."""
        names = self.names
        return [f"source-of-{names[place // self.share * self.share]}" for place in range(len(names))]


def blocks_of(teams: int, first: int = 0) -> list[tuple[int, int]]:
    """Return (first team, teams) of the blocks that hold so many teams."""
    return [(begin, min(BLOCK, first + teams - begin)) for begin in range(first, first + teams, BLOCK)]


def draw_block(
    regime: Regime,
    volume: int,
    teams: int,
    seed: int,
    strength: float,
    weeks: int,
    first: int,
    sharing: int | None = None,
) -> Block:
    """Let so many teams live and draw what they do; the same arguments give the same changes.

    ``sharing``: so many teams share a source. By default a block does; where the source loses decisions fewer do, as
    they share the day on which that begins.
    """
    rng = np.random.default_rng([seed, volume, round(100 * strength), first, *regime.name.encode()])
    share = sharing or (SHARING if regime.is_faulty else BLOCK)
    life = live(rng, regime, volume, teams, weeks, sharing=share if regime.is_faulty else 1)
    return _Drawing(rng, regime, strength, life).block(volume, first, share)


class _Drawing:
    """Draws what single changes of some teams are like, from the rates of their lives."""

    def __init__(self, rng: np.random.Generator, regime: Regime, strength: float, life: Life) -> None:
        self.rng, self.regime, self.strength, self.life = rng, regime, strength, life
        self.rates = life.rates(rng, regime, strength)
        moved = ("becomes_continuous" in regime.traits) & (progress(life.onset, life.days, 0) > 0)
        self.is_continuous = moved | (regime.profile == "continuous")

    def block(self, volume: int, first: int, share: int) -> Block:
        """Draw everything."""
        team, born, day, kind = self.created()
        is_single = self.is_continuous[team, day] | (kind == 1)
        whole, all_at_gate = self.whole(team, day, is_single)
        skipped = self.missing("order", team, day, kind)
        at_gate = ~skipped & self.missing("act", team, day, kind)
        skipped, at_gate = np.where(whole, ~all_at_gate, skipped), np.where(whole, all_at_gate, at_gate)
        never = skipped & (whole | (self.chance(len(team)) < _NEVER_APPROVED))
        order, deployment = _deployed_together(team, day, kind, is_single, whole, at_gate)
        team, born, day, kind, is_single, whole, skipped, at_gate, never = (
            values[order] for values in (team, born, day, kind, is_single, whole, skipped, at_gate, never)
        )
        deployments = self.deployments(deployment, team, day, kind, is_single, whole, at_gate)
        is_plain = (never | at_gate) & (whole | self.is_plain(team, day, kind))
        changes = self.changes(
            deployments, deployment, team, born, day, kind, is_plain, skipped & ~never, ~never & ~at_gate
        )
        count = (self.chance(len(team)) < _ITEM_SHARE) & (~is_plain | whole)
        on_changes = self.comments("governance_agenda", count.astype(np.int64), changes.requested + 120, team, whole)
        count = self.rng.binomial(deployments.size, _ITEM_SHARE)
        is_whole = np.zeros(len(deployments.team), dtype=bool)
        is_whole[deployment] = whole
        at = deployments.started + 60
        on_deployments = self.comments("release_agenda", count, at, deployments.team, is_whole)
        life = self.life
        return Block(
            self.regime,
            volume,
            self.strength,
            first,
            share,
            life.onset,
            life.days,
            changes,
            deployments,
            on_changes,
            on_deployments,
        )

    def chance(self, count: int) -> Floats:
        return self.rng.random(count)

    def rate(self, dimension: str, team: Ints, day: Ints, stratum: Ints | None = None) -> Floats:
        """Return the rate of each record; ``stratum`` is its place among the dimension's."""
        first = min(place for (name, _), place in _CELL.items() if name == dimension)
        day = np.minimum(day, self.life.days - 1)
        return self.rates[team, first + (0 if stratum is None else stratum), day]

    def missing(self, dimension: str, team: Ints, day: Ints, stratum: Ints | None = None) -> Flags:
        """Draw whether the separation is missing in each record."""
        return self.chance(len(team)) < self.rate(dimension, team, day, stratum)

    def created(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Return team, day of creation, day of release and type of every change that is released."""
        parts = []
        for kind, counts in enumerate((self.life.created_normal, self.life.created_emergency)):
            team, born = (np.repeat(place, counts[counts > 0]) for place in np.nonzero(counts))
            day = born if kind else self.life.release_day[team, born]
            told = day < self.life.days
            parts.append([values[told] for values in (team, born, day, np.full(len(team), kind))])
        team, born, day, kind = (np.concatenate(values).astype(np.int64) for values in zip(*parts, strict=True))
        return team, born, day, kind

    def whole(self, team: Ints, day: Ints, is_single: Flags) -> tuple[Flags, Flags]:
        """Draw the releases without any separation: those nobody approved, and those let go by whoever deploys."""
        if "episodic" not in self.regime.traits:
            return np.zeros(len(team), dtype=bool), np.zeros(len(team), dtype=bool)
        shape = (len(self.life.onset), self.life.days)
        chance = np.where(is_single, self.chance(len(team)), self.rng.random(shape)[team, day])
        return chance < _WHOLE_RELEASE, chance < _WHOLE_RELEASE / 2

    def is_plain(self, team: Ints, day: Ints, kind: Ints) -> Flags:
        """Draw which changes have no record of their own.

        Only a change without a decision of its own can have none, so among these they are drawn at such odds that
        their share of all changes is the dimension's rate.
        """
        skipped = self.rate("order", team, day, kind)
        possible = skipped * _NEVER_APPROVED + (1 - skipped) * self.rate("act", team, day, kind)
        rate = self.rate("change_record", team, day, kind) / np.maximum(possible, 1e-9)
        return self.chance(len(team)) < rate

    def deployments(
        self, deployment: Ints, team: Ints, day: Ints, kind: Ints, is_single: Flags, whole: Flags, at_gate: Flags
    ) -> Deployments:
        """Draw who deploys what when, and who lets it go in the pipeline."""
        size = np.bincount(deployment)
        lead = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else np.zeros(0, dtype=np.int64)
        team, day, kind, is_single, whole, at_gate = (
            values[lead] for values in (team, day, kind, is_single, whole, at_gate)
        )
        deployer = self.rng.integers(0, PEOPLE, len(size))
        robot = self.chance(len(size)) < _BY_ROBOT
        since = day - 7 * self.life.onset[team]
        is_new = ("turnover" in self.regime.traits) & (since >= 0) & (since < 7 * _UNKNOWN_WEEKS)
        unknown = is_new & (self.chance(len(size)) < _UNKNOWN_PEOPLE)
        who = np.where(unknown, NOBODY, np.where(robot, ROBOT, deployer))
        is_same = (whole | self.missing("owners", team, day, kind)) & (who >= 0)
        arrives = self.chance(len(size)) < self.life.kept[team, day]
        lead = lead_of(who, team)
        gate_by = np.where(at_gate & arrives, np.where(is_same, lead, (lead + 3) % PEOPLE), NOBODY)
        has_record = ~(whole | self.missing("release_record", team, day))
        started = _starts(team, day, kind, is_single, at_gate)
        return Deployments(team, day, started, who, gate_by, size, has_record)

    def changes(
        self,
        deployments: Deployments,
        deployment: Ints,
        team: Ints,
        born: Ints,
        day: Ints,
        kind: Ints,
        is_plain: Flags,
        late: Flags,
        approved: Flags,
    ) -> Changes:
        """Draw how each change is approved: late, in a batch, by a policy, bare, or as it should be."""
        count, life = len(team), self.life
        started, who = deployments.started[deployment], deployments.deployer[deployment]
        mixing = (
            progress(life.onset, life.days, 4)[team, born] if "mix_shift" in self.regime.traits else np.zeros(count)
        )
        edges = np.cumsum(_RISK_SHARE[None, :] + mixing[:, None] * _RISK_SHIFT[None, :], axis=1)
        risk = (self.chance(count)[:, None] > edges[:, :2]).sum(axis=1)
        is_bulk = (deployments.size >= 2) & self.missing("batch", deployments.team, deployments.day)
        in_bulk = is_bulk[deployment] & approved & ~late & (kind == 0)
        usual = approved & ~late & (kind == 0)
        bare = usual & self.missing("bare_decision", team, np.where(in_bulk, day, born), risk)
        share = np.full((len(life.onset), life.days), POLICY_SHARE[self.regime.profile])
        if "becomes_continuous" in self.regime.traits:
            share = 0.75 * progress(life.onset, life.days, 8)
        policy = usual & ~in_bulk & (bare | (risk == 0)) & (self.chance(count) < share[team, born])
        is_same = self.missing("owners", team, day, kind) & (who >= 0)
        lead = lead_of(who, team)
        other = (lead + np.where(late | in_bulk, 1, 2 + self.rng.integers(0, 3, count))) % PEOPLE
        approver = np.where(policy, POLICY, np.where(is_same & ~late, lead, other))
        place = np.arange(count) - np.concatenate([[0], np.cumsum(deployments.size)])[deployment]
        requested = born * DAY + 8 * 3600 + (7200 * self.chance(count)).astype(np.int64)
        at = requested + np.where(bare | policy, 90, 300)
        spacing = np.minimum(5, 600 // np.maximum(deployments.size[deployment], 1))
        at = np.where(in_bulk, started - _CUT_BEFORE + 30 + spacing * place, at)
        at = np.where(late, started + DAY + 20 * place, at)
        # Asked for just before, else the time since the request says that somebody may have looked.
        requested = np.where(in_bulk & bare, at - 90, requested)
        arrives = self.chance(count) < life.kept[team, np.minimum(at // DAY, life.days - 1)]
        known = approved & arrives
        return Changes(
            team=team,
            born=born,
            day=day,
            kind=kind,
            risk=risk,
            deployment=deployment,
            requested=requested,
            approved=np.where(known, at, NEVER),
            approver=np.where(known, approver, NOBODY),
            is_bare=bare & known,
            is_described=~is_plain,
        )

    def comments(self, dimension: str, count: Ints, at: Ints, team: Ints, whole: Flags) -> Comments:
        """Draw what is said of each record, a second apart."""
        of = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(of)) - np.repeat(np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        when = at[of] + place
        return Comments(of, when, whole[of] | self.missing(dimension, team[of], when // DAY))


def lead_of(deployer: Ints, team: Ints) -> Ints:
    """Return the person from whose number the others' follow: who deploys, else the same one always."""
    return np.where(deployer >= 0, deployer, team % PEOPLE)


def _deployed_together(
    team: Ints, day: Ints, kind: Ints, is_single: Flags, whole: Flags, at_gate: Flags
) -> tuple[Ints, Ints]:
    """Return the order of changes by deployment, and each one's deployment.

    A day's normal changes go together. What is let go in the pipeline goes alone, for a gate vouches for everything
    that it lets through; only where all separation is gone the gate lets a whole release through.
    """
    alone = is_single | (at_gate & ~whole)
    own = np.where(alone, np.arange(1, len(team) + 1), 0)
    order = np.lexsort((own, alone, kind, day, team))
    keys = np.stack([values[order] for values in (team, day, kind, own)])
    is_next = np.ones(len(team), dtype=np.int64)
    is_next[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return order, np.cumsum(is_next) - 1


def _starts(team: Ints, day: Ints, kind: Ints, is_single: Flags, at_gate: Flags) -> Ints:
    """Return when deployments start: a day's main one, then those on their own one after the other."""
    group = np.where(kind == 1, 0, np.where(is_single, 1, np.where(at_gate, 2, 3)))
    hour = np.array([_EMERGENCY_HOUR, _RELEASE_HOUR, _GATE_HOUR, _RELEASE_HOUR])[group]
    key = (team * (int(day.max(initial=0)) + 1) + day) * 4 + group
    _, code, counts = np.unique(key, return_inverse=True, return_counts=True)
    order = np.argsort(code, kind="stable")
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.arange(len(key)) - np.repeat(np.cumsum(counts) - counts, counts)
    apart = np.minimum(np.array([660, 420, 120, 0])[group], 8 * 3600 // np.maximum(counts[code], 1))
    return day * DAY + hour * 3600 + place * apart
