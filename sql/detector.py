"""The drift detector as models of the build: it reads the daily marks and writes levels, findings and dimensions.

Owns how the detector's tables look to SQL. The method is ``models.drift.assessment``.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from models.settings import Settings
from sql.header import Model

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
_TEXT = "-- Computed from marts.drift_daily and marts.drift_gate by models/drift/assessment.py; see the page on drift."


def _model(name: str, description: str, grain: str, columns: dict[str, str], not_null: tuple[str, ...]) -> Model:
    return Model(
        layer="marts",
        name=name,
        path=_HERE,
        select=_TEXT,
        description=description,
        grain=grain,
        columns=columns,
        not_null=not_null,
        reads=("marts.drift_daily", "marts.drift_gate"),
    )


def detector_models() -> dict[str, Model]:
    """Return the tables that the detector writes, by full name."""
    models = (
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


def run_detector(con: DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Assess every team and create the three tables. Imports numpy and scipy, so only when asked."""
    from models.drift.assessment import assess

    marks = con.execute(
        "select team, dimension, stratum, cast(day as date) as day, n, x from build.marts.drift_daily where day < ?",
        [as_of],
    ).fetchdf()
    gate = con.execute(
        "select team, cast(week as date) as week, reason, is_gated from build.marts.drift_gate where week < ?", [as_of]
    ).fetchdf()
    found = assess(marks, gate, _baselines(settings), settings.drift, as_of.date())
    for name, frame, columns in (
        ("drift_findings", found.findings, _FINDINGS),
        ("drift_levels", found.levels, _LEVELS),
        ("drift_dimensions", found.dimensions, _DIMENSIONS),
    ):
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
