"""What is known about each team on the last day, and the plain facts read off it: state, level, what moved first.

Owns the states and which dimension is named. Refuses to compute evidence (the detector's) and to phrase anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from models.drift.baseline import Baseline
from models.drift.detector import HIGHEST_REFERENCE, Detection
from models.drift.levels import Levels, Limits, wilson
from models.drift.settings import DriftSettings
from models.drift.weeks import Flags, Floats, Ints, Marks

NOT_ENOUGH_DATA, STABLE, MOVING, DRIFTING = "not enough data", "stable", "moving", "drifting"
NEVER_APART = 0.9
STATES = (NOT_ENOUGH_DATA, STABLE, MOVING, DRIFTING)


@dataclass(frozen=True)
class Judgement:
    """Everything that is known about all subjects, on the last day; arrays as in the classes they come from."""

    marks: Marks
    baseline: Baseline
    detection: Detection
    levels: Levels
    limits: Limits
    reference: Floats
    wander: Floats
    onset: Ints
    settings: DriftSettings


def day_of(marks: Marks, day: int) -> date | None:
    """Return the date of a day of the marks; ``None`` for never."""
    return marks.first_monday + timedelta(days=day) if day >= 0 else None


def state_of(judged: Judgement, place: int) -> str:
    """Return the state of a subject in one of the four words."""
    detection = judged.detection
    if detection.alarm[place] >= 0 and detection.recovered[place] < detection.alarm[place]:
        return DRIFTING
    if not detection.weeks_watched[place] or is_mostly_silent(judged, place) or not recent_marks(judged, place).any():
        return NOT_ENOUGH_DATA
    return MOVING if judged.limits.is_outside[place] else STABLE


def is_mostly_silent(judged: Judgement, place: int) -> bool:
    """Whether most of the trailing weeks are left out as a data gap."""
    return bool(judged.marks.censored[place, -judged.settings.level_weeks :].mean() > 0.5)


def recent_marks(judged: Judgement, place: int) -> Floats:
    """Return the marks of each watched dimension over the trailing weeks."""
    recent = slice(-judged.settings.level_weeks, None)
    watched = judged.baseline.watched[place, :, recent] & judged.baseline.is_watched[place, :, None]
    return np.asarray((judged.baseline.counts[place, :, recent] * watched).sum(axis=1))


def cannot_rise(judged: Judgement, place: int) -> Flags:
    """Return the watched dimensions whose reference rate leaves no room for a rise, so that none can be judged."""
    with np.errstate(invalid="ignore"):
        return np.asarray(judged.baseline.is_watched[place] & (judged.reference[place] >= HIGHEST_REFERENCE))


def first_named(judged: Judgement, place: int, state: str) -> int:
    """Return the dimension with most of the evidence, for a drift at its alarm; where none is judged, none."""
    if state == DRIFTING:
        return int(judged.detection.named[place])
    evidence = np.where(cannot_rise(judged, place), np.nan, judged.detection.evidence[place])
    evidence = evidence * judged.settings.weight_array()
    if state == NOT_ENOUGH_DATA or np.isnan(evidence).all():
        return -1
    recent = np.where(recent_marks(judged, place) > 0, evidence, np.nan)
    return int(np.nanargmax(evidence if np.isnan(recent).all() else recent))


def is_never_apart(rate: float) -> bool:
    """Whether a baseline rate says that the two never were two."""
    return rate >= NEVER_APART


def _why_no_rise(rate: float) -> str:
    share = f"missing in {100 * rate:.0f} % of the baseline"
    return share if is_never_apart(rate) else f"{share}, and moves too far by itself"


def level_of(judged: Judgement, place: int, dimension: int, onset: int) -> tuple[float, float, float, int]:
    """Return the level since the onset; without one, over the trailing weeks."""
    if dimension < 0:
        return np.nan, np.nan, np.nan, 0
    if onset < 0:
        levels = judged.levels
        n = levels.n[place, dimension, -1]
        return (
            levels.level[place, dimension, -1],
            levels.low[place, dimension, -1],
            levels.high[place, dimension, -1],
            int(n),
        )
    n = judged.baseline.counts[place, dimension, onset:].sum()
    x = judged.baseline.observed[place, dimension, onset:].sum()
    low, high = wilson(np.array([x]), np.array([n]), judged.baseline.dispersion()[place, dimension : dimension + 1])
    return float(x / n) if n else np.nan, float(low[0]), float(high[0]), int(n)


def why_not_judged(judged: Judgement, place: int, dimension: int) -> str:
    """Return why nothing can be said of a dimension; nothing if something can."""
    baseline, settings = judged.baseline, judged.settings
    if baseline.is_watched[place, dimension]:
        if not recent_marks(judged, place)[dimension]:
            return f"no marks in the last {settings.level_weeks} weeks"
        return _why_no_rise(baseline.rate[place, dimension]) if cannot_rise(judged, place)[dimension] else ""
    n, weeks = int(baseline.marks[place, dimension]), int(baseline.weeks[place, dimension].sum())
    if not n:
        return "no marks in the baseline"
    if judged.marks.subjects[place].end is None and weeks < settings.baseline_weeks:
        return f"{weeks} of {settings.baseline_weeks} baseline weeks"
    if n < settings.minimum_marks:
        return f"{n} mark{'' if n == 1 else 's'} in the baseline, {settings.minimum_marks} needed"
    return "no week after the baseline yet"


def gap_reason(marks: Marks, place: int) -> str:
    """Return the reason of the latest censored week."""
    weeks = [week for week in np.flatnonzero(marks.source_silent[place]) if (place, int(week)) in marks.reasons]
    return marks.reasons[place, int(weeks[-1])] if weeks else ""
