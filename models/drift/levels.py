"""Levels: how often the separation is missing over trailing weeks, with intervals, and the index over dimensions.

Owns the interval and the index. Refuses to compare teams: their staffing differs, so levels are never ranked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.drift.baseline import Baseline
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS, DriftSettings
from models.drift.weeks import FIRST_BASELINE, Flags, Floats, Marks, week_start

INDEX = "index"
LEVEL_COLUMNS = ("team", "dimension", "week_end", "level", "low", "high", "n", "weight_observed")
_Z95 = 1.959963984540054
# Natural process limits: mean ± 2.66 mean moving ranges (Shewhart's individuals chart).
_MOVING_RANGE_FACTOR = 2.66
_FEWEST_RANGES = 4


def wilson(x: Floats, n: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's 95 % interval for ``x`` of ``n``, widened for counts that vary more than independent ones.

    Args:
        x: Marks with x = 1.
        n: Marks.
        dispersion: Variance of the counts relative to independent marks.
    """
    size = np.maximum(n / dispersion, 1e-12)
    rate = np.divide(x, n, out=np.zeros(np.shape(n)), where=n > 0)
    middle = (rate + _Z95**2 / (2 * size)) / (1 + _Z95**2 / size)
    half = _Z95 / (1 + _Z95**2 / size) * np.sqrt(rate * (1 - rate) / size + _Z95**2 / (4 * size**2))
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    # Rounding must not put the rate outside its own interval.
    return np.minimum(low, rate), np.maximum(high, rate)


@dataclass(frozen=True)
class Levels:
    """Levels over trailing weeks: (subject, dimension, week) arrays, not a number where nothing was observed."""

    level: Floats
    low: Floats
    high: Floats
    n: Floats


def trailing_levels(baseline: Baseline, settings: DriftSettings) -> Levels:
    """Return each week's level over the weeks that end with it; censored weeks do not count."""
    n, x = (_trailing_sum(values, settings.level_weeks) for values in (baseline.counts, baseline.observed))
    low, high = wilson(x, n, baseline.dispersion()[:, :, None])
    seen = n > 0
    level = np.divide(x, n, out=np.full(n.shape, np.nan), where=seen)
    return Levels(level, np.where(seen, low, np.nan), np.where(seen, high, np.nan), n)


def _trailing_sum(values: Floats, weeks: int) -> Floats:
    total = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    end = np.arange(1, values.shape[-1] + 1)
    return np.asarray(np.round(total[..., end] - total[..., np.maximum(end - weeks, 0)], 9))


@dataclass(frozen=True)
class Index:
    """The weighted mean of levels: (subject, week); not a number where too little of the weight is observed."""

    level: Floats
    low: Floats
    high: Floats
    n: Floats
    weight_observed: Floats


def index_of(levels: Levels, settings: DriftSettings) -> Index:
    """Return the index; its interval adds up the dimensions' half-widths in quadrature (MOVER)."""
    weights = np.array([settings.weights[name] for name in DIMENSION_NAMES])
    weights = weights / weights.sum()
    seen = levels.n > 0
    observed = np.einsum("d,sdw->sw", weights, seen.astype(np.float64))
    share = np.where(seen, weights[None, :, None], 0.0) / np.maximum(observed, 1e-12)[:, None, :]

    def add(values: Floats) -> Floats:
        return np.asarray(np.einsum("sdw,sdw->sw", share, np.where(seen, values, 0.0)))

    level = add(levels.level)
    below = np.sqrt(np.einsum("sdw,sdw->sw", share**2, np.where(seen, levels.level - levels.low, 0.0) ** 2))
    above = np.sqrt(np.einsum("sdw,sdw->sw", share**2, np.where(seen, levels.high - levels.level, 0.0) ** 2))
    enough = (observed > 0) & (observed >= settings.index_minimum_weight - 1e-9)
    low, high = np.clip(level - below, 0, 1), np.clip(level + above, 0, 1)
    blank = [np.where(enough, values, np.nan) for values in (level, low, high)]
    return Index(blank[0], blank[1], blank[2], levels.n.sum(axis=1), observed)


