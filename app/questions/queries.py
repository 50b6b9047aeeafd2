"""Questions the pages ask of a published build. Metrics come from the one aggregation; the rest are rows and counts.

Results are small, fetched fully through a cursor, and kept per build and question. Refuses to format anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import published, wording
from app.limits import Week
from app.published import Straggling, logged_events, span_of_records, straggling
from app.questions.builds import Build, cursor
from models.metric import MetricDefinition, MetricValue
from models.settings import Settings
from sql import aggregate
from sql.aggregate import Filter

KEPT = 512
BY_BUILD: dict[str | type[Any], Callable[[Any], Any]] = {Build: lambda build: build.path}
SHOWN_ROWS = 500
STALE_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Facts:
    """What a build's records span: first and last instant, the values that filters offer, and if its end is thin."""

    first: datetime
    last: datetime
    service: tuple[str, ...]
    team: tuple[str, ...]
    change_type: tuple[str, ...]
    straggling: Straggling | None = None

    def options(self, scope: str) -> tuple[str, ...]:
        """Return the values of ``service``, ``team`` or ``change_type``."""
        return {"service": self.service, "team": self.team, "change_type": self.change_type}[scope]


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def facts(build: Build) -> Facts | None:
    """Return what the build's records span, or ``None`` when it holds no record with an instant."""
    con = cursor(build)
    span = span_of_records(con, build.as_of)
    if span is None:
        return None
    first, last = span
    names = {
        column: tuple(
            row[0]
            for row in con.execute(
                f"select distinct {column} from (select {column} from marts.changes union all "
                f"select {column if column != 'change_type' else 'null'} from marts.deployments union all "
                f"select {column} from marts.windows) where {column} is not null order by 1"
            ).fetchall()
        )
        for column in ("service", "team", "change_type")
    }
    return Facts(
        first, last, names["service"], names["team"], names["change_type"], straggling(con, first, last)
    )  # fmt: skip


def all_after(build: Build) -> str:
    """Say that every record is dated after the build's instant, if that is why none can be shown."""
    return published.all_after(cursor(build), build.as_of)


def event_count(build: Build) -> int:
    """Return how many events a build's activity log holds; 0 for a build without one."""
    return logged_events(cursor(build))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def definitions(build: Build) -> dict[str, MetricDefinition]:
    """Return the build's metric definitions by name."""
    return aggregate.definitions(cursor(build))


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def metric(build: Build, name: str, chosen: Filter) -> MetricValue:
    """Return a metric's value."""
    return aggregate.value(cursor(build), definition(build, name), chosen)[0]


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def metric_by(build: Build, name: str, chosen: Filter, by: str) -> list[MetricValue]:
    """Return a metric's value per group."""
    return aggregate.value(cursor(build), definition(build, name), chosen, by=(by,))


@dataclass(frozen=True)
class Course:
    """A metric in the period asked, in the one it is compared with, and week by week."""

    value: MetricValue
    before: MetricValue | None
    weeks: list[Week]


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def course(build: Build, name: str, chosen: Filter, before: Filter | None, drawn: Filter, until: datetime) -> Course:
    """Return a metric's course; weeks without records are undefined, and the week of ``until`` is incomplete."""
    periods = [chosen] if before is None else [chosen, before]
    values, weeks = aggregate.course(cursor(build), definition(build, name), periods, drawn)
    return Course(values[0], None if before is None else values[1], _every_week(weeks, until))


def _every_week(values: Sequence[MetricValue], until: datetime) -> list[Week]:
    found = {date.fromisoformat(value.group["week"] or ""): value for value in values if value.group["week"]}
    if not found:
        return []
    weeks, week, last = [], min(found), max(found)
    while week <= last:
        value = found.get(week)
        is_complete = week + timedelta(days=7) <= until.date()
        weeks.append(Week(week, value.value if value else None, value.denominator if value else 0, is_complete))
        week += timedelta(days=7)
    return weeks


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def has_change_types(build: Build, name: str) -> bool:
    """Return whether a metric's records belong to one type of change each; a deployment may carry several."""
    definition(build, name)
    return bool(cursor(build).execute(f"select 1 from metrics.{name} where change_type is not null limit 1").fetchall())


def definition(build: Build, name: str) -> MetricDefinition:
    """Return one metric's definition; raises ``InputError`` for a metric the build does not hold."""
    return definitions(build).get(name) or aggregate.definition(cursor(build), name)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def settings(build: Build) -> Settings:
    """Return the settings that decided the build."""
    text = cursor(build).execute("select settings_json from meta.build").fetchall()[0][0]
    return Settings.model_validate_json(text)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def model_sql(build: Build, full_name: str) -> str:
    """Return the SQL a model was built with; empty for a model the build does not hold."""
    found = cursor(build).execute("select sql from meta.models where name = ?", [full_name]).fetchall()
    return str(found[0][0]) if found else ""


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def frame(build: Build, statement: str, values: Sequence[object] = ()) -> pd.DataFrame:
    """Return a statement's rows. The statement is the page's own text; every value of the reader is bound."""
    return cursor(build).execute(statement, list(values)).df()


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def frameworks(build: Build) -> dict[str, str]:
    """Return the frameworks whose controls the build maps, short name → full name."""
    if not build.has("seeds.controls"):
        return {}
    rows = cursor(build).execute(
        "select framework, min(framework_name) from seeds.controls group by framework order by framework"
    )
    return dict(rows.fetchall())


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def kinds(build: Build) -> frozenset[str]:
    """Return the kinds of records that a build holds at all, whatever the filters say."""
    asked = {
        "decision": ("marts.decisions", "true"),
        "production_deployment": ("marts.deployments", "is_production"),
        "window": ("marts.windows", "true"),
        "incident": ("marts.incidents", "true"),
        "team": ("marts.changes", "team is not null"),
    }
    con = cursor(build)
    return frozenset(
        kind
        for kind, (table, condition) in asked.items()
        if build.has(table) and con.execute(f"select 1 from {table} where {condition} limit 1").fetchall()
    )


