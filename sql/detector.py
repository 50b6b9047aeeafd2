"""The drift detector as models of the build: it reads activity and daily marks and writes gaps, levels and findings.

Owns how the detector's tables look to SQL. The method is ``models.drift.assessment``, gaps are ``models.drift.gate``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from models.settings import Settings
from sql.header import Model

if TYPE_CHECKING:
    import pandas as pd

_GATE = {
    "team": "The team.",
    "week": "Monday of a week that is left out, UTC.",
    "source": "The source that fell silent.",
    "changes": "The team's changes of the week from this source.",
    "decisions": "Decisions that arrived for them.",
    "expected": "Decisions that the first weeks with changes lead to expect.",
    "reason": "The same in words.",
}
_FINDINGS = {
    "team": "The team.",
    "baseline_kind": "first (the first usable weeks), pinned or restarted by a user.",
    "baseline_start": "First Monday of the baseline, UTC.",
    "baseline_end": "Last day of the baseline, UTC.",
    "baseline_note": "Why a user chose it; empty otherwise.",
    "is_current": "Whether this baseline is in force.",
    "state": "not enough data, stable, moving or drifting.",
    "dimension": "The dimension named first: the largest e-value.",
    "onset_week": "Monday of the week it began in, about; null without drift.",
    "alarm_date": "Day on which the evidence passed the threshold; null without drift.",
    "recovered_on": "Day since which the rate is back; null while it is not.",
    "first_alarm_date": "Day of the first alarm ever; null without one.",
    "baseline_rate": "Share of marks with the separation missing in the baseline.",
    "reference_rate": "Rate up to which no evidence of drift is counted.",
    "current_level": "The same share over the trailing weeks.",
    "low": "Lower end of its 95 % interval.",
    "high": "Upper end of it.",
    "n": "Marks it rests on.",
    "is_discovery": "Whether it stays a finding when many teams are looked at (e-BH).",
    "index": "Weighted mean of the levels, 0 to 1; null when too little weight is observed.",
    "sentence": "The finding in one sentence for a leader.",
}
_LEVELS = {
    "team": "The team.",
    "dimension": "The dimension, or index.",
    "week_end": "Last day of the trailing weeks, UTC.",
    "level": "Share of marks with the separation missing; null without marks.",
    "low": "Lower end of its 95 % interval.",
    "high": "Upper end of it.",
    "n": "Marks it rests on.",
    "weight_observed": "For the index: share of the weight that is observed.",
}
_DIMENSIONS = {
    "team": "The team.",
    "baseline_kind": "first, pinned or restarted.",
    "is_current": "Whether this baseline is in force.",
    "dimension": "The dimension.",
    "state": "not enough data, stable, moving or drifting.",
    "reason": "Why it is not watched; empty when it is.",
    "e_value": "Evidence against the reference rate; 1 is none.",
    "baseline_rate": "Share in the baseline.",
    "baseline_n": "Marks in the baseline.",
    "reference_rate": "Rate up to which no evidence is counted.",
    "current_level": "Share over the trailing weeks.",
    "low": "Lower end of its 95 % interval.",
    "high": "Upper end of it.",
    "n": "Marks it rests on.",
}
_HERE = Path(__file__).resolve()
_TEXT = "-- Computed by {}; see the page on drift."
_ASSESSMENT, _SILENCE = "models/drift/assessment.py", "models/drift/gate.py"
_MARKS, _ACTIVITY, _GAPS = "marts.drift_daily", "marts.drift_activity", "marts.drift_gate"


def _model(
    name: str,
    description: str,
    grain: str,
    columns: dict[str, str],
    not_null: tuple[str, ...],
    reads: tuple[str, ...] = (_MARKS, _GAPS),
    by: str = _ASSESSMENT,
) -> Model:
    return Model(
        layer="marts",
        name=name,
        path=_HERE,
        select=_TEXT.format(by),
        description=description,
        grain=grain,
        columns=columns,
        not_null=not_null,
        reads=reads,
    )


def detector_models() -> dict[str, Model]:
    """Return the tables that the detector writes, by full name."""
    models = (
        _model(
            "drift_gate",
            "Weeks of a team that are left out because a source fell silent: a gap, never missing approvals.",
            "team, week",
            _GATE,
            ("team", "week", "source", "changes", "decisions", "expected", "reason"),
            reads=(_ACTIVITY,),
            by=_SILENCE,
        ),
        _model(
            "drift_findings",
            "One row per team and baseline: whether its two processes drift into one, since when and because of what.",
            "team, baseline_kind, baseline_start",
            _FINDINGS,
            ("team", "state", "sentence", "is_current"),
        ),
        _model(
            "drift_levels",
            "Levels per team, dimension and week over trailing weeks, each with its interval.",
            "team, dimension, week_end",
            _LEVELS,
            ("team", "dimension", "week_end", "n"),
        ),
        _model(
            "drift_dimensions",
            "The figures behind each finding, one row per team, baseline and dimension.",
            "team, baseline_kind, dimension",
            _DIMENSIONS,
            ("team", "dimension", "state", "is_current"),
        ),
    )
    return {model.full_name: model for model in models}


def run_detector(con: DuckDBPyConnection, name: str, settings: Settings, as_of: datetime) -> None:
    """Create the table ``name``, with those computed together with it. Imports numpy and scipy, so only when asked."""
    runs: dict[str, Callable[[DuckDBPyConnection, Settings, datetime], None]] = {"drift_gate": _find_gaps}
    runs.get(name, _assess)(con, settings, as_of)


def _find_gaps(con: DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    from models.drift.gate import silent_weeks

    activity = con.execute(
        "select source, team, cast(week as date) as week, changes, decisions from build.marts.drift_activity "
        "where week < ?",
        [as_of],
    ).fetchdf()
    _write(con, "drift_gate", silent_weeks(activity), _GATE)


def _assess(con: DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    from models.drift.assessment import assess

    # A day counts once it is over: what is said of half a day might not hold for the whole.
    marks = con.execute(
        "select team, dimension, stratum, cast(day as date) as day, n, x from build.marts.drift_daily where day < ?",
        [datetime.combine(as_of.date(), time())],
    ).fetchdf()
    gate = con.execute("select team, cast(week as date) as week, reason from build.marts.drift_gate").fetchdf()
    found = assess(marks, gate, _baselines(settings), settings.drift, as_of.date())
    _write(con, "drift_findings", found.findings, _FINDINGS)
    _write(con, "drift_levels", found.levels, _LEVELS)
    _write(con, "drift_dimensions", found.dimensions, _DIMENSIONS)


def _write(con: DuckDBPyConnection, name: str, frame: pd.DataFrame, columns: dict[str, str]) -> None:
    con.register("assessed", frame[list(columns)])
    picked = ", ".join(f'"{column}"' for column in columns)
    con.execute(f"create or replace table build.marts.{name} as select {picked} from assessed")
    con.unregister("assessed")


def _baselines(settings: Settings) -> dict[str, list[object]] | None:
    if not settings.baseline:
        return None
    return {
        "team": [chosen.team for chosen in settings.baseline],
        "start": [chosen.start for chosen in settings.baseline],
        "end": [chosen.end for chosen in settings.baseline],
        "note": [chosen.note for chosen in settings.baseline],
    }
