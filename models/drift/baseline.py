"""What a team's own past says about each dimension: rates, how marks of a week hang together, the reference rate.

Owns which weeks are the baseline and which are watched. Refuses to look at a watched week's marks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
from scipy.special import betaincinv

from models.drift.settings import DIMENSION_NAMES, DIMENSIONS, DriftSettings
from models.drift.weeks import FIRST_BASELINE, Flags, Floats, Ints, Marks

_JEFFREYS = 0.5
_HIGHEST_CORRELATION = 0.95
# Weeks in which a mark has at least this many others tell about correlation at full weight; weeks of single marks
# tell nothing.
_COMPANY = 5.0
# Longer than this a team's release is not waited for, however rarely it releases.
_LONGEST_RELEASE = 6
_DEPLOYED = DIMENSION_NAMES.index("order")  # every change that is deployed has a mark on its day


@dataclass(frozen=True)
class Baseline:
    """Baselines of all subjects.

    Attributes:
        weeks: (subject, dimension, week) weeks of the baseline.
        watched: (subject, dimension, week) weeks after a complete baseline that are not censored.
        is_watched: (subject, dimension) whether the baseline is complete and has enough marks.
        marks: (subject, dimension) marks in the baseline.
        rate: (subject, dimension) rate in the baseline.
        cell_rate: (subject, cell) expected rate per stratum.
        upper: (subject, cell) upper quantile of the rate's posterior; with the margin on top nowhere below what the
            dimension's marks make sure of.
        release_weeks: (subject, dimension) weeks that usually lie between two releases.
        correlation: (subject, dimension) correlation of marks within a week.
        usual: (subject, dimension) marks of a week that has any.
        observed: (subject, dimension, week) marks with x = 1, censored weeks left out.
        expected: (subject, dimension, week) the same at the baseline's rates for the week's mix of strata.
        variance: (subject, dimension, week) binomial variance at the baseline's rates.
        counts: (subject, dimension, week) marks, censored weeks left out.
    """

    weeks: Flags
    watched: Flags
    is_watched: Flags
    marks: Floats
    rate: Floats
    cell_rate: Floats
    upper: Floats
    release_weeks: Ints
    correlation: Floats
    usual: Floats
    observed: Floats
    expected: Floats
    variance: Floats
    counts: Floats

    def dispersion(self) -> Floats:
        """Return, per subject and dimension, the variance of a usual week's count relative to independent marks."""
        return np.asarray(1 + np.maximum(self.usual - 1, 0) * self.correlation)

    def slice(self, begin: int, end: int) -> Baseline:
        """Return the subjects ``begin`` to ``end`` alone."""
        return replace(self, **{field.name: getattr(self, field.name)[begin:end] for field in fields(self)})


def fit_baseline(marks: Marks, settings: DriftSettings) -> Baseline:
    """Fit the baselines of all subjects of ``marks``."""
    n, x = weekly_counts(marks)
    membership = cell_membership(marks.cell_dimension)
    counts = _by_dimension(n, membership)
    in_baseline, watched = _periods(marks, counts, settings)
    cell_weeks = in_baseline[:, marks.cell_dimension]
    cell_n, cell_x = (n * cell_weeks).sum(axis=2), (x * cell_weeks).sum(axis=2)
    dimension_n, dimension_x = cell_n @ membership.T, cell_x @ membership.T
    cell_rate = _shrunk_rate(cell_n, cell_x, dimension_n, dimension_x, marks.cell_dimension, settings)
    expected = n * cell_rate[:, :, None]
    variance = _by_dimension(expected * (1 - cell_rate[:, :, None]), membership)
    observed, expected = _by_dimension(x, membership), _by_dimension(expected, membership)
    usual, correlation = _within_week(in_baseline, counts, observed - expected, variance, settings)
    dispersion = 1 + np.maximum(usual - 1, 0) * correlation
    upper = _upper_rate(cell_n, cell_x, dimension_n, dimension_x, dispersion, marks.cell_dimension, settings)
    lack = _lack(cell_n, upper, dimension_n, dimension_x, dispersion, membership, settings)
    upper = np.minimum(upper + lack[:, marks.cell_dimension], 1 - 1e-9)
    return Baseline(
        weeks=in_baseline,
        watched=watched,
        is_watched=watched.any(axis=2) & (dimension_n >= settings.minimum_marks),
        marks=dimension_n,
        rate=np.divide(dimension_x, dimension_n, out=np.full(dimension_n.shape, np.nan), where=dimension_n > 0),
        cell_rate=cell_rate,
        upper=upper,
        release_weeks=_release_weeks(in_baseline, counts[:, _DEPLOYED]),
        correlation=correlation,
        usual=usual,
        observed=observed,
        expected=expected,
        variance=variance,
        counts=counts,
    )


