"""What is said about each team: a state in honest words, what moved, since when, and a sentence for a leader.

Owns the words and the order of what is named. Refuses to compute evidence; that is the detector's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from models.drift.baseline import Baseline
from models.drift.detector import Detection, discoveries
from models.drift.levels import Levels, Limits, wilson
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS, DriftSettings
from models.drift.weeks import Floats, Ints, Marks

NOT_ENOUGH_DATA, STABLE, MOVING, DRIFTING = "not enough data", "stable", "moving", "drifting"
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


def findings_frame(judged: Judgement) -> pd.DataFrame:
    """Return one row per team and baseline."""
    current = np.array([subject.is_current for subject in judged.marks.subjects], dtype=bool)
    e_values = judged.detection.team_evidence / np.maximum(judged.detection.weeks_watched, 1)
    found = np.zeros(len(current), dtype=bool)
    found[current] = discoveries(e_values[current], judged.settings.false_discovery_rate)
    rows = [_finding(judged, place) | {"is_discovery": bool(found[place])} for place in range(len(current))]
    return _typed(rows, _FINDING_TYPES)


def dimensions_frame(judged: Judgement) -> pd.DataFrame:
    """Return one row per team, baseline and dimension."""
    rows = [
        _dimension_row(judged, place, dimension)
        for place in range(len(judged.marks.subjects))
        for dimension in range(len(DIMENSIONS))
    ]
    return _typed(rows, _DIMENSION_TYPES)


_BASELINE_TYPES = {
    "team": "str",
    "baseline_kind": "str",
    "baseline_start": "date",
    "baseline_end": "date",
    "baseline_note": "str",
    "is_current": "bool",
}
_FINDING_TYPES = {
    **_BASELINE_TYPES,
    "state": "str",
    "dimension": "str",
    "onset_week": "date",
    "alarm_date": "date",
    "recovered_on": "date",
    "first_alarm_date": "date",
    "baseline_rate": "float64",
    "reference_rate": "float64",
    "current_level": "float64",
    "low": "float64",
    "high": "float64",
    "n": "int64",
    "e_value": "float64",
    "threshold": "float64",
    **{f"e_{name}": "float64" for name in DIMENSION_NAMES},
    "is_discovery": "bool",
    "index": "float64",
    "index_limit_low": "float64",
    "index_limit_high": "float64",
    "weeks_watched": "int64",
    "weeks_censored": "int64",
    "gap_reason": "str",
    "sentence": "str",
}
_DIMENSION_TYPES = {
    **_BASELINE_TYPES,
    "dimension": "str",
    "state": "str",
    "reason": "str",
    "e_value": "float64",
    "baseline_rate": "float64",
    "baseline_n": "int64",
    "reference_rate": "float64",
    "current_level": "float64",
    "low": "float64",
    "high": "float64",
    "n": "int64",
    "wander": "float64",
    "dispersion": "float64",
}


def _typed(rows: list[dict[str, Any]], types: dict[str, str]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, kind in types.items():
        values = [row[name] for row in rows]
        if kind == "date":
            columns[name] = pd.Series(pd.to_datetime(pd.Series(values, dtype="object"))).astype("datetime64[s]")
        else:
            columns[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(columns)


def _baseline_period(judged: Judgement, place: int) -> tuple[date | None, date | None]:
    weeks = np.flatnonzero(judged.baseline.weeks[place].any(axis=0))
    if not len(weeks):
        return None, None
    first, last = judged.marks.monday(int(weeks[0])), judged.marks.monday(int(weeks[-1])) + timedelta(days=6)
    return first, min(last, judged.marks.as_of)


def _baseline_fields(judged: Judgement, place: int) -> dict[str, Any]:
    subject = judged.marks.subjects[place]
    start, end = _baseline_period(judged, place)
    return {
        "team": subject.team,
        "baseline_kind": subject.kind,
        "baseline_start": start,
        "baseline_end": end,
        "baseline_note": subject.note,
        "is_current": subject.is_current,
    }


def _finding(judged: Judgement, place: int) -> dict[str, Any]:
    detection, baseline = judged.detection, judged.baseline
    state = _state(judged, place)
    dimension = _first_named(judged, place, state)
    onset = int(judged.onset[place]) if state == DRIFTING else -1
    level, low, high, n = _level(judged, place, dimension, onset)
    return {
        **_baseline_fields(judged, place),
        "state": state,
        "dimension": DIMENSION_NAMES[dimension] if dimension >= 0 else None,
        "onset_week": judged.marks.monday(onset) if onset >= 0 else None,
        "alarm_date": _day(judged.marks, int(detection.alarm[place])),
        "recovered_on": _day(judged.marks, int(detection.recovered[place])),
        "first_alarm_date": _day(judged.marks, int(detection.first_alarm[place])),
        "baseline_rate": baseline.rate[place, dimension] if dimension >= 0 else np.nan,
        "reference_rate": judged.reference[place, dimension] if dimension >= 0 else np.nan,
        "current_level": level,
        "low": low,
        "high": high,
        "n": n,
        "e_value": detection.team_evidence[place],
        "threshold": judged.settings.run_length_weeks,
        **{f"e_{name}": detection.evidence[place, k] for k, name in enumerate(DIMENSION_NAMES)},
        "index": judged.limits.latest[place],
        "index_limit_low": judged.limits.low[place],
        "index_limit_high": judged.limits.high[place],
        "weeks_watched": int(detection.weeks_watched[place]),
        "weeks_censored": int(judged.marks.censored[place].sum()),
        "gap_reason": _gap_reason(judged.marks, place),
        "sentence": _sentence(judged, place, state, dimension, onset),
    }


def _day(marks: Marks, day: int) -> date | None:
    return marks.first_monday + timedelta(days=day) if day >= 0 else None


def _state(judged: Judgement, place: int) -> str:
    detection = judged.detection
    if detection.alarm[place] >= 0 and detection.recovered[place] < detection.alarm[place]:
        return DRIFTING
    if not detection.weeks_watched[place] or _mostly_silent(judged, place) or not _recent_marks(judged, place).any():
        return NOT_ENOUGH_DATA
    return MOVING if judged.limits.is_outside[place] else STABLE


def _mostly_silent(judged: Judgement, place: int) -> bool:
    return bool(judged.marks.censored[place, -judged.settings.level_weeks :].mean() > 0.5)


def _recent_marks(judged: Judgement, place: int) -> Floats:
    """Return the marks of each watched dimension over the trailing weeks."""
    recent = judged.baseline.counts[place, :, -judged.settings.level_weeks :]
    return np.asarray((recent * judged.baseline.watched[place, :, -judged.settings.level_weeks :]).sum(axis=1))


def _first_named(judged: Judgement, place: int, state: str) -> int:
    """Return the dimension with the largest e-value, for a drift at its alarm; where none is watched, none."""
    if state == DRIFTING:
        return int(judged.detection.named[place])
    evidence = judged.detection.evidence[place]
    if state == NOT_ENOUGH_DATA or np.isnan(evidence).all():
        return -1
    return int(np.nanargmax(evidence))


def _level(judged: Judgement, place: int, dimension: int, onset: int) -> tuple[float, float, float, int]:
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


def _dimension_row(judged: Judgement, place: int, dimension: int) -> dict[str, Any]:
    baseline = judged.baseline
    evidence, state = judged.detection.evidence[place, dimension], _state(judged, place)
    is_named = dimension == judged.detection.named[place]
    drifting = state == DRIFTING and (is_named or evidence >= judged.settings.run_length_weeks)
    reason = "" if drifting else _why_unwatched(judged, place, dimension)
    level, low, high, n = _level(judged, place, dimension, -1)
    return {
        **_baseline_fields(judged, place),
        "dimension": DIMENSION_NAMES[dimension],
        "state": NOT_ENOUGH_DATA if reason else DRIFTING if drifting else STABLE,
        "reason": reason,
        "e_value": evidence,
        "baseline_rate": baseline.rate[place, dimension],
        "baseline_n": int(baseline.marks[place, dimension]),
        "reference_rate": judged.reference[place, dimension],
        "current_level": level,
        "low": low,
        "high": high,
        "n": n,
        "wander": judged.wander[place, dimension],
        "dispersion": baseline.dispersion()[place, dimension],
    }


def _why_unwatched(judged: Judgement, place: int, dimension: int) -> str:
    """Return why a dimension is not watched; nothing if it is."""
    baseline, settings = judged.baseline, judged.settings
    if baseline.is_watched[place, dimension]:
        is_recent = _recent_marks(judged, place)[dimension] > 0
        return "" if is_recent else f"no marks in the last {settings.level_weeks} weeks"
    n, weeks = int(baseline.marks[place, dimension]), int(baseline.weeks[place, dimension].sum())
    if not n:
        return "no marks in the baseline"
    if judged.marks.subjects[place].end is None and weeks < settings.baseline_weeks:
        return f"{weeks} of {settings.baseline_weeks} baseline weeks"
    if n < settings.minimum_marks:
        return f"{_count(n, 'mark')} in the baseline, {settings.minimum_marks} needed"
    return "no week after the baseline yet"


def _gap_reason(marks: Marks, place: int) -> str:
    """Return the reason of the latest censored week."""
    weeks = [week for week in np.flatnonzero(marks.source_silent[place]) if (place, int(week)) in marks.reasons]
    return marks.reasons[place, int(weeks[-1])] if weeks else ""


def _sentence(judged: Judgement, place: int, state: str, dimension: int, onset: int) -> str:
    subject = judged.marks.subjects[place]
    gap = _gap_sentence(judged, place)
    if state == NOT_ENOUGH_DATA:
        return f"{subject.team}: not enough data to judge drift ({_why_nothing(judged, place)}).{gap}"
    level, _, _, n = _level(judged, place, dimension, onset)
    figures = f"baseline {_percent(judged.baseline.rate[place, dimension])}, n = {n}"
    named = DIMENSIONS[dimension]
    if state == DRIFTING:
        since = _date(judged.marks.monday(onset), judged.marks.as_of)
        what = f"{_of(subject.team)} {named.finding} in {_percent(level)} of {named.unit}"
        return f"Since about {since}, {what} ({figures}).{gap}"
    past = _past_drift(judged, place)
    if state == MOVING:
        latest, lower, upper = (
            values[place] for values in (judged.limits.latest, judged.limits.low, judged.limits.high)
        )
        return (
            f"{_of(subject.team)} index is {'above' if latest > upper else 'below'} the limits of its baseline "
            f"({latest:.2f}, limits {lower:.2f} to {upper:.2f}), but no dimension has drifted.{past}{gap}"
        )
    now = f"{_percent(level)} now, " if n else ""
    return f"{subject.team}: no drift. Closest to it: {named.label.lower()} ({now}{figures}).{past}{gap}"


def _why_nothing(judged: Judgement, place: int) -> str:
    if judged.detection.weeks_watched[place] and _mostly_silent(judged, place):
        return f"most of the last {judged.settings.level_weeks} weeks are a data gap"
    reasons = [_why_unwatched(judged, place, k) for k in range(len(DIMENSIONS)) if judged.baseline.marks[place, k] > 0]
    return _longest_first(reasons) if reasons else "no marks"


def _longest_first(reasons: Iterable[str]) -> str:
    """Return the reason that most dimensions share; among equals the first."""
    listed = list(reasons)
    return max(listed, key=lambda reason: (listed.count(reason), -listed.index(reason)))


def _gap_sentence(judged: Judgement, place: int) -> str:
    silent = int(judged.marks.source_silent[place].sum())
    if not silent:
        return ""
    reason = _gap_reason(judged.marks, place)
    return f" {_count(silent, 'week')} left out as a data gap{': ' + reason if reason else ''}."


def _past_drift(judged: Judgement, place: int) -> str:
    detection = judged.detection
    alarm, recovered = int(detection.alarm[place]), int(detection.recovered[place])
    if alarm < 0 or recovered < alarm:
        return ""
    began, over = (_day(judged.marks, day) or judged.marks.as_of for day in (alarm, recovered))
    was = DIMENSIONS[int(detection.named[place])].label.lower()
    found, ended = _date(began, judged.marks.as_of), _date(over, judged.marks.as_of)
    return f" An earlier drift ({was}, found {found}) was over by {ended}."


def _percent(share: float) -> str:
    return "no value" if np.isnan(share) else f"{100 * share:.0f} %"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" + ("" if number == 1 else "s")


def _of(team: str) -> str:
    return f"{team}'" if team.endswith("s") else f"{team}'s"


def _date(day: date, as_of: date) -> str:
    """Return a date as a person says it; the year only where it is not the present one."""
    months = (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
    return f"{day.day} {months[day.month - 1]}" + (f" {day.year}" if day.year != as_of.year else "")
