"""How simulated teams live: what they create and release when, and at which rates separations are missing.

Owns volumes, cadences, base rates, wander, the regime's move and how many decisions arrive. Knows nothing of single
changes, which are drawn from it in ``changes``. Arrays are (team, day), or (team, cell, week) with cells in the order
of ``regimes.CELLS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from tests.simulator.regimes import CELLS, ONSET_WEEK, STRATA, Regime

START = date(2024, 1, 1)  # a Monday
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
    ("bare_decision", "normal low"): 0.7,
    ("bare_decision", "normal high"): -0.5,
}
WITHIN_RELEASE_SD = {
    "owners": 0.5,
    "act": 0.3,
    "order": 0.3,
    "change_record": 0.3,
    "governance_agenda": 0.3,
    "release_agenda": 0.3,
}
POLICY_SHARE = {"classic": 0.0, "continuous": 0.7}

Counts = npt.NDArray[np.int32]
Days = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Life:
    """What happens to teams, before anybody looks.

    Attributes:
        onset: (team,) week in which the regime's move begins.
        created_normal: (team, day) normal changes created.
        created_emergency: (team, day) emergency changes, released on the day they are created.
        release_day: (team, day) when a normal change of that day is released; the number of days if never.
        kept: (team, day) share of decisions that reach the tool.
        logit: (team, cell, week) logit of the rates without the regime's move.
    """

    onset: Days
    created_normal: Days
    created_emergency: Days
    release_day: Days
    kept: Floats
    logit: Floats

    @property
    def days(self) -> int:
        """Length of the history."""
        return self.kept.shape[1]

    def rates(self, rng: np.random.Generator, regime: Regime, strength: float) -> Floats:
        """Return, per team, cell and day, how often the separation is missing; a day's releases have their own luck."""
        teams, _, _ = self.logit.shape
        rate = np.repeat(self.logit, 7, axis=2)
        luck = {dimension: rng.normal(0, sd, (teams, self.days)) for dimension, sd in WITHIN_RELEASE_SD.items()}
        for cell, (dimension, stratum) in enumerate(CELLS):
            own = 1 / (1 + np.exp(-rate[:, cell] - luck.get(dimension, 0.0)))
            for move in regime.moves:
                if move.dimension == dimension and (not move.strata or stratum in move.strata):
                    way = strength * progress(self.onset, self.days, move.ramp_weeks)
                    own = own + way * np.maximum(move.target - own, 0)
            rate[:, cell] = own
        return rate


def live(rng: np.random.Generator, regime: Regime, volume: int, teams: int, weeks: int, *, sharing: int = 1) -> Life:
    """Let teams live for so many weeks; ``sharing``: so many in a row share a source, so one onset holds for them."""
    onset = ONSET_WEEK + rng.integers(-3, 4, teams)
    onset = onset[np.arange(teams) // sharing * sharing]
    normal, emergency = _created(rng, regime, volume, teams, weeks, onset)
    release_day = _release_day(rng, regime, volume, normal.shape, onset)
    logit = _logits(rng, regime, teams, weeks, onset)
    return Life(onset, normal, emergency, release_day, _kept(regime, 7 * weeks, onset), logit)


def progress(onset: npt.NDArray[np.int64], days: int, ramp_weeks: int) -> Floats:
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
        emergency = np.where(progress(onset, days, 4) > 0, 3 * emergency, emergency)
    return rng.poisson(rate * (1 - emergency)), rng.poisson(rate * emergency)


def _kept(regime: Regime, days: int, onset: npt.NDArray[np.int64]) -> Floats:
    """Return the share of each day's decisions that reach the tool."""
    kept = np.ones((len(onset), days))
    since = np.arange(days)[None, :] - 7 * onset[:, None]
    if "outage" in regime.traits:
        kept[(since >= 0) & (since < 35)] = 0.0
    if "renamed_field" in regime.traits:
        kept[since >= 0] = 0.0
    if "lost_third" in regime.traits:
        kept[since >= 0] = 0.7
    return kept


def _release_day(
    rng: np.random.Generator, regime: Regime, volume: int, shape: tuple[int, ...], onset: npt.NDArray[np.int64]
) -> Counts:
    """Return per day when what is created then is released (``days`` if never)."""
    teams, days = shape
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
        is_release = np.where(progress(onset, days, 0) > 0, plans[0], is_release)
    next_release = np.full((teams, days + 1), days)
    for d in range(days - 1, -1, -1):
        next_release[:, d] = np.where(is_release[:, d], d, next_release[:, d + 1])
    return next_release[:, :days]


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