def weekly_counts(marks: Marks) -> tuple[Floats, Floats]:
    """Return marks and marks with x = 1 by (subject, cell, week), censored weeks left out."""
    shape = (len(marks.subjects), len(marks.cells), marks.weeks)
    place = (marks.subject * shape[1] + marks.cell) * shape[2] + marks.day // 7
    size = shape[0] * shape[1] * shape[2]
    kept = ~marks.censored[:, None, :]
    n = np.bincount(place, weights=marks.n, minlength=size).reshape(shape) * kept
    x = np.bincount(place, weights=marks.x, minlength=size).reshape(shape) * kept
    return np.asarray(n), np.asarray(x)


def cell_membership(cell_dimension: Ints) -> Floats:
    """Return the (dimension, cell) matrix of ones that adds strata up to dimensions."""
    membership = np.zeros((len(DIMENSIONS), len(cell_dimension)))
    membership[cell_dimension, np.arange(len(cell_dimension))] = 1.0
    return membership


def _by_dimension(values: Floats, membership: Floats) -> Floats:
    return np.asarray(np.einsum("dc,scw->sdw", membership, values))


def _periods(marks: Marks, counts: Floats, settings: DriftSettings) -> tuple[Flags, Flags]:
    """Return the weeks of the baselines, and those that are watched: each (subject, dimension, week)."""
    usable = ~marks.censored[:, None, :] & (np.cumsum(counts, axis=2) > 0)
    so_far = np.cumsum(usable, axis=2)
    in_baseline = usable & (so_far <= settings.baseline_weeks)
    watched = usable & (so_far > settings.baseline_weeks)
    for place, subject in enumerate(marks.subjects):
        if subject.kind == FIRST_BASELINE or subject.end is None:
            continue
        begin, end = (_week(marks, day) for day in (subject.start or date.min, subject.end))
        week = np.arange(marks.weeks)
        in_baseline[place] = usable[place] & ((week >= begin) & (week <= end))[None, :]
        watched[place] = usable[place] & (week > end)[None, :] & in_baseline[place].any(axis=1)[:, None]
    return in_baseline, watched


def _week(marks: Marks, day: date) -> int:
    return (day.toordinal() - marks.first_monday.toordinal()) // 7


def _shrunk_rate(n: Floats, x: Floats, pool_n: Floats, pool_x: Floats, of: Ints, settings: DriftSettings) -> Floats:
    """Return each stratum's rate, drawn towards the team's pooled rate of the dimension."""
    pooled = ((pool_x + _JEFFREYS) / (pool_n + 2 * _JEFFREYS))[:, of]
    borrowed = settings.borrowed_marks
    return np.asarray((borrowed * pooled + x) / np.maximum(borrowed + n, 1e-9))


def _upper_rate(
    n: Floats, x: Floats, pool_n: Floats, pool_x: Floats, dispersion: Floats, of: Ints, settings: DriftSettings
) -> Floats:
    """Return the upper quantile of each stratum's posterior rate.

    A stratum borrows from the team's *other* strata, never more than they know: counting its own marks twice would
    make the bound too tight. Marks count for less where they come in clusters.
    """
    factor = dispersion[:, of]
    others_n = np.maximum(pool_n[:, of] - n, 0)
    others_rate = (pool_x[:, of] - x + _JEFFREYS) / (others_n + 2 * _JEFFREYS)
    known = others_n / factor
    borrowed = settings.borrowed_marks * known / np.maximum(settings.borrowed_marks + known, 1e-9)
    hits = borrowed * others_rate + x / factor + _JEFFREYS
    rest = borrowed * (1 - others_rate) + (n - x) / factor + _JEFFREYS
    return np.asarray(betaincinv(hits, rest, settings.quantile))


