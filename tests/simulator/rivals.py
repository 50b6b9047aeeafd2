"""Ways to find drift that the detector is compared with on the same teams, and bets that were tried instead of its own.

Owns the rivals. Refuses to score them (``trial`` does). PM4Py's concept drift is not here: its licence keeps it out
of this project.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import betaincinv, gammaln, ndtr

from models.drift.baseline import Baseline, fit_baseline, reference_rate
from models.drift.detector import Bets, place_bets
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS, DriftSettings
from models.drift.wander import wander_by_week
from models.drift.weeks import Floats, Marks
from tests.simulator.marks import Cohort
from tests.simulator.regimes import BASELINE_WEEKS, CELLS
from tests.simulator.trial import Alarms, Method

_MONTH = 4  # weeks
_OVERLAP_LIMIT, _OVERLAP_WEEKS, _OVERLAP_MARKS = 0.3, 8, 10
_GAP_FALL, _GAP_WEEKS = 0.5, 8
_P_VALUE = 0.05


def owner_overlap(cohort: Cohort) -> Alarms:
    """Alarm when approver and deployer are the same in more than a fixed share of the last eight weeks' changes."""
    cells = [k for k, (dimension, _) in enumerate(CELLS) if dimension == "owners"]
    n, x = (_trailing(_weekly(values[:, cells].sum(axis=1)), _OVERLAP_WEEKS) for values in (cohort.n, cohort.x))
    over = (n >= _OVERLAP_MARKS) & (x > _OVERLAP_LIMIT * n)
    return _first(over, np.full(over.shape, DIMENSION_NAMES.index("owners")))


def gap_median(cohort: Cohort) -> Alarms:
    """Alarm when the time from decision to deployment has halved against the baseline."""
    usual = np.median(cohort.gap_hours[:, :BASELINE_WEEKS], axis=1)
    recent = _trailing(cohort.gap_hours, _GAP_WEEKS) / _GAP_WEEKS
    under = recent < _GAP_FALL * usual[:, None]
    return _first(under, np.full(under.shape, -1))


def monthly_tests(cohort: Cohort) -> Alarms:
    """Alarm when a month's rate is above the baseline's: two-proportion tests with Bonferroni's bound."""
    weeks = cohort.n.shape[2] // 7
    months = (weeks - BASELINE_WEEKS) // _MONTH
    level = _P_VALUE / (len(DIMENSIONS) * months)
    alarm = np.zeros((len(cohort.names), weeks), dtype=bool)
    named = np.zeros((len(cohort.names), weeks), dtype=np.int64)
    smallest = np.ones((len(cohort.names), weeks))
    for place, dimension in enumerate(DIMENSION_NAMES):
        cells = [k for k, (name, _) in enumerate(CELLS) if name == dimension]
        n, x = (_weekly(values[:, cells].sum(axis=1)).astype(np.float64) for values in (cohort.n, cohort.x))
        before_n, before_x = n[:, :BASELINE_WEEKS].sum(axis=1), x[:, :BASELINE_WEEKS].sum(axis=1)
        for month in range(months):
            span = slice(BASELINE_WEEKS + _MONTH * month, BASELINE_WEEKS + _MONTH * (month + 1))
            now_n, now_x = n[:, span].sum(axis=1), x[:, span].sum(axis=1)
            pooled = (before_x + now_x) / np.maximum(before_n + now_n, 1)
            error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(before_n, 1) + 1 / np.maximum(now_n, 1)))
            rise = now_x / np.maximum(now_n, 1) - before_x / np.maximum(before_n, 1)
            p_value = np.where((before_n >= 12) & (now_n > 0), ndtr(-rise / np.maximum(error, 1e-9)), 1.0)
            week = span.stop - 1
            better = p_value < smallest[:, week]
            smallest[better, week], named[better, week] = p_value[better], place
            alarm[:, week] |= p_value < level
    return _first(alarm, named)


def _weekly(daily: Floats) -> Floats:
    return np.asarray(daily.reshape(len(daily), -1, 7).sum(axis=2), dtype=np.float64)


def _trailing(weekly: Floats, weeks: int) -> Floats:
    total = np.concatenate([np.zeros((len(weekly), 1)), np.cumsum(weekly, axis=1)], axis=1)
    end = np.arange(1, weekly.shape[1] + 1)
    return np.asarray(total[:, end] - total[:, np.maximum(end - weeks, 0)])


