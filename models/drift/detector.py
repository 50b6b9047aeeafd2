"""The e-detector: one bet per team, dimension and calendar day against "no dimension is above its reference rate".

For each dimension and each alternative ``M`` follows ``M ← (M + 1 at the start of a week) · e`` (Shiryaev-Roberts),
``e`` being the day's bet: a likelihood ratio deflated for marks that hang together, and capped per week. Each bet
has expectation at most 1 while the rate is at or below its reference, so the mean over alternatives, strata that may
move alone, and dimensions by their weights passes ``T`` on average not before ``T`` weeks: it may be looked at daily.
Owns the bets, the recursion and the alarm. Knows nothing of names, sentences or pages.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from models.drift.baseline import Baseline, reference_rate
from models.drift.settings import DIMENSIONS, DriftSettings
from models.drift.weeks import Flags, Floats, Ints, Marks

_LARGEST, _LARGEST_LOG_BET = 1e250, 100.0
# A reference rate above this leaves no room for a rise: nothing is bet, for a team that always did it did not drift.
HIGHEST_REFERENCE = 0.97
_RECOVERY_MARKS = 8.0
_LEAST_WEIGHT = 1e-12
_APART = tuple(place for place, dimension in enumerate(DIMENSIONS) if dimension.may_stay)
# What is bet on: each dimension, then those whose other strata may move alone.
STAKES: Ints = np.array([*range(len(DIMENSIONS)), *_APART])
SUBJECTS_AT_ONCE = 50  # what their bets take stays small enough to be kept between them


@dataclass(frozen=True)
class Bets:
    """What a day's marks are worth.

    Attributes:
        log_bets: (subject, stake, day, alternative) log of the day's bet.
        of: (stake,) the dimension of each stake; a dimension's evidence is the mean over its stakes.
        allowed: (subject, dimension, week) marks with x = 1 that the reference rate allows.
        reference: (subject, dimension) mean reference rate over the watched marks of the last weeks; the baseline's
            where there are none.
    """

    log_bets: Floats
    of: Ints
    allowed: Floats
    reference: Floats


@dataclass(frozen=True)
class Detection:
    """What the detector says about each subject; days count from the marks' first Monday, -1 means never.

    Attributes:
        evidence: (subject, dimension) the statistic on the last day.
        team_evidence: (subject,) its weighted mean over the watched dimensions.
        first_alarm: Day of the first alarm.
        first_named: Dimension with the largest part of it at the first alarm.
        alarm: Day of the latest alarm.
        named: Dimension with the largest part of it at the latest alarm.
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
    alone = subject * days + day
    size = subjects * dimensions * days
    daily = np.bincount(place, weights=n, minlength=size).reshape(subjects, dimensions, days)
    together = np.maximum(daily, baseline.usual[:, :, None])
    dispersion = 1 + np.maximum(together - 1, 0) * baseline.correlation[:, :, None]
    moving = [~_may_stay(marks, stake)[marks.cell[watched]] & (dimension == stake) for stake in _APART]
    log_bets = np.empty((subjects, len(STAKES), days, len(settings.alternatives)))
    for k, way in enumerate(settings.alternatives):
        rate = reference + way * (1 - reference)
        ratio = x * np.log(rate / reference) + (n - x) * np.log((1 - rate) / (1 - reference))
        summed = np.bincount(place, weights=ratio, minlength=size).reshape(subjects, dimensions, days)
        log_bets[:, :dimensions, :, k] = summed / dispersion
        for place_of, (stake, moves) in enumerate(zip(_APART, moving, strict=True), start=dimensions):
            summed = np.bincount(alone[moves], weights=ratio[moves], minlength=subjects * days)
            log_bets[:, place_of, :, k] = summed.reshape(subjects, days) / dispersion[:, stake]
    log_bets = _capped(log_bets, baseline.release_weeks[:, STAKES], _week_number(marks), settings.weekly_cap)
    return Bets(log_bets, STAKES, allowed, _recent_reference(allowed, baseline, marks, settings))


def _may_stay(marks: Marks, dimension: int) -> Flags:
    """Return (cell,) whether it is the stratum that may stay while the others of its dimension move."""
    stays = (DIMENSIONS[dimension].name, DIMENSIONS[dimension].may_stay)
    return np.array([cell == stays for cell in marks.cells], dtype=bool)


def _week_number(marks: Marks) -> int:
    """Return the number of the marks' first week, counted from a day that does not depend on which marks there are."""
    return (marks.first_monday.toordinal() - date(1970, 1, 5).toordinal()) // 7


