"""How far a team's rates wander by themselves, learnt from its other dimensions and from the organisation's teams.

A rise is only news if the team's *other* rates do not move as far. So each dimension's allowance is learnt from the
other dimensions of the team, from blocks of weeks that are over: a drift neither hides itself nor is judged with
knowledge of later weeks.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from models.drift.baseline import Baseline
from models.drift.settings import DriftSettings
from models.drift.weeks import Flags, Floats

# Standard deviations on the logit that are tried; 0 means the rates stay where the baseline found them.
GRID = np.array([0.0, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.36, 0.42, 0.5, 0.6, 0.75, 0.95, 1.2])
_STILL = 0.7  # share of teams whose rates stay, before any team has been seen
_PRIOR_TEAMS = 2.0
_WITHIN_BASELINE = 0.25  # blocks of the baseline stray less: it is their own mean that they are compared with
# Shares of blocks that are a real rise or fall, and tell nothing about wander. A rate that rises may have drifted; what
# was one is seldom taken apart, so a rate that falls has wandered.
_RISES, FALLS = 0.05, 0.001
_LOWEST_RATE, _HIGHEST_RATE = 0.005, 0.97
_EM_STEPS = 60  # few marks a block tell little, so it takes its time


def wander_by_week(baseline: Baseline, settings: DriftSettings, falls: float = FALLS) -> Floats:
    """Return (subject, dimension, week) the wander beyond the tolerance, as known before that week began.

    Args:
        baseline: The subjects.
        settings: The numbers that decide.
        falls: Share of blocks that are a real fall, and tell nothing about wander.
    """
    subjects, dimensions, weeks = baseline.counts.shape
    wander = np.zeros((subjects, dimensions, weeks))
    if settings.wander_quantile == 0 or not baseline.watched.any():
        return wander
    length = settings.wander_weeks
    dispersion = baseline.dispersion()
    baseline_variance = (baseline.variance * baseline.weeks).sum(axis=2)
    beyond = np.sqrt(np.maximum(GRID**2 - settings.wander_tolerance**2, 0))
    running = np.zeros((subjects, dimensions, len(GRID)))
    complete = np.maximum.accumulate(baseline.watched, axis=2)
    newly_complete = set(np.flatnonzero(np.diff(complete.sum(axis=(0, 1)), prepend=0)).tolist())
    for week in range(weeks):
        if week >= length and week % length == 0:
            running += _block_likelihood(baseline, slice(week - length, week), dispersion, baseline_variance, falls)
        if week % length == 0 or week in newly_complete:
            known = np.where(complete[:, :, week, None], running, 0.0)
            current = _posterior(known, settings.pool_wander) @ beyond
        wander[:, :, week] = current
    return wander


def _block_likelihood(
    baseline: Baseline, weeks: slice, dispersion: Floats, baseline_variance: Floats, falls: float
) -> Floats:
    of_baseline: Flags = np.asarray(baseline.weeks[:, :, weeks].any(axis=2), dtype=bool)
    known = (of_baseline | baseline.watched[:, :, weeks].any(axis=2)) & baseline.is_watched
    use = np.where(of_baseline[:, :, None], baseline.weeks[:, :, weeks], baseline.watched[:, :, weeks])
    n = (baseline.counts[:, :, weeks] * use).sum(axis=2)
    x = (baseline.observed[:, :, weeks] * use).sum(axis=2)
    expected = (baseline.expected[:, :, weeks] * use).sum(axis=2)
    variance = (baseline.variance[:, :, weeks] * use).sum(axis=2)
    known &= n > 0
    rate = np.clip(expected / np.maximum(n, 1e-9), _LOWEST_RATE, _HIGHEST_RATE)
    own_share = np.where(of_baseline, np.minimum(variance / np.maximum(baseline_variance, 1e-9), 0.5), 0.0)
    weight = 1 / (dispersion * (1 - own_share))
    of_mean = np.where(of_baseline, 0.0, dispersion / np.maximum(baseline_variance, 0.5))
    scale = np.where(of_baseline, _WITHIN_BASELINE, 1.0)
    rise = np.log(_RISES) + _beta_binomial(x * weight, n * weight, rate + 0.5 * (1 - rate), np.full(rate.shape, 0.3))
    fall = np.log(falls) + _beta_binomial(x * weight, n * weight, rate, np.full(rate.shape, 0.5))
    other = np.logaddexp(rise, fall)
    result = np.zeros((*rate.shape, len(GRID)))
    for place, spread in enumerate(GRID):
        correlation = np.minimum((scale * spread**2 + of_mean) * rate * (1 - rate), 0.9)
        here = np.log(1 - _RISES - falls) + _beta_binomial(x * weight, n * weight, rate, correlation)
        result[:, :, place] = np.where(known, np.logaddexp(here, other), 0.0)
    return result


def _beta_binomial(x: Floats, n: Floats, rate: Floats, correlation: Floats) -> Floats:
    """Return the log probability of ``x`` in ``n``, up to the binomial coefficient that is the same for all."""
    correlation = np.clip(correlation, 1e-4, 0.98)
    size = (1 - correlation) / correlation
    a, b = rate * size, (1 - rate) * size
    return np.asarray(gammaln(x + a) - gammaln(a) + gammaln(n - x + b) - gammaln(b) - gammaln(n + size) + gammaln(size))


def _posterior(likelihood: Floats, pooled: bool) -> Floats:
    """Return (subject, dimension, grid) what a subject's other dimensions let us believe of each one's wander."""
    prior = np.full(len(GRID), (1 - _STILL) / (len(GRID) - 1))
    prior[0] = _STILL
    whole = likelihood.sum(axis=1)
    # Subjects of which nothing is known yet tell nothing; with them, a team that joins later would restate the past.
    telling = whole[(whole != 0).any(axis=1)]
    if pooled and len(telling):
        start = prior
        evidence = np.exp(telling - telling.max(axis=1, keepdims=True))
        for _ in range(_EM_STEPS):
            belief = evidence * prior
            belief /= belief.sum(axis=1, keepdims=True)
            prior = (belief.sum(axis=0) + _PRIOR_TEAMS * start) / (len(telling) + _PRIOR_TEAMS)
    others = whole[:, None, :] - likelihood
    belief = np.exp(others - others.max(axis=2, keepdims=True)) * prior
    return np.asarray(belief / belief.sum(axis=2, keepdims=True))