def _first(alarm: np.typing.NDArray[np.bool_], named: np.typing.NDArray[np.int64]) -> Alarms:
    alarm = alarm.copy()
    alarm[:, :BASELINE_WEEKS] = False
    any_alarm = alarm.any(axis=1)
    week = np.argmax(alarm, axis=1)
    rows = np.arange(len(alarm))
    return Alarms(np.where(any_alarm, 7 * week + 6, -1), np.where(any_alarm, named[rows, week], -1), any_alarm)


def weekly_cap_alone(marks: Marks, settings: DriftSettings) -> Baseline:
    """Fit the baseline as if every team released every week, so that bets are capped by the week alone."""
    baseline = fit_baseline(marks, settings)
    return replace(baseline, release_weeks=np.ones_like(baseline.release_weeks))


def without_correlation(marks: Marks, settings: DriftSettings) -> Baseline:
    """Fit the baseline with the overdispersion of weekly counts (Pearson) in place of a correlation within weeks.

    Counts are taken as dispersed to the same degree whatever their number, and marks of the baseline as the
    prototype took them.
    """
    baseline = fit_baseline(marks, settings)
    used = baseline.weeks & (baseline.counts > 0)
    weeks = np.maximum(used.sum(axis=2), 2)
    square = (baseline.observed - baseline.expected) ** 2 / np.maximum(baseline.variance, 1e-9)
    phi = np.maximum(np.where(used, square, 0).sum(axis=2) / (weeks - 1), 1.0)
    usual = np.maximum(baseline.usual, 1.0)
    return replace(baseline, correlation=(phi - 1) / np.maximum(usual - 1, 1e-9))


