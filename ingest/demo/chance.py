"""Seeded chance for the demo: the same seed and part give the same draws on every machine.

Owns distributions. Every part of the demo draws from a stream of its own, so that a change in one team's story does
not reshuffle the others.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Chance(random.Random):
    """Draws of one part of the demo."""

    def __init__(self, seed: int, part: str) -> None:
        super().__init__(f"{seed}:{part}")

    def happens(self, probability: float) -> bool:
        """Return true with this probability."""
        return self.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each as likely as the others."""
        return items[int(self.random() * len(items))]

    def among(self, weighted: Sequence[tuple[T, float]]) -> T:
        """Return one of the items by weight; the weights sum to one."""
        left = self.random()
        for item, weight in weighted:
            left -= weight
            if left < 0:
                return item
        return weighted[-1][0]

    def around(self, median: float, spread: float = 0.8) -> int:
        """Return whole seconds from a log-normal distribution with this median."""
        return max(1, int(median * math.exp(self.gauss(0.0, spread))))

    def count(self, mean: float) -> int:
        """Return a number of events from a Poisson distribution."""
        limit, product, events = math.exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            events += 1
        return events

    def sha(self) -> str:
        """Return what looks like a commit id."""
        return f"{self.getrandbits(160):040x}"


def ramp(week: float, onset: float, length: float, before: float, after: float) -> float:
    """Return a rate that moves from ``before`` to ``after`` over ``length`` weeks from ``onset`` on."""
    share = min(1.0, max(0.0, (week - onset) / length)) if length else float(week >= onset)
    return before + (after - before) * share


def rate(rates: Mapping[str, Any], name: str, week: float) -> float:
    """Return what a story's rate is in a week: its ``_before`` and ``_after``, moving from the onset on."""
    return ramp(
        week,
        float(rates["onset_week"]),
        float(rates["ramp_weeks"]),
        float(rates[f"{name}_before"]),
        float(rates[f"{name}_after"]),
    )