@dataclass(frozen=True)
class Population:
    """How many changes were created and production deployments started in a question's period."""

    changes: int
    deployments: int


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def population(build: Build, chosen: Filter) -> Population:
    """Return the size of what a question covers."""
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "t")
    changes, deployments = (
        cursor(build)
        .execute(
            f"""
            select (select count(*) from marts.changes t where created_at >= ? and created_at < ? and {scope}),
                (select count(*) from marts.deployments t
                    where is_production and started_at >= ? and started_at < ? and {scope})
            """,
            [chosen.start, chosen.end, *values, chosen.start, chosen.end, *values],
        )
        .fetchall()[0]
    )
    return Population(int(changes), int(deployments))


@dataclass(frozen=True)
class Source:
    """How fresh one source is: its latest fetch, and whether its last run ended well.

    ``broken`` are the streams that did not come through when they were last read; a source may be partly read.
    """

    source: str
    last_read_at: datetime | None
    last_run_status: str
    rejected: int
    streams: int = 1
    broken: tuple[str, ...] = ()

    def why_late(self, as_of: datetime) -> str:
        """Return why the source counts as late or partial; empty when it does not."""
        if self.broken and len(self.broken) < self.streams:
            return f"partly read: {wording.listed(list(self.broken), 2)} did not come through"
        if self.last_run_status not in {"ok", "running", ""}:
            return f"last run {self.last_run_status}"
        if self.last_read_at is not None and as_of - self.last_read_at > STALE_AFTER:
            return f"last read {wording.age((as_of - self.last_read_at).total_seconds())} before this build"
        return ""

    def is_late(self, as_of: datetime) -> bool:
        """Whether the source is late or partial."""
        return bool(self.why_late(as_of))


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def sources(build: Build) -> list[Source]:
    """Return the build's sources, each with its latest fetch."""
    if not build.has("marts.data_sources"):
        return []
    rows = cursor(build).execute(
        "select source, max(last_run_at), max_by(last_run_status, last_run_at), sum(rejected)::bigint, count(*), "
        "list(stream order by stream) filter (where last_run_status not in ('ok', 'running')) "
        "from marts.data_sources group by source order by source"
    )
    return [
        Source(name, at, status or "", rejected or 0, streams, tuple(broken or ()))
        for name, at, status, rejected, streams, broken in rows.fetchall()
    ]


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_BUILD)
def unclassified_share(build: Build) -> float | None:
    """Return the share of events that no rule classified, or ``None`` when there is no event."""
    if not build.has("marts.activities", "marts.unclassified"):
        return None
    # The build counted both: reading twelve million events again for one share would take longer than all else.
    share = (
        cursor(build)
        .execute(
            "select (select coalesce(sum(events), 0) from marts.unclassified) / nullif(rows, 0) "
            "from meta.models where name = 'marts.activities'"
        )
        .fetchall()[0][0]
    )
    return None if share is None else float(share)


def among(table: str, key: str, wanted: str) -> str:
    """Return a query for the few rows of a large table whose ``key`` is among ``wanted``, a query of its own.

    Only the key is read for all rows, and everything else for those that are found: a third of the work of a join.
    """
    return f"select * from {table} where rowid in (select rowid from {table} where {key} in ({wanted}))"


def scope_condition(chosen: Filter, alias: str) -> tuple[str, list[object]]:
    """Return the filter's scope (not its period) as a condition on ``alias`` and its bound values."""
    conditions: list[str] = []
    values: list[object] = []
    for column, names in (("service", chosen.services), ("team", chosen.teams), ("change_type", chosen.change_types)):
        if names:
            conditions.append(f"{alias}.{column} in ({', '.join('?' * len(names))})")
            values += names
    return " and ".join(conditions) or "true", values


def carried_condition(chosen: Filter, alias: str = "d") -> tuple[str, list[object]]:
    """Return the condition that a deployment ``alias`` carried a change of the chosen types."""
    if not chosen.change_types:
        return "true", []
    marks = ", ".join("?" * len(chosen.change_types))
    return (
        "exists (select 1 from marts.deployment_changes x join marts.changes y on y.change_id = x.change_id "
        f"where x.deployment_id = {alias}.deployment_id and y.change_type in ({marks}))",
        list(chosen.change_types),
    )