def constant_dispersion(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place bets deflated by one number per team and dimension, also on days with more marks than a usual week."""
    phi = np.where(baseline.usual > 1, baseline.dispersion(), 1.0)
    plain = strata_together(marks, replace(baseline, correlation=np.zeros_like(phi)), wander, settings)
    return replace(plain, log_bets=plain.log_bets / phi[:, plain.of, None, None])


def strata_together(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place bets on all strata of a dimension at once only, as if none could stay while the others move."""
    plain = place_bets(marks, baseline, wander, settings)
    return replace(plain, log_bets=plain.log_bets[:, : len(DIMENSIONS)], of=plain.of[: len(DIMENSIONS)])


def falls_as_news(baseline: Baseline, settings: DriftSettings) -> Floats:
    """Return the wander that is learnt if one block in a hundred may be a real fall, instead of one in a thousand."""
    return wander_by_week(baseline, settings, falls=0.01)


def own_spread(baseline: Baseline, settings: DriftSettings) -> Floats:
    """Return the spread of a dimension's own weekly rates in the baseline, on the logit, as if it were slow wander."""
    rate = np.clip(np.nan_to_num(baseline.rate, nan=0.5), 0.02, 0.98)
    spread = np.sqrt(baseline.correlation / (rate * (1 - rate)))
    return np.repeat(spread[:, :, None], baseline.counts.shape[2], axis=2)


def between_teams(marks: Marks, settings: DriftSettings) -> Baseline:
    """Fit baselines that borrow from the other teams' rates of the dimension (one Beta each, method of moments)."""
    baseline = fit_baseline(marks, settings)
    dispersion = baseline.dispersion()
    size = baseline.marks / dispersion
    upper = baseline.upper.copy()
    for dimension in range(len(DIMENSIONS)):
        known = baseline.marks[:, dimension] >= settings.minimum_marks
        cells = np.flatnonzero(marks.cell_dimension == dimension)
        if known.sum() < 3 or len(cells) != 1:
            continue
        rate, n = baseline.rate[known, dimension], size[known, dimension]
        mean = float(rate.mean())
        between = max(float(rate.var()) - float((mean * (1 - mean) / n).mean()), 1e-4)
        strength = float(np.clip(mean * (1 - mean) / between - 1, 2, 30))
        hits = np.nan_to_num(baseline.rate[:, dimension]) * size[:, dimension]
        bound = betaincinv(strength * mean + hits, strength * (1 - mean) + size[:, dimension] - hits, settings.quantile)
        upper[:, cells[0]] = np.where(baseline.marks[:, dimension] > 0, bound, upper[:, cells[0]])
    return replace(baseline, upper=upper)


@np.errstate(divide="ignore", invalid="ignore")
def beta_binomial(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place bets by the beta-binomial likelihood of the week so far instead of deflating the binomial one."""
    plain = strata_together(marks, baseline, wander, settings)
    n, x, allowed = _so_far(marks, baseline, wander, settings)
    reference = np.where(n > 0, allowed / np.maximum(n, 1e-12), 0.5)
    correlation = np.maximum(baseline.correlation, 0.003)[:, :, None, None]
    log_bets = np.empty_like(plain.log_bets)
    null = _beta_binomial(x, n, reference, correlation)
    for k, way in enumerate(settings.alternatives):
        gain = _beta_binomial(x, n, reference + way * (1 - reference), correlation) - null
        gain = np.minimum(np.where(n > 0, gain, 0.0), settings.weekly_cap)
        log_bets[:, :, :, k] = np.diff(gain, axis=3, prepend=0.0).reshape(log_bets.shape[:3])
    return replace(plain, log_bets=log_bets)


def _beta_binomial(x: Floats, n: Floats, rate: Floats, correlation: Floats) -> Floats:
    size = (1 - correlation) / correlation
    a, b = rate * size, (1 - rate) * size
    return np.asarray(gammaln(x + a) - gammaln(a) + gammaln(n - x + b) - gammaln(b))


def _so_far(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> tuple[Floats, Floats, Floats]:
    """Return (subject, dimension, week, day) marks, marks with x = 1 and allowed ones since the week began."""
    subjects, dimensions, weeks = baseline.counts.shape
    dimension, week = marks.cell_dimension[marks.cell], marks.day // 7
    kept = baseline.watched[marks.subject, dimension, week] & baseline.is_watched[marks.subject, dimension]
    subject, dimension, week = marks.subject[kept], dimension[kept], week[kept]
    reference = reference_rate(baseline.upper[subject, marks.cell[kept]], wander[subject, dimension, week], settings)
    place = (subject * dimensions + dimension) * 7 * weeks + marks.day[kept]
    sums = [
        np.bincount(place, weights=values, minlength=subjects * dimensions * 7 * weeks).reshape(
            subjects, dimensions, weeks, 7
        )
        for values in (marks.n[kept], marks.x[kept], marks.n[kept] * reference)
    ]
    n, x, allowed = (np.cumsum(values, axis=3) for values in sums)
    return np.asarray(n), np.asarray(x), np.asarray(allowed)


def weekly_bets(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place one bet per week, on its last day."""
    plain = place_bets(marks, baseline, wander, settings)
    weekly = plain.log_bets.reshape(*plain.log_bets.shape[:2], -1, 7, plain.log_bets.shape[3])
    late = np.zeros_like(weekly)
    late[:, :, :, 6] = weekly.sum(axis=3)
    return replace(plain, log_bets=late.reshape(plain.log_bets.shape))


def agrapa(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place bets on each day's share by aGRAPA: the stake follows mean and variance of the days so far."""
    return _staked(marks, baseline, wander, settings, newton=False)


def newton_steps(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings) -> Bets:
    """Place bets on each day's share by online Newton steps (ONS) on the stake."""
    return _staked(marks, baseline, wander, settings, newton=True)


def _staked(marks: Marks, baseline: Baseline, wander: Floats, settings: DriftSettings, *, newton: bool) -> Bets:
    plain = strata_together(marks, baseline, wander, settings)
    n, x, allowed = (np.diff(values, axis=3, prepend=0.0) for values in _so_far(marks, baseline, wander, settings))
    n, x, allowed = (values.reshape(plain.log_bets.shape[:3]) for values in (n, x, allowed))
    start = np.clip(np.nan_to_num(baseline.rate, nan=0.1), 0.02, 0.95)
    size, first, second = (4.0 * value for value in (np.ones_like(start), start, start**2 + 0.03))
    stake, curvature = np.zeros_like(start), np.ones_like(start)
    logs = np.zeros(n.shape)
    for day in range(n.shape[2]):
        has = n[:, :, day] > 0
        share = np.where(has, x[:, :, day] / np.maximum(n[:, :, day], 1e-9), 0.0)
        reference = np.where(has, allowed[:, :, day] / np.maximum(n[:, :, day], 1e-9), 0.5)
        if not newton:
            edge = first / size - reference
            stake = np.clip(
                edge / (np.maximum(second / size - (first / size) ** 2, 1e-3) + edge**2), 0, 0.5 / reference
            )
        stake = np.minimum(stake, 0.5 / reference)
        payoff = share - reference
        logs[:, :, day] = np.where(has, np.log1p(stake * payoff), 0.0)
        if newton:
            slope = -payoff / (1 + stake * payoff)
            curvature = curvature + np.where(has, slope**2, 0)
            stake = np.clip(stake - np.where(has, 2 / (2 - np.log(3)) * slope / curvature, 0), 0, 0.5 / reference)
        size, first, second = (
            np.where(has, 0.97 * total + gain, total)
            for total, gain in ((size, 1.0), (first, share), (second, share**2))
        )
    weekly = np.minimum(np.cumsum(logs.reshape(*logs.shape[:2], -1, 7), axis=3), settings.weekly_cap)
    capped = np.diff(weekly, axis=3, prepend=0.0).reshape(logs.shape)
    return replace(plain, log_bets=np.repeat(capped[..., None], len(settings.alternatives), axis=3))


_NEVER, _NOTHING = 1e6, 1e-6


def alternatives() -> tuple[Method, ...]:
    """Return what was tried, the chosen method first."""
    chosen = DriftSettings()

    def changed(**values: object) -> DriftSettings:
        return DriftSettings.model_validate(chosen.model_dump() | values)

    alike = dict.fromkeys(DIMENSION_NAMES, 1.0)
    prototype = changed(quantile=0.7, sure_quantile=_NOTHING, weekly_cap=_NEVER, wander_quantile=0.0, weights=alike)
    return (
        Method("chosen"),
        Method(
            "prototype: one dispersion per team, no cap, no wander, quantile 0.7",
            prototype,
            without_correlation,
            place=constant_dispersion,
        ),
        Method("prototype with a correlation within weeks", prototype, place=strata_together),
        Method(
            "the same with the weekly cap",
            changed(quantile=0.7, sure_quantile=_NOTHING, wander_quantile=0.0, weights=alike),
            weekly_cap_alone,
            place=strata_together,
        ),
        Method(
            "the method before",
            changed(sure_quantile=_NOTHING, weights=alike, quantile=0.6, wander_quantile=3.2),
            weekly_cap_alone,
            wander=falls_as_news,
            place=strata_together,
        ),
        Method("all strata of bare decisions together", place=strata_together),
        Method("every dimension weighs the same", changed(weights=alike)),
        Method("a fall is no wander either", wander=falls_as_news),
        Method("few marks not made sure of", changed(sure_quantile=_NOTHING)),
        Method("cap by the week, however rarely released", fit=weekly_cap_alone),
        Method("few marks made sure of to 0.95", changed(sure_quantile=0.95)),
        Method("few marks made sure of to 0.95, margin 0.03", changed(sure_quantile=0.95, margin=0.03)),
        Method("no wander", changed(wander_quantile=0.0)),
        Method(
            "wander from the dimension's own weekly spread, one deviation",
            changed(wander_quantile=1.0),
            wander=own_spread,
        ),
        Method("wander from the team alone", changed(pool_wander=False)),
        Method("wander 3.2 deviations", changed(wander_quantile=3.2)),
        Method("wander 4 deviations", changed(wander_quantile=4.0)),
        Method("no cap", changed(weekly_cap=_NEVER)),
        Method("cap 1.5", changed(weekly_cap=1.5)),
        Method("cap 3", changed(weekly_cap=3.0)),
        Method("quantile 0.6", changed(quantile=0.6)),
        Method("quantile 0.7", changed(quantile=0.7)),
        Method("quantile 0.8", changed(quantile=0.8)),
        Method("margin 0.03", changed(margin=0.03)),
        Method("margin 0.08", changed(margin=0.08)),
        Method("three alternatives", changed(alternatives=(0.1, 0.3, 0.6))),
        Method("alternatives near the reference", changed(alternatives=(0.1, 0.2, 0.3, 0.45))),
        Method("baselines borrow from other teams", fit=between_teams),
        Method("one bet a week", place=weekly_bets),
        Method("beta-binomial bets", place=beta_binomial),
        Method("aGRAPA bets on daily shares", place=agrapa),
        Method("online Newton bets on daily shares", place=newton_steps),
    )
