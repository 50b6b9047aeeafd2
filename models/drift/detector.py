"""The e-detector: one bet per team, dimension and calendar day against "no dimension is above its reference rate".

For each dimension and each alternative ``M`` follows ``M ← (M + 1 at the start of a week) · e`` (Shiryaev-Roberts),
``e`` being the day's bet: a likelihood ratio deflated for marks that hang together, and capped per week. Each bet
has expectation at most 1 while the rate is at or below its reference, so the mean over alternatives and dimensions
passes ``T`` on average not before ``T`` weeks: it may be looked at daily. Owns the bets, the recursion and the
alarm. Knows nothing of names, sentences or pages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.drift.baseline import Baseline, reference_rate
from models.drift.settings import DIMENSIONS, DriftSettings
from models.drift.weeks import Flags, Floats, Ints, Marks

_LARGEST, _LARGEST_LOG_BET = 1e250, 100.0
# A reference rate above this leaves no room for a rise: nothing is bet, for a team that always did it did not drift.
HIGHEST_REFERENCE = 0.97
_RECOVERY_MARKS = 8.0


@dataclass(frozen=True)
class Bets:
    """What a day's marks are worth.

    Attributes:
        log_bets: (subject, dimension, day, alternative) log of the day's bet.
        allowed: (subject, dimension, week) marks with x = 1 that the reference rate allows.
        reference: (subject, dimension) mean reference rate over the watched marks of the last weeks; the baseline's
            where there are none.
    """

    log_bets: Floats
    allowed: Floats
    reference: Floats


@dataclass(frozen=True)
class Detection:
    """What the detector says about each subject; days count from the marks' first Monday, -1 means never.

    Attributes:
        evidence: (subject, dimension) the statistic on the last day.
        team_evidence: (subject,) its mean over the watched dimensions.
        first_alarm: Day of the first alarm.
        first_named: Dimension with the largest statistic at the first alarm.
        alarm: Day of the latest alarm.
        named: Dimension with the largest statistic at the latest alarm.
        recovered: Day on which the latest drift was over; -1 while it lasts.
        weeks_watched: (subject,) weeks in which at least one dimension was watched.
    """

    evidence: Floats
    team_evidence: Floats
    first_alarm: Ints
    first_named: Ints
    alarm: Ints
    named: Ints
    recovered: Ints
    weeks_watched: Ints


def place_bets(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Return the bets of every day that is watched."""
    subjects, dimensions, weeks = baseline.counts.shape
    days = 7 * weeks
    dimension, week = marks.cell_dimension[marks.cell], marks.day // 7
    rates = reference_rate(baseline.upper[marks.subject, marks.cell], wander[marks.subject, dimension, week], settings)
    watched = baseline.watched[marks.subject, dimension, week] & baseline.is_watched[marks.subject, dimension]
    weekly_place = (marks.subject * dimensions + dimension) * weeks + week
    sums = np.bincount(
        weekly_place[watched], weights=(marks.n * rates)[watched], minlength=subjects * dimensions * weeks
    )
    allowed: Floats = np.asarray(sums.reshape(subjects, dimensions, weeks), dtype=np.float64)
    watched &= rates < HIGHEST_REFERENCE
    subject, day, reference = marks.subject[watched], marks.day[watched], rates[watched]
    dimension, n, x = dimension[watched], marks.n[watched], marks.x[watched]
    place = (subject * dimensions + dimension) * days + day
    size = subjects * dimensions * days
    daily = np.bincount(place, weights=n, minlength=size).reshape(subjects, dimensions, days)
    together = np.maximum(daily, baseline.usual[:, :, None])
    dispersion = 1 + np.maximum(together - 1, 0) * baseline.correlation[:, :, None]
    log_bets = np.empty((subjects, dimensions, days, len(settings.alternatives)))
    for k, way in enumerate(settings.alternatives):
        rate = reference + way * (1 - reference)
        ratio = x * np.log(rate / reference) + (n - x) * np.log((1 - rate) / (1 - reference))
        summed = np.bincount(place, weights=ratio, minlength=size).reshape(subjects, dimensions, days)
        log_bets[:, :, :, k] = _capped(summed / dispersion, settings.weekly_cap)
    return Bets(log_bets, allowed, _recent_reference(allowed, baseline, marks, settings))


def _capped(log_bets: Floats, cap: float) -> Floats:
    """Return daily bets whose product within a week never passes ``exp(cap)``, seen from any day."""
    weekly = log_bets.reshape(*log_bets.shape[:2], -1, 7)
    so_far = np.minimum(np.cumsum(weekly, axis=3), cap)
    return np.asarray(np.diff(so_far, axis=3, prepend=0.0).reshape(log_bets.shape))


def _recent_reference(allowed: Floats, baseline: Baseline, marks: Marks, settings: DriftSettings) -> Floats:
    recent = slice(-settings.level_weeks, None)
    watched = baseline.watched[:, :, recent] & baseline.is_watched[:, :, None]
    n = (baseline.counts[:, :, recent] * watched).sum(axis=2)
    of_now = np.divide(allowed[:, :, recent].sum(axis=2), n, out=np.zeros(n.shape), where=n > 0)
    still = reference_rate(baseline.upper, np.zeros(1), settings)
    of_baseline = np.full(n.shape, np.nan)
    for place in range(len(DIMENSIONS)):
        cells = marks.cell_dimension == place
        if cells.any():
            of_baseline[:, place] = still[:, cells].mean(axis=1)
    return np.where(n > 0, of_now, of_baseline)


