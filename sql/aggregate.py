"""From a metric's contributing records to its value: the one aggregation that everything that shows a number calls.

A number and its drill-down come from the same rows and the same filter, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from models.errors import InputError
from models.metric import MetricDefinition, MetricValue, sample_note, wilson_interval
from models.nearest import choices

if TYPE_CHECKING:
    import pyarrow as pa

RECORD_COLUMNS = (
    "record_id",
    "record_kind",
    "service",
    "team",
    "change_type",
    "occurred_at",
    "in_numerator",
    "value",
    "exclusion_reason",
    "detail",
)
GROUPS = {
    "service": "service",
    "team": "team",
    "change_type": "change_type",
    "day": "cast(date_trunc('day', occurred_at) as date)",
    "week": "cast(date_trunc('week', occurred_at) as date)",
    "month": "cast(date_trunc('month', occurred_at) as date)",
}


@dataclass(frozen=True)
class Filter:
    """Which records a question is about. Empty tuples mean all; the period is half-open [start, end), naive UTC."""

    start: datetime | None = None
    end: datetime | None = None
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    change_types: tuple[str, ...] = ()

    def where(self) -> tuple[str, list[Any]]:
        """Return the SQL condition and its bound values."""
        conditions: list[str] = ["true"]
        values: list[Any] = []
        if self.start is not None:
            conditions.append("occurred_at >= ?")
            values.append(self.start)
        if self.end is not None:
            conditions.append("occurred_at < ?")
            values.append(self.end)
        for column, chosen in (("service", self.services), ("team", self.teams), ("change_type", self.change_types)):
            if chosen:
                conditions.append(f"{column} in ({', '.join('?' * len(chosen))})")
                values += chosen
        return " and ".join(conditions), values


# A group of which nothing is judged: count, hits, sum, median and 90th percentile.
_NOTHING = (0, 0, None, None, None)


def definitions(con: DuckDBPyConnection) -> dict[str, MetricDefinition]:
    """Return the metrics that a build holds, by name."""
    rows = con.execute("select definition from meta.metrics order by name").fetchall()
    found = (MetricDefinition.model_validate_json(row[0]) for row in rows)
    return {definition.name: definition for definition in found}


def definition(con: DuckDBPyConnection, name: str) -> MetricDefinition:
    """Return one metric's definition; raises ``InputError`` that lists the known names."""
    found = con.execute("select definition from meta.metrics where name = ?", [name]).fetchall()
    if not found:
        known = definitions(con)
        raise InputError(
            f"There is no metric '{name}'.",
            next_step=f"choose one of: {choices(name, known)}" if known else "twotrack build",
        )
    return MetricDefinition.model_validate_json(found[0][0])


def records(con: DuckDBPyConnection, name: str, chosen: Filter | None = None, *, limit: int | None = None) -> pa.Table:
    """Return a metric's contributing records in the filter, excluded ones with their reason, newest first."""
    definition(con, name)
    where, values = (chosen or Filter()).where()
    bound = f" limit {int(limit)}" if limit is not None else ""
    return con.sql(
        f"select {', '.join(RECORD_COLUMNS)} from metrics.{name} where {where} "
        f"order by occurred_at desc nulls last, record_id{bound}",
        params=values,
    ).to_arrow_table()


def value(
    con: DuckDBPyConnection,
    metric: str | MetricDefinition,
    chosen: Filter | None = None,
    *,
    by: Sequence[str] = (),
) -> list[MetricValue]:
    """Return a metric's value in the filter, one per group (one in all without ``by``), ordered by group.

    Args:
        con: A connection to a published build.
        metric: The metric's name, or its definition where that has been read.
        chosen: Period and scope.
        by: Any of ``service``, ``team``, ``change_type``, ``day``, ``week``, ``month``.

    Raises:
        InputError: No such metric or grouping.
    """
    defined = metric if isinstance(metric, MetricDefinition) else definition(con, metric)
    if unknown := [group for group in by if group not in GROUPS]:
        raise InputError(f"Cannot group by {', '.join(unknown)}.", next_step=f"choose from {', '.join(GROUPS)}")
    where, values = (chosen or Filter()).where()
    keys = [f"{GROUPS[group]} as key_{i}" for i, group in enumerate(by)]
    aliases = [f"key_{i}" for i in range(len(by))]
    source = f"(select {', '.join([*keys, '*'])} from metrics.{defined.name} where {where})"
    totals, excluded = _totals(con, source, values, aliases)
    middles = _survival_medians(con, source, values, aliases) if defined.kind == "survival" else {}
    return [
        _value(
            defined,
            dict(zip(by, map(_text, group), strict=True)),
            row,
            excluded.get(group, {}),
            middles.get(group),
        )
        for group, row in totals.items()
    ]


