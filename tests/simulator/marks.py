"""Marks and activity of simulated teams: what the product must make of the records of their changes.

The changes are those of ``changes``, the same that ``records`` tells, so a table drawn from these marks holds for the
product wherever the product makes the same of the records; a test compares them mark for mark. Owns what each change
means, said a second time and not from the SQL. Arrays are (team, cell, day), a cell being one stratum of one dimension,
in the order of ``regimes.CELLS``.

- *owners*: who decided, the approval in time else the gate, against who deployed; no mark where either is no known
  person.
- *act*: no approval of its own in time, but a gate; no mark where there is neither.
- *change record*: no description, no approval and no comment about the change.
- *release record*: a deployment without plan or release.
- *order*: neither an approval before the start nor a gate. A decision that the source lost looks the same.
- *batch*: half of the release or more approved by one login within 15 minutes after the cut.
- *bare decision*: an approval without words in under three minutes, or by a policy above low risk.
- *agendas*: comments on the change, or on the deployment, that are about the other process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.simulator.changes import DAY, NOBODY, PEOPLE, POLICY, Block, Ints, blocks_of, draw_block
from tests.simulator.life import START, Counts, Floats
from tests.simulator.regimes import CELLS, STRATA, WEEKS, Regime

FELLOWS = 4  # for each team that bypasses approval, so many on its source go on as before
_FELLOWS_DECIDE = 0.93
_AFTER_CUT = 15 * 60
_CUT_OF_MERGE = 60
_CELL = {cell: place for place, cell in enumerate(CELLS)}
_FIRST = {name: min(place for (of, _), place in _CELL.items() if of == name) for name in STRATA}


@dataclass(frozen=True)
class Cohort:
    """Teams of one regime at one volume: their marks, what their sources show, and the gap to the deployment."""

    regime: Regime
    strength: float
    volume: int
    names: tuple[str, ...]
    onset_weeks: npt.NDArray[np.int64]
    n: Counts
    x: Counts
    changes: Counts
    decisions: Counts
    sources: tuple[str, ...]
    fellow_changes: Counts
    fellow_decisions: Counts
    gap_hours: Floats

    @property
    def first_monday(self) -> date:
        """First day of the history."""
        return START

    def marks(self) -> pd.DataFrame:
        """Return one row per team, dimension, stratum and day with marks: the table the drift model reads."""
        team, cell, day = np.nonzero(self.n)
        start = np.datetime64(START)
        return pd.DataFrame(
            {
                "team": pd.Categorical.from_codes(team, list(self.names)),
                "dimension": pd.Categorical.from_codes(
                    np.array([list(STRATA).index(dimension) for dimension, _ in CELLS])[cell], list(STRATA)
                ),
                "stratum": np.array([stratum for _, stratum in CELLS])[cell],
                "day": start + day.astype("timedelta64[D]"),
                "n": self.n[team, cell, day],
                "x": self.x[team, cell, day],
            }
        )

    def activity(self) -> pd.DataFrame:
        """Return changes and decisions per source, team and week, those of fellow teams on the sources included."""
        weeks = [START + timedelta(weeks=week) for week in range(self.changes.shape[1])]
        own = _activity_rows(self.sources, self.names, weeks, self.changes, self.decisions)
        if not self.fellow_changes.shape[1]:
            return own
        fellows = [
            _activity_rows(
                self.sources,
                tuple(fellow_name(name, k) for name in self.names),
                weeks,
                self.fellow_changes[:, k],
                self.fellow_decisions[:, k],
            )
            for k in range(self.fellow_changes.shape[1])
        ]
        return pd.concat([own, *fellows], ignore_index=True)


def _activity_rows(
    sources: tuple[str, ...], teams: tuple[str, ...], weeks: list[date], changes: Counts, decisions: Counts
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": np.repeat(list(sources), len(weeks)),
            "team": np.repeat(list(teams), len(weeks)),
            "week": np.tile(np.array(weeks, dtype="datetime64[s]"), len(teams)),
            "changes": changes.reshape(-1),
            "decisions": decisions.reshape(-1),
        }
    )


def simulate(
    regime: Regime,
    volume: int,
    teams: int,
    seed: int,
    *,
    strength: float = 1.0,
    weeks: int = WEEKS,
    sharing: int | None = None,
    first: int = 0,
) -> Cohort:
    """Simulate teams of one regime.

    Args:
        regime: What moves.
        volume: Changes a month, on average; teams differ.
        teams: How many teams.
        seed: Same seed, same marks.
        strength: 1 moves rates all the way to the regime's targets, 0.5 half of it.
        weeks: Length of the history.
        sharing: How many teams of the regime share a source (see ``draw_block``); where approvals are bypassed, teams
            that go on as before are on it too, unless every team is alone.
        first: Number of the first team.
    """
    drawn = [
        draw_block(regime, volume, count, seed, strength, weeks, begin, sharing)
        for begin, count in blocks_of(teams, first)
    ]
    counts = [block_counts(block) for block in drawn]
    acts = [block_activity(block) for block in drawn]
    beside = [block_fellows(block, seed) for block in drawn]
    gaps = [_gaps(np.random.default_rng([seed, block.first]), block, strength) for block in drawn]
    return Cohort(
        regime=regime,
        strength=strength,
        volume=volume,
        names=tuple(name for block in drawn for name in block.names),
        onset_weeks=np.concatenate([block.onset for block in drawn]),
        n=np.concatenate([n for n, _ in counts]),
        x=np.concatenate([x for _, x in counts]),
        changes=np.concatenate([changes for changes, _ in acts]),
        decisions=np.concatenate([decisions for _, decisions in acts]),
        sources=tuple(source for block in drawn for source in block.sources),
        fellow_changes=np.concatenate([changes for changes, _ in beside]),
        fellow_decisions=np.concatenate([decisions for _, decisions in beside]),
        gap_hours=np.concatenate(gaps),
    )


def fellow_name(team: str, number: int) -> str:
    """Return the name of a team beside a team that bypasses approval, on the same source."""
    return f"{team}-fellow-{number}"


def block_counts(block: Block) -> tuple[Counts, Counts]:
    """Return marks, and marks without the separation, per team, cell and day."""
    shape = (len(block.onset), len(CELLS), block.days)
    n, x = (np.zeros(shape[0] * shape[1] * shape[2], dtype=np.int32) for _ in range(2))
    for cell, team, day, missing in _marks(block):
        known = day < block.days
        place = ((team * shape[1] + cell) * shape[2] + day)[known]
        n += np.bincount(place, minlength=len(n)).astype(np.int32)
        x += np.bincount(place[missing[known]], minlength=len(x)).astype(np.int32)
    return n.reshape(shape), x.reshape(shape)


def _marks(block: Block) -> Iterator[tuple[Ints, Ints, Ints, npt.NDArray[np.bool_]]]:
    """Yield cell, team, day and whether the separation is missing, of every mark."""
    made, by = block.changes, block.deployments
    place = made.deployment
    in_time = (made.approved >= 0) & (made.approved <= by.started[place])
    gate, deployer = by.gate_by[place], by.deployer[place]
    decider = np.where(in_time, made.approver, gate)

    def of(dimension: str, picked: npt.NDArray[np.bool_], missing: npt.NDArray[np.bool_]) -> tuple[Ints, ...]:
        stratum = made.kind if len(STRATA[dimension]) == len(STRATA["owners"]) else np.zeros_like(made.kind)
        return (_FIRST[dimension] + stratum)[picked], made.team[picked], made.day[picked], missing[picked]

    yield of("owners", (decider >= 0) & (deployer >= 0), decider == deployer)
    yield of("act", in_time | (gate != NOBODY), ~in_time)
    commented = np.zeros(len(place), dtype=bool)
    commented[block.on_changes.of[~block.on_changes.is_misplaced]] = True
    everything = np.ones(len(place), dtype=bool)
    yield of("change_record", everything, ~(made.is_described | commented | (made.approved >= 0)))
    yield of("order", everything, ~in_time & (gate == NOBODY))
    yield of("batch", by.size[place] >= 2, _in_batches(block)[place])
    bare = (made.approved >= 0) & (made.kind == 0) & ~((made.approver == POLICY) & (made.risk == 0))
    cell = _FIRST["bare_decision"] + made.risk
    yield cell[bare], made.team[bare], made.approved[bare] // DAY, made.is_bare[bare]
    yield np.full(len(by.team), _FIRST["release_record"]), by.team, by.day, ~by.has_record
    for dimension, said, team in (
        ("governance_agenda", block.on_changes, made.team),
        ("release_agenda", block.on_deployments, by.team),
    ):
        yield np.full(len(said.of), _FIRST[dimension]), team[said.of], said.at // DAY, said.is_misplaced


def _in_batches(block: Block) -> npt.NDArray[np.bool_]:
    """Return which deployments have half of their changes approved by one person right after the cut."""
    made, by = block.changes, block.deployments
    # Without a release of its own, the cut is when the last change was merged.
    cut = (by.cut - np.where(by.has_record, 0, _CUT_OF_MERGE))[made.deployment]
    late = (made.approved > cut) & (made.approved <= cut + _AFTER_CUT) & (made.approver >= 0)
    key = made.deployment[late] * PEOPLE + made.approver[late]
    most = np.bincount(key, minlength=len(by.team) * PEOPLE).reshape(-1, PEOPLE).max(axis=1, initial=0)
    return np.asarray(2 * most >= by.size)


def block_activity(block: Block) -> tuple[Counts, Counts]:
    """Return changes merged and decisions recorded per team and week; a gate decides each change that it lets go."""
    made, weeks = block.changes, block.days // 7
    approved = made.approved[made.approved >= 0]
    gated = block.deployments.gate_by[made.deployment] != NOBODY
    decided = np.concatenate([made.team[made.approved >= 0] * weeks + approved // (7 * DAY), made.team[gated] * weeks
        + made.day[gated] // 7])  # fmt: skip
    in_time = np.concatenate([approved < block.days * DAY, np.ones(int(gated.sum()), dtype=bool)])
    shape = len(block.onset), weeks
    changes = np.bincount(made.team * weeks + made.day // 7, minlength=shape[0] * weeks)
    decisions = np.bincount(decided[in_time], minlength=shape[0] * weeks)
    return changes.reshape(shape).astype(np.int32), decisions.reshape(shape).astype(np.int32)


def block_fellows(block: Block, seed: int) -> tuple[Counts, Counts]:
    """Return changes and decisions of the teams beside each team that bypasses approval, per team, fellow and week."""
    count = FELLOWS if "decisions_follow_order" in block.regime.traits and block.share > 1 else 0
    rng = np.random.default_rng([seed, block.volume, block.first, *b"fellows"])
    mean = np.maximum(block.volume * 12 / 52 * np.exp(rng.normal(0, 0.5, (len(block.onset), count, 1))), 1)
    changes = rng.poisson(np.broadcast_to(mean, (len(block.onset), count, block.days // 7)))
    return changes.astype(np.int32), rng.binomial(changes, _FELLOWS_DECIDE).astype(np.int32)


def _gaps(rng: np.random.Generator, block: Block, strength: float) -> Floats:
    """Return the median hours from decision to deployment per team and week, which a naive alarm would watch.

    Drawn on their own: of records they are no part, and no mark depends on them.
    """
    regime, teams, weeks = block.regime, len(block.onset), block.days // 7
    typical = np.log(1.5 if regime.profile == "continuous" else 30.0) + rng.normal(0, 0.6, (teams, 1))
    week = np.arange(weeks)
    way = np.clip((week[None, :] - block.onset[:, None] + 1) / max(regime.ramp_weeks, 1), 0, 1)
    fall = np.log(20.0) if "becomes_continuous" in regime.traits else np.log(6.0) * strength
    if "gap_shrinks" not in regime.traits:
        fall = 0.0
    return np.exp(typical - fall * way + rng.normal(0, 0.35, (teams, weeks)))
