"""The drift detector as models of the build: it reads activity and daily marks and writes gaps, levels and findings.

Owns how the detector's tables look to SQL. The method is ``models.drift.assessment``, gaps are ``models.drift.gate``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
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
    "dimension": "The dimension named first: it brings most of the evidence.",
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
_CONTEXT = {
    "team": "The team.",
    "since": "First day of the weeks that are looked at, UTC.",
    "decisions": "Decisions on working days of these weeks.",
    "deployments": "Production deployments on working days of these weeks.",
    "together": "Share of hours with a deployment that have a decision as well.",
    "expected": "The same if the days of each week were dealt anew: what both processes' habits explain.",
    "excess": "together less expected: above 0, the two go together more than by habit.",
    "changes_per_release": "Changes per production deployment that carries any, in these weeks.",
    "changes_per_release_before": "The same in all weeks before them.",
    "judged": "Decisions of these weeks whose risk and outcome are known.",
    "information": "Share of the outcome's uncertainty that risk explains.",
    "information_by_chance": "The same for a random pairing with the same totals.",
    "decision_value": "What is left beyond chance: 1 if risk decides alone, 0 if it makes no difference; null when all "
    "outcomes are the same.",
}
_HERE = Path(__file__).resolve()
_CONTEXT_WEEKS = 26
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
        _model(
            "drift_context",
            "Cadence and decision value per team over 26 weeks: shown beside drift, never part of it, because "
            "continuous delivery moves both.",
            "team",
            _CONTEXT,
            ("team", "since"),
            reads=("marts.decisions", "marts.changes", "marts.deployments", "marts.deployment_changes"),
            by="models/drift/context.py",
        ),
    )
    return {model.full_name: model for model in models}


def run_detector(con: DuckDBPyConnection, name: str, settings: Settings, as_of: datetime) -> None:
    """Create the table ``name``, with those computed together with it. Imports numpy and scipy, so only when asked."""
    runs: dict[str, Callable[[DuckDBPyConnection, Settings, datetime], None]] = {
        "drift_gate": _find_gaps,
        "drift_context": _set_beside,
    }
    runs.get(name, _assess)(con, settings, as_of)


def _find_gaps(con: DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    from models.drift.gate import silent_weeks

    activity = con.execute(
        "select source, team, cast(week as date) as week, changes, decisions from build.marts.drift_activity "
        "where week < ?",
        [as_of],
    ).fetchdf()
    _write(con, "drift_gate", silent_weeks(activity), _GATE)


def _set_beside(con: DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    from models.drift.context import decision_value, synchrony

    until = datetime.combine(as_of.date(), time())
    since = until - timedelta(weeks=_CONTEXT_WEEKS)
    acts = con.execute(
        """
        select c.team, 'change_governance' as track, d.decided_at as occurred_at
        from build.marts.decisions d inner join build.marts.changes c on c.change_id = d.change_id
        where c.team is not null and d.decided_at >= $since and d.decided_at < $until
            and d.verdict in ('approved', 'rejected', 'changes_requested')
        union all
        select team, 'release_execution', started_at from build.marts.deployments
        where team is not null and is_production and started_at >= $since and started_at < $until
        """,
        {"since": since, "until": until},
    ).fetchdf()
    outcomes = con.execute(
        """
        select c.team, c.risk, d.verdict as outcome, count(*) as n
        from build.marts.decisions d inner join build.marts.changes c on c.change_id = d.change_id
        where c.team is not null and c.risk is not null and d.decided_at >= $since and d.decided_at < $until
            and d.verdict in ('approved', 'rejected', 'changes_requested')
        group by c.team, c.risk, d.verdict
        """,
        {"since": since, "until": until},
    ).fetchdf()
    sizes = con.execute(
        """
        select d.team,
            count(*) filter (where d.started_at >= $since) * 1.0
                / nullif(count(distinct x.deployment_id) filter (where d.started_at >= $since), 0)
                as changes_per_release,
            count(*) filter (where d.started_at < $since) * 1.0
                / nullif(count(distinct x.deployment_id) filter (where d.started_at < $since), 0)
                as changes_per_release_before
        from build.marts.deployment_changes x
        inner join build.marts.deployments d on d.deployment_id = x.deployment_id
        where d.team is not null and d.started_at < $until and x.link_basis <> 'ticket'
        group by d.team
        """,
        {"since": since, "until": until},
    ).fetchdf()
    values = decision_value(outcomes).rename(
        columns={"n": "judged", "expected": "information_by_chance", "value": "decision_value"}
    )
    joined = synchrony(acts).merge(sizes, on="team", how="outer").merge(values, on="team", how="outer")
    joined["since"] = since
    for column in ("decisions", "deployments", "judged"):
        joined[column] = joined[column].fillna(0).astype("int64")
    _write(con, "drift_context", joined.sort_values("team", kind="stable"), _CONTEXT)


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