def course(
    con: DuckDBPyConnection, defined: MetricDefinition, periods: Sequence[Filter], weeks: Filter
) -> tuple[list[MetricValue], list[MetricValue]]:
    """Return a metric's value in each of several periods, and its weeks in another, from one pass over its records.

    The same numbers as ``value`` gives one by one; a page that shows many measures would read each table three times.

    Args:
        con: A connection to a published build.
        defined: The metric.
        periods: Periods of one scope.
        weeks: The same scope over the period whose weeks are wanted.
    """
    spans = [(span.start, span.end) for span in (*periods, weeks)]
    bounds = [(start, end) for start, end in spans if start is not None and end is not None]
    if defined.kind == "survival" or len(bounds) < len(spans) or _overlap(bounds[:-1]):
        values = [value(con, defined, chosen)[0] for chosen in periods]
        return values, value(con, defined, weeks, by=("week",))
    slots = " ".join(f"when occurred_at >= ? and occurred_at < ? then {slot}" for slot in range(len(periods)))
    where, bound = replace(weeks, start=min(s for s, _ in bounds), end=max(e for _, e in bounds)).where()
    quantiles = (
        "quantile_cont(value, [0.5, 0.9]) filter (where exclusion_reason is null)"
        if defined.kind == "duration"
        else "null"
    )
    rows = con.execute(
        f"""select grouping(slot), case grouping(slot) when 0 then slot::varchar else week::varchar end,
            exclusion_reason, count(*), count(*) filter (where in_numerator), sum(value), {quantiles}
        from (
            select case {slots or "when false then null"} end as slot,
                case when occurred_at >= ? and occurred_at < ? then {GROUPS["week"]} end as week,
                in_numerator, value, exclusion_reason
            from metrics.{defined.name} where {where}
        ) group by grouping sets ((slot, exclusion_reason), (week, exclusion_reason)) order by all""",
        [*(instant for pair in bounds for instant in pair), *bound],
    ).fetchall()
    in_periods, left_out = _collected([row[1:] for row in rows if row[0] == 0 and row[1] is not None], 1)
    in_weeks, left_out_weeks = _collected([row[1:] for row in rows if row[0] == 1 and row[1] is not None], 1)
    return (
        [
            _value(defined, {}, in_periods.get((str(slot),), _NOTHING), left_out.get((str(slot),), {}), None)
            for slot in range(len(periods))
        ],
        [
            _value(defined, {"week": group[0]}, row, left_out_weeks.get(group, {}), None)
            for group, row in in_weeks.items()
        ],
    )


def _overlap(spans: Sequence[tuple[datetime, datetime]]) -> bool:
    ordered = sorted(spans)
    return any(later[0] < earlier[1] for earlier, later in pairwise(ordered))


def _totals(
    con: DuckDBPyConnection, source: str, values: list[Any], aliases: list[str]
) -> tuple[dict[tuple[Any, ...], Sequence[Any]], dict[tuple[Any, ...], dict[str, int]]]:
    """Return per group what is judged, and how many are left out for which reason, in one pass over the records."""
    names = ", ".join([*aliases, "exclusion_reason"])
    rows = con.execute(
        f"""select {names}, count(*),
            count(*) filter (where in_numerator),
            sum(value),
            quantile_cont(value, [0.5, 0.9]) filter (where exclusion_reason is null)
        from {source} group by {names} order by {names}""",
        values,
    ).fetchall()
    totals, excluded = _collected(rows, len(aliases))
    return totals if aliases else {(): _NOTHING, **totals}, excluded


def _collected(
    rows: Sequence[Sequence[Any]], width: int
) -> tuple[dict[tuple[Any, ...], Sequence[Any]], dict[tuple[Any, ...], dict[str, int]]]:
    """Return rows of (group …, reason, count, hits, sum, quantiles) as what is judged and what is left out by group."""
    totals: dict[tuple[Any, ...], Sequence[Any]] = {}
    excluded: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows:
        group, reason, count, hits, total, quantiles = tuple(row[:width]), *row[width:]
        if reason is None:
            totals[group] = (count, hits, total, *(quantiles or (None, None)))
        else:
            totals.setdefault(group, _NOTHING)
            excluded.setdefault(group, {})[reason] = count
    return totals, excluded


def _survival_medians(
    con: DuckDBPyConnection, source: str, values: list[Any], aliases: list[str]
) -> dict[tuple[Any, ...], float]:
    """Return when the Kaplan–Meier estimate first falls to one half, per group; absent when it never does.

    Source: Kaplan and Meier (1958), Journal of the American Statistical Association 53(282).
    """
    head = ", ".join([*aliases, ""]) if aliases else ""
    keys = f"partition by {', '.join(aliases)}" if aliases else ""
    rows = con.execute(
        f"""with steps as (
            select {head} value, count(*) filter (where in_numerator) as events, count(*) as leaving
            from {source} where exclusion_reason is null and value is not null
            group by {head} value
        ),
        at_risk as (
            select *, sum(leaving) over ({keys} order by value desc) as remaining from steps
        ),
        estimate as (
            select *, sum(case when events = remaining then -1e9 else ln(1 - events / remaining) end)
                over ({keys} order by value) as log_survival
            from at_risk
        )
        select {head} min(value) from estimate where log_survival <= ln(0.5) + 1e-12
        {"group by " + ", ".join(aliases) if aliases else ""}""",
        values,
    ).fetchall()
    return {tuple(row[:-1]): row[-1] for row in rows if row[-1] is not None}


def _value(
    defined: MetricDefinition,
    group: dict[str, str | None],
    row: Sequence[Any],
    excluded: dict[str, int],
    survival_median: float | None,
) -> MetricValue:
    judged, hits, total, middle, p90 = row
    interval = wilson_interval(hits, judged) if defined.kind == "rate" else None
    by_kind = {
        "rate": hits / judged if judged else None,
        "duration": middle,
        "survival": survival_median,
        "count": float(hits) if judged else None,
        "ratio": total / judged if judged and total is not None else None,
    }
    return MetricValue(
        metric=defined.name,
        label=defined.label,
        unit=defined.unit,
        group=group,
        value=by_kind[defined.kind],
        numerator=None if defined.kind == "duration" else hits,
        denominator=judged,
        excluded=excluded,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        p90=p90 if defined.kind == "duration" else None,
        is_enough=judged >= defined.minimum_sample,
        note=sample_note(defined, judged, excluded) or _undefined(defined, by_kind[defined.kind]),
    )


def _undefined(defined: MetricDefinition, value: float | None) -> str:
    """Return why a value is undefined although there are enough records; empty when it is defined."""
    if value is not None:
        return ""
    if defined.kind == "survival":
        return "undefined: fewer than half are over, so no median is known yet"
    return f"undefined: {defined.absent_reason}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
