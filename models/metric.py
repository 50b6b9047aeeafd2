"""What a metric is and what asking for one returns. Knows neither SQL nor the dashboard."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["rate", "duration", "survival", "count", "ratio"]


class MetricDefinition(BaseModel):
    """A metric's header: how its contributing records become one value.

    Kinds: ``rate`` = records in the numerator ÷ records, within [0, 1]; ``duration`` = a quantile of values, seconds;
    ``survival`` = the Kaplan–Meier median of values, seconds, records outside the numerator being censored at theirs;
    ``count`` = records in the numerator; ``ratio`` = sum of values ÷ records, which may exceed 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label: str
    description: str
    unit: Literal["ratio", "seconds", "count"]
    kind: Kind
    better: Literal["lower", "higher", "neither"]
    statistic: Literal["share", "median", "kaplan_meier", "count", "ratio"]
    minimum_sample: Annotated[int, Field(ge=1)] = 10
    dated_by: str
    source: str
    absent_reason: str = "no records in the period"


class MetricValue(BaseModel):
    """One metric for one group and period.

    Args:
        value: The metric, ``None`` when undefined; a rate lies within [0, 1], a duration is in seconds.
        numerator: Records that count towards the event; ``None`` for durations.
        denominator: Records that were judged.
        excluded: Records left out, by reason.
        low: Lower end of the Wilson 95 % interval, for rates.
        high: Upper end of it.
        p90: 90th percentile, for durations.
        is_enough: Whether the denominator reaches the metric's minimum sample.
        note: Why the value is undefined or not to be judged, for people.
    """

    model_config = ConfigDict(frozen=True)

    metric: str
    label: str
    unit: str
    group: dict[str, str | None] = {}
    value: float | None
    numerator: int | None
    denominator: int
    excluded: dict[str, int] = {}
    low: float | None = None
    high: float | None = None
    p90: float | None = None
    is_enough: bool
    note: str = ""


def wilson_interval(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float] | None:
    """Return the Wilson score interval of a proportion, or ``None`` for no trials.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158).
    """
    if trials == 0:
        return None
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # At none and at all the interval ends exactly there; rounding must not put it on the wrong side of the share.
    low = 0.0 if successes == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if successes == trials else min(1.0, (centre + spread) / scale)
    return low, high


def percent(share: float) -> str:
    """Return a share as a percentage, one decimal below ten.

    What is not none is never ``0 %``, and what is not all never ``100 %``.
    """
    exact = share * 100
    near = round(exact, 1)
    if exact != 0 and near == 0:
        return "under 0.1 %"
    if exact < 100 <= near:
        return "over 99.9 %"
    digits = 0 if near == round(near) or (abs(near) >= 10 and round(exact) != 100) else 1
    return f"{exact:.{digits}f} %"


def sample_note(definition: MetricDefinition, denominator: int, excluded: dict[str, int]) -> str:
    """Return why a value is undefined or too thin to judge; empty when it may be judged."""
    if denominator == 0:
        # Packs hold these words, and a check by the version that made them compares them.
        return f"undefined: {definition.absent_reason}" + (f"; left out: {left_out(excluded)}" if excluded else "")
    if denominator < definition.minimum_sample:
        return f"too few to judge (n = {denominator})"
    return ""


def left_out(excluded: Mapping[str, int], shown: Callable[[str], str] = str) -> str:
    """Return the records that a metric leaves out by reason, most first: ``no approval recorded (1,027); pending (5)``.

    Reasons hold commas and colons of their own, and read the same of one record and of many.

    Args:
        excluded: Records by reason.
        shown: How a reason is written where the words go.
    """
    by_count = sorted(excluded.items(), key=lambda one: (-one[1], one[0]))
    return "; ".join(f"{shown(reason)} ({count:,})" for reason, count in by_count)
