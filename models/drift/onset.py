"""When a drift began: the start that makes the evidence largest, refined on the weekly series with ``ruptures``.

Owns the dating of a change that is already established. Refuses to decide whether there is one.
"""

from __future__ import annotations

import numpy as np

from models.drift.weeks import Flags, Floats

_SHORTEST = 2


def likeliest_start(log_bets: Floats, watched: Flags, alarm_week: int) -> int:
    """Return the week from which the bets up to the alarm gained most.

    Args:
        log_bets: (week,) log of each week's bet for the alternative that gained most.
        watched: (week,) weeks that were watched.
        alarm_week: Week of the alarm.
    """
    weeks = np.flatnonzero(watched[: alarm_week + 1])
    if not len(weeks):
        return alarm_week
    gain = np.cumsum(log_bets[weeks][::-1])[::-1]
    return int(weeks[int(np.argmax(gain))])


def refined_start(
    observed: Floats, expected: Floats, variance: Floats, usable: Flags, start: int, last_week: int, reach: int
) -> int:
    """Return where the weekly series steps up or begins to rise near ``start``, whichever fits better.

    Args:
        observed: (week,) marks with x = 1.
        expected: (week,) the same at the baseline's rates.
        variance: (week,) binomial variance at the baseline's rates.
        usable: (week,) weeks of the baseline and watched weeks.
        start: Where the evidence began to gain.
        last_week: The last week that was over at the alarm.
        reach: Weeks before ``start`` that are looked at.
    """
    weeks = np.flatnonzero(usable & (variance > 0))
    weeks = weeks[(weeks >= start - reach) & (weeks <= last_week)]
    if len(weeks) < 2 * _SHORTEST + 1:
        return start
    weight = variance[weeks]
    value = (observed[weeks] - expected[weeks]) / weight
    # The library brings all of scipy's statistics along; most builds have no drift to date.
    from models.drift.step import likeliest_step

    step, step_cost = likeliest_step(value, weight, _SHORTEST)
    bend, bend_cost = _bend(weeks.astype(np.float64), value, weight)
    return int(weeks[bend if bend_cost < step_cost else step])


def _bend(week: Floats, value: Floats, weight: Floats) -> tuple[int, float]:
    """Return the week from which a steady rise fits best, and its cost: a drift may begin as a ramp, not as a step."""
    best, best_cost = 0, np.inf
    for place in range(len(week) - _SHORTEST):
        rise = np.maximum(week - week[place], 0.0)
        design = np.stack([np.ones_like(rise), rise], axis=1) * np.sqrt(weight)[:, None]
        fit, _, _, _ = np.linalg.lstsq(design, value * np.sqrt(weight), rcond=None)
        cost = float(((value - fit[0] - fit[1] * rise) ** 2 * weight).sum())
        if fit[1] > 0 and cost < best_cost:
            best, best_cost = place, cost
    return best, best_cost