def _lack(
    cell_n: Floats, upper: Floats, n: Floats, x: Floats, dispersion: Floats, membership: Floats, settings: DriftSettings
) -> Floats:
    """Return, per dimension, what the bound and the margin lack to what the marks of all strata make sure of.

    Where they are many the margin is the wider; a baseline of a few releases knows its rate to a fifth at best.
    """
    sure = betaincinv(x / dispersion + _JEFFREYS, (n - x) / dispersion + _JEFFREYS, settings.sure_quantile)
    mean = (cell_n * upper) @ membership.T / np.maximum(n, 1e-9)
    return np.asarray(np.where(n > 0, np.maximum(sure - mean - settings.margin, 0), 0.0))


def _release_weeks(in_baseline: Flags, deployed: Floats) -> Ints:
    """Return, per dimension, the weeks of its baseline for each week's worth of deployed changes.

    By changes and not by deployments: an emergency between two trains is no train.
    """
    counts = in_baseline * deployed[:, None, :]
    worth = counts.sum(axis=2) ** 2 / np.maximum((counts**2).sum(axis=2), 1e-9)
    weeks = np.where(worth > 0, in_baseline.sum(axis=2) / np.maximum(worth, 1e-9), 1)
    return np.asarray(np.clip(np.rint(weeks), 1, _LONGEST_RELEASE), dtype=np.int64)


def _within_week(
    in_baseline: Flags, counts: Floats, residual: Floats, variance: Floats, settings: DriftSettings
) -> tuple[Floats, Floats]:
    """Return the usual number of marks in a week and the correlation of marks within a week.

    The correlation comes from differences between successive weeks, so that slow wander does not inflate it, and is
    drawn towards the dimension's assumed value.
    """
    shape = counts.shape[:2]
    assumed = np.array([dimension.within_week for dimension in DIMENSIONS])
    excess, lever, pairs = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    last_rate, last_variance, last_count = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    used = in_baseline & (counts > 0) & (variance > 0)
    for week in range(counts.shape[2]):
        here = used[:, :, week]
        weight = np.where(here, variance[:, :, week], 1.0)
        rate, count = residual[:, :, week] / weight, counts[:, :, week]
        both = here & (last_variance > 0)
        before = np.where(both, last_variance, 1.0)
        scale = 1 / (1 / weight + 1 / before)
        excess += np.where(both, scale * (rate - last_rate) ** 2 - 1, 0)
        lever += np.where(both, scale * ((count - 1) / weight + (last_count - 1) / before), 0)
        pairs += both
        last_rate = np.where(here, rate, last_rate)
        last_variance = np.where(here, weight, last_variance)
        last_count = np.where(here, count, last_count)
    raw = np.clip(excess / np.maximum(lever, 1e-9), -0.5, 1)
    told = pairs * np.minimum(lever / np.maximum(pairs, 1), _COMPANY) / _COMPANY
    prior = settings.correlation_weeks
    correlation = np.clip((raw * told + assumed * prior) / (told + prior), 0, _HIGHEST_CORRELATION)
    weeks = np.maximum((in_baseline & (counts > 0)).sum(axis=2), 1)
    return np.asarray((counts * in_baseline).sum(axis=2) / weeks), np.asarray(correlation)


def reference_rate(upper: Floats, wander: Floats, settings: DriftSettings) -> Floats:
    """Return the rate a rise is judged against: the upper bound plus the margin, or plus the team's own wander.

    Args:
        upper: Upper bounds, any shape.
        wander: Slow wander on the logit beyond the tolerance, of a shape that fits.
        settings: The numbers that decide.
    """
    odds = upper / (1 - upper) * np.exp(settings.wander_quantile * wander)
    return np.asarray(np.minimum(np.maximum(upper + settings.margin, odds / (1 + odds)), 1.0))
