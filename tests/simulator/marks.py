"""Marks of simulated teams: how often, per day, the separation that should be visible is not.

Owns applicability and how the lives of teams become counts. What happens to teams is in ``life``, the truth of what
moves in ``regimes``. Arrays are (team, cell, day), a cell being one stratum of one
dimension, in the order of ``regimes.CELLS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.simulator import faults
from tests.simulator.life import POLICY_SHARE, START, WITHIN_RELEASE_SD, Counts, Floats, live, progress
from tests.simulator.regimes import CELLS, STRATA, WEEKS, Regime

FELLOW_TEAMS = 4
APPLICABLE = {"owners": 0.85, "act": 0.95, "change_record": 1.0, "order": 1.0, "bare_decision": 0.9}
ITEMS_PER_CHANGE = {"governance_agenda": 0.50, "release_agenda": 0.50}


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
        """Return changes and decisions per source, team and week; every team shares its source with fellow teams."""
        weeks = [START + timedelta(weeks=week) for week in range(self.changes.shape[1])]
        own = _activity_rows(self.names, self.names, weeks, self.changes, self.decisions)
        if not self.fellow_changes.shape[1]:
            return own
        fellows = [
            _activity_rows(
                self.names,
                tuple(f"{name}/fellow-{k}" for name in self.names),
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
            "source": np.repeat([f"source of {name}" for name in sources], len(weeks)),
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
    fellows: int = FELLOW_TEAMS,
) -> Cohort:
    """Simulate teams of one regime.

    Args:
        regime: What moves.
        volume: Changes a month, on average; teams differ.
        teams: How many teams.
        seed: Same seed, same marks.
        strength: 1 moves rates all the way to the regime's targets, 0.5 half of it.
        weeks: Length of the history.
        fellows: Teams that share each team's source and are not in the regime.
    """
    rng = np.random.default_rng([seed, volume, round(100 * strength), *regime.name.encode()])
    life = live(rng, regime, volume, teams, weeks)
    onset, released, emergency = life.onset, life.released, life.created_emergency
    n = _mark_counts(rng, regime, released, emergency, onset)
    x = _missing_counts(rng, regime, strength, life.logit, n, released, onset)
    if "decisions_follow_order" in regime.traits:
        faults.undecided(rng, n, x)
    faults.forget(rng, regime, n, x, released, emergency, life.lost_normal, life.lost_emergency)
    changes, decisions = faults.decisions(rng, regime, n, x, life.created_normal + emergency, life.kept)
    fellow_mean = np.maximum(volume * 12 / 52 * np.exp(rng.normal(0, 0.5, (teams, fellows, 1))), 1)
    fellow_changes = rng.poisson(np.broadcast_to(fellow_mean, (teams, fellows, weeks)))
    kept_week = life.kept.reshape(teams, weeks, 7).mean(axis=2)[:, None, :]
    fellow_decisions = rng.binomial(fellow_changes + rng.poisson(0.4 * fellow_changes), 0.93 * kept_week)
    return Cohort(
        regime=regime,
        strength=strength,
        volume=volume,
        names=tuple(f"{regime.name}-{volume}-{100 * strength:.0f}-{k:04d}" for k in range(teams)),
        onset_weeks=onset,
        n=n.astype(np.int32),
        x=x.astype(np.int32),
        changes=changes.astype(np.int32),
        decisions=decisions.astype(np.int32),
        fellow_changes=fellow_changes.astype(np.int32),
        fellow_decisions=fellow_decisions.astype(np.int32),
        gap_hours=_gaps(rng, regime, strength, teams, weeks, onset),
    )


def _mark_counts(
    rng: np.random.Generator, regime: Regime, released: Counts, emergency: Counts, onset: npt.NDArray[np.int64]
) -> Counts:
    teams, days = released.shape
    policy = np.full((teams, days), POLICY_SHARE[regime.profile])
    if "becomes_continuous" in regime.traits:
        policy = 0.75 * progress(onset, days, 8)
    known = np.full((teams, days), 1.0)
    if "turnover" in regime.traits:
        since = np.arange(days)[None, :] - 7 * onset[:, None]
        known = np.where((since >= 0) & (since < 56), 0.6, 1.0)
    risks = np.array([0.5, 0.3, 0.2])
    shift = progress(onset, days, 4) if "mix_shift" in regime.traits else np.zeros((teams, days))
    n = np.zeros((teams, len(CELLS), days), dtype=np.int64)
    by_policy = rng.binomial(released, policy)
    by_people = released - by_policy
    single = regime.profile == "continuous"
    for cell, (dimension, stratum) in enumerate(CELLS):
        if dimension == "release_record":
            deployments = released if single else (released > 0).astype(np.int64)
            n[:, cell] = deployments + emergency
        elif dimension == "batch":
            after_move = (progress(onset, days, 0) > 0) & ("becomes_continuous" in regime.traits)
            n[:, cell] = np.where((released >= 2) & ~after_move & (not single), released, 0)
        elif dimension == "bare_decision":
            k = ("low", "medium", "high").index(stratum)
            share = risks[k] + shift * np.array([-0.25, 0.1, 0.15])[k]
            people = rng.binomial(by_people, share * APPLICABLE[dimension])
            # A policy's decision is judged only where the risk could be above what the policy covers.
            n[:, cell] = people + (rng.binomial(by_policy, share * APPLICABLE[dimension]) if stratum != "low" else 0)
        elif dimension.endswith("_agenda"):
            n[:, cell] = rng.poisson(ITEMS_PER_CHANGE[dimension] * released)
        else:
            applicable = APPLICABLE[dimension] * (known if dimension == "owners" else 1.0)
            pool = emergency if stratum == "emergency" else (by_people if dimension == "owners" else released)
            n[:, cell] = rng.binomial(pool, applicable)
    return n


def _missing_counts(
    rng: np.random.Generator,
    regime: Regime,
    strength: float,
    logit: Floats,
    n: Counts,
    released: Counts,
    onset: npt.NDArray[np.int64],
) -> Counts:
    teams, _, days = n.shape
    x = np.zeros_like(n)
    whole_release = np.zeros((teams, days), dtype=bool)
    if "episodic" in regime.traits:
        whole_release = (released > 0) & (rng.random((teams, days)) < 0.05)
    release_effect = {dimension: rng.normal(0, sd, (teams, days)) for dimension, sd in WITHIN_RELEASE_SD.items()}
    for cell, (dimension, stratum) in enumerate(CELLS):
        eta = np.repeat(logit[:, cell], 7, axis=1) + release_effect.get(dimension, 0.0)
        rate = 1 / (1 + np.exp(-eta))
        for move in regime.moves:
            if move.dimension == dimension and (not move.strata or stratum in move.strata):
                way = strength * progress(onset, days, move.ramp_weeks)
                rate = rate + way * np.maximum(move.target - rate, 0)
        rate = np.where(whole_release, 1.0, rate)
        if dimension == "batch":
            # One approver working through a list marks every change of that release alike.
            x[:, cell] = n[:, cell] * (rng.random((teams, days)) < rate)
        else:
            x[:, cell] = rng.binomial(n[:, cell], rate)
    return x


def _gaps(
    rng: np.random.Generator, regime: Regime, strength: float, teams: int, weeks: int, onset: npt.NDArray[np.int64]
) -> Floats:
    """Return the median hours from decision to deployment per team and week, which a naive alarm would watch."""
    typical = np.log(1.5 if regime.profile == "continuous" else 30.0) + rng.normal(0, 0.6, (teams, 1))
    week = np.arange(weeks)
    way = np.clip((week[None, :] - onset[:, None] + 1) / max(regime.ramp_weeks, 1), 0, 1)
    fall = np.log(20.0) if "becomes_continuous" in regime.traits else np.log(6.0) * strength
    if "gap_shrinks" not in regime.traits:
        fall = 0.0
    return np.exp(typical - fall * way + rng.normal(0, 0.35, (teams, weeks)))