def detect(bets: Bets, baseline: Baseline, last_day: int, settings: DriftSettings) -> Detection:
    """Run the detector from the first day to ``last_day``; it is re-armed when a drift is over."""
    subjects, dimensions, days, alternatives = bets.log_bets.shape
    watched = baseline.watched & baseline.is_watched[:, :, None]
    placed = (bets.log_bets != 0).any(axis=3)
    starts = watched & ~_is_mute(placed, watched & (baseline.counts > 0), settings)
    multiplied = np.exp(np.clip(bets.log_bets, -_LARGEST_LOG_BET, _LARGEST_LOG_BET))
    back = _back_at_reference(bets.allowed, baseline, settings)
    statistic = np.zeros((subjects, dimensions, alternatives))
    reached = np.zeros((subjects, dimensions), dtype=bool)
    mean, team = np.zeros((subjects, dimensions)), np.zeros(subjects)
    first_alarm, alarm, recovered = (np.full(subjects, -1, dtype=np.int64) for _ in range(3))
    first_named, named = (np.full(subjects, -1, dtype=np.int64) for _ in range(2))
    is_open = np.zeros(subjects, dtype=bool)
    for day in range(min(days, last_day + 1)):
        week = day // 7
        if day % 7 == 0:
            statistic += (reached & starts[:, :, week])[:, :, None]
            over = is_open & back[np.arange(subjects), np.maximum(named, 0), week]
            statistic[over] = (reached & starts[:, :, week])[over][:, :, None]
            recovered[over], is_open[over] = day, False
        # Before its first bet a dimension says nothing.
        begun = placed[:, :, day] & ~reached
        statistic[begun] = 1
        reached |= begun
        statistic *= multiplied[:, :, day]
        np.minimum(statistic, _LARGEST, out=statistic)
        mean = statistic.mean(axis=2)
        team = mean.sum(axis=1) / np.maximum(reached.sum(axis=1), 1)
        fresh = ~is_open & (team >= settings.run_length_weeks)
        if fresh.any():
            largest = np.argmax(mean, axis=1)
            alarm[fresh], named[fresh], recovered[fresh] = day, largest[fresh], -1
            never = fresh & (first_alarm < 0)
            first_alarm[never], first_named[never] = day, largest[never]
            is_open |= fresh
    return Detection(
        evidence=np.where(reached, mean, np.nan),
        team_evidence=np.where(reached.any(axis=1), team, np.nan),
        first_alarm=first_alarm,
        first_named=first_named,
        alarm=alarm,
        named=named,
        recovered=recovered,
        weeks_watched=watched.any(axis=1).sum(axis=1),
    )


def _is_mute(placed: Flags, has_marks: Flags, settings: DriftSettings) -> Flags:
    """Return (subject, dimension, week) whether the weeks before had marks but no bet: no rise could be judged.

    Starts without a bet would add up to an alarm by themselves.
    """
    bet = placed.reshape(*has_marks.shape, 7).any(axis=3)
    marked, staked = (_trailing(np.where(flags, 1.0, 0.0), settings.level_weeks) for flags in (has_marks, bet))
    return np.asarray((marked > 0) & (staked == 0))


def _back_at_reference(allowed: Floats, baseline: Baseline, settings: DriftSettings) -> Flags:
    """Return (subject, dimension, week) whether the weeks before it had no more than the reference rate allows."""
    watched = baseline.watched & baseline.is_watched[:, :, None]
    excess = _trailing(np.where(watched, baseline.observed, 0.0) - allowed, settings.recovery_weeks)
    n = _trailing(np.where(watched, baseline.counts, 0.0), settings.recovery_weeks)
    return np.asarray((excess <= 0) & (n >= _RECOVERY_MARKS))


def _trailing(values: Floats, weeks: int) -> Floats:
    """Return sums over the ``weeks`` weeks before each week."""
    total = np.concatenate([np.zeros((*values.shape[:2], 1)), np.cumsum(values, axis=2)], axis=2)
    end = np.arange(values.shape[2])
    return np.asarray(total[:, :, end] - total[:, :, np.maximum(end - weeks, 0)])


def discoveries(e_values: Floats, rate: float) -> Flags:
    """Return which of many e-values are discoveries at a false discovery rate (e-BH); not a number is none.

    Args:
        e_values: One e-value per hypothesis; they may depend on each other in any way.
        rate: Expected share of false ones among the discoveries.
    """
    values = np.nan_to_num(e_values, nan=0.0)
    order = np.argsort(-values, kind="stable")
    places = np.arange(1, len(values) + 1)
    enough = np.flatnonzero(values[order] * places * rate >= len(values))
    found = np.zeros(len(values), dtype=bool)
    if len(enough):
        found[order[: enough[-1] + 1]] = True
    return found
