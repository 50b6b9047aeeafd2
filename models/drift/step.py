"""Where one rate turns into another, found with ``ruptures``; imported only where a drift is dated.

Owns the cost of a step. Refuses to know weeks and teams.
"""

from __future__ import annotations

import numpy as np
import ruptures
from ruptures.base import BaseCost

from models.drift.weeks import Floats


class WeightedShift(BaseCost):  # type: ignore[misc]
    """Cost of a segment with one rate: squared deviations of weekly rates, weighted by what each week can tell."""

    model = "weighted_shift"
    min_size = 2

    def fit(self, signal: Floats) -> WeightedShift:
        """Take a (week, 2) signal: deviation from the expected rate on the logit, and its weight."""
        self.signal = np.asarray(signal, dtype=np.float64)
        value, weight = self.signal[:, 0], self.signal[:, 1]
        self._sums = np.concatenate(
            [np.zeros((1, 3)), np.cumsum(np.stack([weight, weight * value, weight * value**2], axis=1), axis=0)]
        )
        return self

    def error(self, start: int, end: int) -> float:
        """Return the cost of the weeks ``start`` to ``end``."""
        weight, first, second = self._sums[end] - self._sums[start]
        return float(second - first**2 / weight) if weight > 0 else 0.0


def likeliest_step(value: Floats, weight: Floats, shortest: int) -> tuple[int, float]:
    """Return the place at which one step fits best, and its cost.

    Args:
        value: (week,) deviation from the expected rate on the logit.
        weight: (week,) what each week can tell.
        shortest: Weeks that either side has at least.
    """
    cost = WeightedShift()
    search = ruptures.Dynp(custom_cost=cost, min_size=shortest, jump=1).fit(np.stack([value, weight], axis=1))
    step = int(search.predict(n_bkps=1)[0])
    return step, cost.error(0, step) + cost.error(step, len(value))
