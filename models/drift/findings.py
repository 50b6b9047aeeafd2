"""The tables of findings and dimensions: one row per team and baseline, and one per dimension of these.

Owns their columns and types. What is known comes from ``judgement``, how it is said from ``sentences``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from models.drift.detector import discoveries
from models.drift.judgement import (
    DRIFTING,
    NOT_ENOUGH_DATA,
    STABLE,
    Judgement,
    cannot_rise,
    day_of,
    first_named,
    gap_reason,
    level_of,
    state_of,
    why_not_judged,
)
from models.drift.sentences import sentence_of
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS


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
    state = state_of(judged, place)
    dimension = first_named(judged, place, state)
    onset = int(judged.onset[place]) if state == DRIFTING else -1
    level, low, high, n = level_of(judged, place, dimension, onset)
    return {
        **_baseline_fields(judged, place),
        "state": state,
        "dimension": DIMENSION_NAMES[dimension] if dimension >= 0 else None,
        "onset_week": judged.marks.monday(onset) if onset >= 0 else None,
        "alarm_date": day_of(judged.marks, int(detection.alarm[place])),
        "recovered_on": day_of(judged.marks, int(detection.recovered[place])),
        "first_alarm_date": day_of(judged.marks, int(detection.first_alarm[place])),
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
        "gap_reason": gap_reason(judged.marks, place),
        "sentence": sentence_of(judged, place, state, dimension, onset),
    }


def _dimension_row(judged: Judgement, place: int, dimension: int) -> dict[str, Any]:
    baseline = judged.baseline
    evidence, state = judged.detection.evidence[place, dimension], state_of(judged, place)
    is_named = dimension == judged.detection.named[place]
    drifting = state == DRIFTING and (is_named or evidence >= judged.settings.run_length_weeks)
    is_never = bool(cannot_rise(judged, place)[dimension])
    reason = "" if drifting else why_not_judged(judged, place, dimension)
    level, low, high, n = level_of(judged, place, dimension, -1)
    return {
        **_baseline_fields(judged, place),
        "dimension": DIMENSION_NAMES[dimension],
        "state": DRIFTING if drifting else NOT_ENOUGH_DATA if reason and not is_never else STABLE,
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