def _capped(log_bets: Floats, release_weeks: Ints, first_week: int, cap: float) -> Floats:
    """Return daily bets whose product within a release's weeks never passes ``exp(cap)``, seen from any day.

    A bet that is made smaller stays a bet, and one that begins within such weeks has what is left of them.
    """
    capped = np.empty_like(log_bets)
    for weeks in np.unique(release_weeks).tolist():
        here = release_weeks == weeks
        before = 7 * (first_week % weeks)
        own = np.pad(log_bets[here], ((0, 0), (before, -(before + log_bets.shape[2]) % (7 * weeks)), (0, 0)))
        spans = own.reshape(len(own), -1, 7 * weeks, own.shape[2])
        so_far = np.minimum(np.cumsum(spans, axis=2), cap)
        whole = np.diff(so_far, axis=2, prepend=0.0).reshape(own.shape)
        capped[here] = whole[:, before : before + log_bets.shape[2]]
    return capped


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
    subjects, stakes, days, alternatives = bets.log_bets.shape
    dimensions, weights = len(DIMENSIONS), settings.weight_array()
    watched = baseline.watched & baseline.is_watched[:, :, None]
    placed = (bets.log_bets != 0).any(axis=3)
    starts = watched[:, bets.of] & ~_is_mute(placed, (watched & (baseline.counts > 0))[:, bets.of], settings)
    belongs = bets.of[:, None] == np.arange(dimensions)
    part = belongs / np.maximum(belongs.sum(axis=0), 1)
    multiplied = np.exp(np.clip(bets.log_bets, -_LARGEST_LOG_BET, _LARGEST_LOG_BET))
    back = _back_at_reference(bets.allowed, baseline, settings)
    statistic = np.zeros((subjects, stakes, alternatives))
    reached, known = np.zeros((subjects, stakes), dtype=bool), np.zeros((subjects, dimensions), dtype=bool)
    mean, team = np.zeros((subjects, dimensions)), np.zeros(subjects)
    first_alarm, alarm, recovered = (np.full(subjects, -1, dtype=np.int64) for _ in range(3))
    first_named, named = (np.full(subjects, -1, dtype=np.int64) for _ in range(2))
    is_open = np.zeros(subjects, dtype=bool)
    # Before the first week that is watched no bet is placed and no start counts.
    begin = 7 * int(np.argmax(watched.any(axis=(0, 1)))) if watched.any() else days
    for day in range(begin, min(days, last_day + 1)):
        week = day // 7
        if day % 7 == 0:
            statistic += (reached & starts[:, :, week])[:, :, None]
            over = is_open & back[np.arange(subjects), np.maximum(named, 0), week]
            statistic[over] = (reached & starts[:, :, week])[over][:, :, None]
            recovered[over], is_open[over] = day, False
        # Before its first bet a stake says nothing.
        begun = placed[:, :, day] & ~reached
        statistic[begun] = 1
        reached |= begun
        statistic *= multiplied[:, :, day]
        np.minimum(statistic, _LARGEST, out=statistic)
        mean = statistic.mean(axis=2) @ part
        known = reached @ belongs
        team = mean @ weights / np.maximum(known @ weights, _LEAST_WEIGHT)
        fresh = ~is_open & (team >= settings.run_length_weeks)
        if fresh.any():
            largest = np.argmax(mean * weights, axis=1)
            alarm[fresh], named[fresh], recovered[fresh] = day, largest[fresh], -1
            never = fresh & (first_alarm < 0)
            first_alarm[never], first_named[never] = day, largest[never]
            is_open |= fresh
    return Detection(
        evidence=np.where(known, mean, np.nan),
        team_evidence=np.where(known.any(axis=1), team, np.nan),
        first_alarm=first_alarm,
        first_named=first_named,
        alarm=alarm,
        named=named,
        recovered=recovered,
        weeks_watched=watched.any(axis=1).sum(axis=1),
    )


def joined(parts: list[Detection]) -> Detection:
    """Return the subjects of several detections as one."""
    if not parts:
        none, numbers = np.zeros(0), np.zeros(0, dtype=np.int64)
        empty = np.zeros((0, len(DIMENSIONS)))
        return Detection(empty, none, numbers, numbers, numbers, numbers, numbers, numbers)
    names = [field.name for field in fields(Detection)]
    return Detection(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _is_mute(placed: Flags, has_marks: Flags, settings: DriftSettings) -> Flags:
    """Return (subject, stake, week) whether the weeks before had marks but no bet: no rise could be judged.

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
