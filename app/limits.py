"""Process-behaviour limits (XmR chart): which weeks are a signal, and which are routine variation.

Owns the statistics and nothing else. Limits are the mean of the baseline, 2.66 times its mean moving range to either
side (Wheeler, "Understanding Variation"; 2.66 = 3 / 1.128). Two rules find a signal: one week outside the limits, or
eight weeks running on one side of the centre. Weeks with too few records are drawn but not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

WEEK_MINIMUM = 5
BASELINE_MINIMUM = 8
BASELINE_WEEKS = 26
RUN = 8
_SCALE = 2.66


@dataclass(frozen=True)
class Week:
    """One week of a metric: its Monday, value (``None`` = undefined), records judged, and whether it is over."""

    week: date
    value: float | None
    n: int
    is_complete: bool = True

    @property
    def is_judged(self) -> bool:
        """Whether the week counts for limits and signals."""
        return self.value is not None and self.n >= WEEK_MINIMUM and self.is_complete


@dataclass(frozen=True)
class Limits:
    """Centre and limits, from ``weeks`` baseline weeks; ``is_before`` when all of them precede the judged period."""

    centre: float
    lower: float
    upper: float
    weeks: int
    is_before: bool


@dataclass(frozen=True)
class Signal:
    """A week that is no routine variation, and by which rule."""

    week: date
    value: float
    is_high: bool
    rule: str


@dataclass(frozen=True)
class Behaviour:
    """A metric's weeks with limits and signals of the judged period; no limits when there is too little history."""

    weeks: tuple[Week, ...]
    limits: Limits | None
    signals: tuple[Signal, ...]

    @property
    def is_signal(self) -> bool:
        """Whether anything left its limits in the judged period."""
        return bool(self.signals)


def behaviour(
    weeks: Sequence[Week], judged_from: date, *, floor: float | None = 0.0, ceiling: float | None = None
) -> Behaviour:
    """Judge the weeks from ``judged_from`` on by limits of the weeks before it.

    With fewer than eight judged weeks before, all weeks make the limits, and ``Limits.is_before`` says so.

    Args:
        weeks: In order, at most one per week.
        judged_from: Monday of the first week to judge.
        floor: Natural lower bound of the metric; a lower limit below it is cut to it.
        ceiling: Natural upper bound.
    """
    usable = [w for w in weeks if w.is_judged]
    before = [w for w in usable if w.week < judged_from][-BASELINE_WEEKS:]
    is_before = len(before) >= BASELINE_MINIMUM
    found = limits_of([w.value for w in (before if is_before else usable) if w.value is not None], floor, ceiling)
    if found is None:
        return Behaviour(tuple(weeks), None, ())
    limits = Limits(*found, weeks=len(before if is_before else usable), is_before=is_before)
    return Behaviour(tuple(weeks), limits, tuple(_signals(usable, limits, judged_from, is_share=ceiling is not None)))


def limits_of(
    values: Sequence[float], floor: float | None = 0.0, ceiling: float | None = None
) -> tuple[float, float, float] | None:
    """Return (centre, lower, upper) of a baseline, or ``None`` for fewer than eight values."""
    if len(values) < BASELINE_MINIMUM:
        return None
    centre = sum(values) / len(values)
    moving = sum(abs(b - a) for a, b in pairwise(values)) / (len(values) - 1)
    lower, upper = centre - _SCALE * moving, centre + _SCALE * moving
    return centre, lower if floor is None else max(floor, lower), upper if ceiling is None else min(ceiling, upper)


def _signals(usable: Sequence[Week], limits: Limits, judged_from: date, *, is_share: bool) -> list[Signal]:
    found: list[Signal] = []
    side, run = 0, 0
    for week in usable:
        value = week.value or 0.0
        now = (value > limits.centre) - (value < limits.centre)
        # Of an event so rare that a week is not expected to hold one, a week without it says nothing.
        if now < 0 and is_share and limits.centre * week.n < 1:
            now = 0
        run = run + 1 if now == side and now != 0 else int(now != 0)
        side = now
        if week.week < judged_from:
            continue
        if value > limits.upper or value < limits.lower:
            found.append(Signal(week.week, value, value > limits.upper, "outside its limits"))
        elif run >= RUN:
            found.append(Signal(week.week, value, now > 0, f"{RUN} weeks running on one side of its centre"))
    return found