@dataclass(frozen=True)
class Limits:
    """Limits of the index that the baseline sets, and its latest block of weeks; not a number where unknown."""

    low: Floats
    high: Floats
    latest: Floats

    @property
    def is_outside(self) -> Flags:
        """Whether the latest block lies outside the limits."""
        return np.asarray((self.latest < self.low) | (self.latest > self.high))


def index_limits(baseline: Baseline, last_week: int, settings: DriftSettings) -> Limits:
    """Return natural process limits of the index over blocks of weeks.

    Only dimensions that are there in every block count, so that the index does not move because its parts change.
    """
    subjects = len(baseline.counts)
    low, high, latest = (np.full(subjects, np.nan) for _ in range(3))
    weights = np.array([settings.weights[name] for name in DIMENSION_NAMES])
    for place in range(subjects):
        before = np.flatnonzero(baseline.weeks[place].any(axis=0) & (baseline.counts[place].sum(axis=0) > 0))
        usable = np.flatnonzero(baseline.watched[place].any(axis=0))
        usable = usable[usable <= last_week]
        if len(before) < settings.limit_weeks * (_FEWEST_RANGES + 1) or len(usable) < settings.limit_weeks:
            continue
        blocks = [before[k : k + settings.limit_weeks] for k in range(0, len(before), settings.limit_weeks)]
        blocks = [block for block in blocks if len(block) == settings.limit_weeks]
        blocks.append(usable[-settings.limit_weeks :])
        n = np.array([baseline.counts[place][:, block].sum(axis=1) for block in blocks])
        x = np.array([baseline.observed[place][:, block].sum(axis=1) for block in blocks])
        there = (n > 0).all(axis=0)
        if weights[there].sum() < settings.index_minimum_weight * weights.sum():
            continue
        values = (x[:, there] / n[:, there]) @ weights[there] / weights[there].sum()
        spread = _MOVING_RANGE_FACTOR * float(np.abs(np.diff(values[:-1])).mean())
        middle = float(values[:-1].mean())
        low[place], high[place], latest[place] = max(middle - spread, 0.0), min(middle + spread, 1.0), values[-1]
    return Limits(low, high, latest)


def levels_frame(marks: Marks, levels: Levels, index: Index) -> pd.DataFrame:
    """Return one row per team, dimension and week with anything to show; the index is a dimension of its own."""
    teams = [place for place, subject in enumerate(marks.subjects) if subject.kind == FIRST_BASELINE]
    names = np.array([marks.subjects[place].team for place in teams], dtype=object)
    ends = np.array(
        [np.datetime64(week_start(marks.first_monday, week + 1)) for week in range(marks.weeks)]
    ) - np.timedelta64(1, "D")
    seen = levels.n[teams] > 0
    team, dimension, week = np.nonzero(seen)
    of_dimensions = {
        "team": names[team],
        "dimension": np.array([item.name for item in DIMENSIONS], dtype=object)[dimension],
        "week_end": ends[week],
        "level": levels.level[teams][seen],
        "low": levels.low[teams][seen],
        "high": levels.high[teams][seen],
        "n": levels.n[teams][seen].astype(np.int64),
        "weight_observed": np.full(len(team), np.nan),
    }
    any_seen = index.n[teams] > 0
    team, week = np.nonzero(any_seen)
    of_index = {
        "team": names[team],
        "dimension": np.full(len(team), INDEX, dtype=object),
        "week_end": ends[week],
        "level": index.level[teams][any_seen],
        "low": index.low[teams][any_seen],
        "high": index.high[teams][any_seen],
        "n": index.n[teams][any_seen].astype(np.int64),
        "weight_observed": index.weight_observed[teams][any_seen],
    }
    joined = {
        name: np.concatenate([np.asarray(of_dimensions[name]), np.asarray(of_index[name])]) for name in LEVEL_COLUMNS
    }
    frame = pd.DataFrame(joined)
    frame["week_end"] = frame["week_end"].astype("datetime64[s]")
    return frame.astype({"team": "str", "dimension": "str"})
