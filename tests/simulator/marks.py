"""Marks of simulated teams: how often, per day, the separation that should be visible is not.

Owns how volumes, release days, applicability, between-team and between-week variation and source faults become
counts. The truth of what moves is in ``regimes``. Arrays are (team, cell, day), a cell being one stratum of one
dimension, in the order of ``regimes.CELLS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.simulator import faults
from tests.simulator.regimes import CELLS, ONSET_WEEK, STRATA, WEEKS, Regime

START = date(2024, 1, 1)  # a Monday
FELLOW_TEAMS = 4
CADENCES = ("daily", "thrice", "weekly", "fortnightly", "monthly")
CADENCE_SHARE = {20: (0.1, 0.15, 0.45, 0.2, 0.1), 100: (0.25, 0.2, 0.4, 0.1, 0.05), 500: (0.5, 0.25, 0.2, 0.05, 0.0)}
BASE_RATE = {
    "owners": 0.12,
    "act": 0.06,
    "change_record": 0.08,
    "release_record": 0.10,
    "order": 0.08,
    "batch": 0.15,
    "bare_decision": 0.15,
    "governance_agenda": 0.20,
    "release_agenda": 0.15,
}
BETWEEN_TEAMS_SD = 0.6
HIGHEST_BASE_RATE = 0.4
STRATUM_SHIFT = {
    ("owners", "emergency"): 1.0,
    ("act", "emergency"): 0.5,
    ("change_record", "emergency"): 0.7,
    ("order", "emergency"): 1.5,
    ("bare_decision", "low"): 0.7,
    ("bare_decision", "high"): -0.5,
}
WITHIN_RELEASE_SD = {
    "owners": 0.5,
    "act": 0.3,
    "order": 0.3,
    "change_record": 0.3,
    "governance_agenda": 0.3,
    "release_agenda": 0.3,
}
APPLICABLE = {"owners": 0.85, "act": 0.95, "change_record": 1.0, "order": 1.0, "bare_decision": 0.9}
POLICY_SHARE = {"classic": 0.0, "continuous": 0.7}
ITEMS_PER_CHANGE = {"governance_agenda": 0.50, "release_agenda": 0.50}

Counts = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


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
    onset = ONSET_WEEK + rng.integers(-3, 4, teams)
    created_normal, created_emergency = _created(rng, regime, volume, teams, weeks, onset)
    released, release_id = _released(rng, regime, volume, created_normal, onset)
    lost_normal, lost_emergency, decision_kept = faults.lost(
        rng, regime, created_normal, created_emergency, released, release_id, onset
    )
    logit = _logits(rng, regime, teams, weeks, onset)
    n = _mark_counts(rng, regime, released, created_emergency, onset)
    x = _missing_counts(rng, regime, strength, logit, n, released, onset)
    if "decisions_follow_order" in regime.traits:
        faults.undecided(rng, n, x)
    faults.forget(rng, regime, n, x, released, created_emergency, lost_normal, lost_emergency)
    changes, decisions = faults.decisions(rng, regime, n, x, created_normal + created_emergency, decision_kept)
    fellow_mean = np.maximum(volume * 12 / 52 * np.exp(rng.normal(0, 0.5, (teams, fellows, 1))), 1)
    fellow_changes = rng.poisson(np.broadcast_to(fellow_mean, (teams, fellows, weeks)))
    kept_week = decision_kept.reshape(teams, weeks, 7).mean(axis=2)[:, None, :]
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


def _progress(onset: npt.NDArray[np.int64], days: int, ramp_weeks: int) -> Floats:
    """Return, per team and day, how far the move has come: 0 before the onset, 1 when it is complete."""
    since = np.arange(days)[None, :] - 7 * onset[:, None]
    return np.clip((since + 1) / max(7 * ramp_weeks, 1), 0, 1).astype(np.float64)


def _created(
    rng: np.random.Generator, regime: Regime, volume: int, teams: int, weeks: int, onset: npt.NDArray[np.int64]
) -> tuple[Counts, Counts]:
    days = 7 * weeks
    weekly = volume * 12 / 52 * np.exp(rng.normal(0, 0.25, (teams, 1)))
    rate = np.repeat(weekly / 5, days, axis=1) * np.tile([1, 1, 1, 1, 1, 0.0, 0.0], weeks)[None, :]
    emergency = np.full((teams, days), rng.uniform(0.05, 0.15, (teams, 1)))
    week = np.arange(days) // 7
    if "season" in regime.traits:
        rate *= 1 + 0.4 * np.sin(2 * np.pi * (week[None, :] / 52 + rng.uniform(0, 1, (teams, 1))))
    if "freeze" in regime.traits:
        frozen = np.isin(week % 52, (50, 51, 0)) & (week > 0)
        rate = np.where(frozen[None, :], 0.35 * rate, rate)
        emergency = np.where(frozen[None, :], 0.75, emergency)
    if "mix_shift" in regime.traits:
        emergency = np.where(_progress(onset, days, 4) > 0, 3 * emergency, emergency)
    return rng.poisson(rate * (1 - emergency)), rng.poisson(rate * emergency)


def _released(
    rng: np.random.Generator, regime: Regime, volume: int, created: Counts, onset: npt.NDArray[np.int64]
) -> tuple[Counts, Counts]:
    """Return changes released per day, and per day when what is created then is released (``days`` if never)."""
    teams, days = created.shape
    day = np.arange(days)
    weekday, week = day % 7, day // 7
    share = CADENCE_SHARE[min(CADENCE_SHARE, key=lambda known: abs(known - volume))]
    cadence = rng.choice(len(CADENCES), teams, p=share)
    if regime.profile == "continuous":
        cadence[:] = 0
    favourite = rng.integers(1, 4, (teams, 1))
    phase = rng.integers(0, 4, (teams, 1))
    plans = np.stack(
        [
            np.broadcast_to(weekday < 5, (teams, days)),
            np.broadcast_to(np.isin(weekday, (0, 2, 4)), (teams, days)),
            weekday[None, :] == favourite,
            (weekday[None, :] == favourite) & (week[None, :] % 2 == phase % 2),
            (weekday[None, :] == favourite) & (week[None, :] % 4 == phase),
        ]
    )
    is_release = plans[cadence, np.arange(teams)]
    if "becomes_continuous" in regime.traits:
        is_release = np.where(_progress(onset, days, 0) > 0, plans[0], is_release)
    next_release = np.full((teams, days + 1), days)
    for d in range(days - 1, -1, -1):
        next_release[:, d] = np.where(is_release[:, d], d, next_release[:, d + 1])
    next_release = next_release[:, :days]
    released = np.zeros((teams, days + 1), dtype=np.int64)
    np.add.at(released, (np.repeat(np.arange(teams), days), next_release.reshape(-1)), created.reshape(-1))
    return released[:, :days], next_release


def _logits(rng: np.random.Generator, regime: Regime, teams: int, weeks: int, onset: npt.NDArray[np.int64]) -> Floats:
    """Return the logit of every cell's rate by team and week, without the regime's move: level, stratum, wander."""
    dimensions = list(STRATA)
    typical = np.array([BASE_RATE[dimension] for dimension in dimensions])
    level = np.log(typical / (1 - typical)) + rng.normal(0, BETWEEN_TEAMS_SD, (teams, len(dimensions)))
    level = np.minimum(level, np.log(HIGHEST_BASE_RATE / (1 - HIGHEST_BASE_RATE)))
    if "two_hats" in regime.traits:
        level[:, dimensions.index("owners")] = rng.normal(0.8, 0.4, teams)
    sd = rng.uniform(*regime.wander_sd, (teams, 1, 1))
    rho = regime.wander_rho
    wander = np.empty((teams, len(dimensions), weeks))
    wander[:, :, 0] = rng.normal(0, 1, (teams, len(dimensions)))
    shocks = rng.normal(0, np.sqrt(1 - rho**2), (teams, len(dimensions), weeks))
    for week in range(1, weeks):
        wander[:, :, week] = rho * wander[:, :, week - 1] + shocks[:, :, week]
    logit = level[:, :, None] + sd * wander
    if "turnover" in regime.traits:
        after = np.arange(weeks)[None, None, :] >= onset[:, None, None]
        logit = logit + after * rng.normal(0, 0.15, (teams, len(dimensions), 1))
    index = [dimensions.index(dimension) for dimension, _ in CELLS]
    shift = np.array([STRATUM_SHIFT.get(cell, 0.0) for cell in CELLS])
    return logit[:, index] + shift[None, :, None]


def _mark_counts(
    rng: np.random.Generator, regime: Regime, released: Counts, emergency: Counts, onset: npt.NDArray[np.int64]
) -> Counts:
    teams, days = released.shape
    policy = np.full((teams, days), POLICY_SHARE[regime.profile])
    if "becomes_continuous" in regime.traits:
        policy = 0.75 * _progress(onset, days, 8)
    known = np.full((teams, days), 1.0)
    if "turnover" in regime.traits:
        since = np.arange(days)[None, :] - 7 * onset[:, None]
        known = np.where((since >= 0) & (since < 56), 0.6, 1.0)
    risks = np.array([0.5, 0.3, 0.2])
    shift = _progress(onset, days, 4) if "mix_shift" in regime.traits else np.zeros((teams, days))
    n = np.zeros((teams, len(CELLS), days), dtype=np.int64)
    by_policy = rng.binomial(released, policy)
    by_people = released - by_policy
    single = regime.profile == "continuous"
    for cell, (dimension, stratum) in enumerate(CELLS):
        if dimension == "release_record":
            deployments = released if single else (released > 0).astype(np.int64)
            n[:, cell] = deployments + emergency
        elif dimension == "batch":
            after_move = (_progress(onset, days, 0) > 0) & ("becomes_continuous" in regime.traits)
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
                way = strength * _progress(onset, days, move.ramp_weeks)
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
