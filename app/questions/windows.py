"""Change windows of a period: overlapping pairs by scope, days, windows of a span, freezes, how they were planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
import streamlit as st

from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, among, scope_condition
from sql.aggregate import Filter

SCOPES = {
    "component": "same component",
    "service": "same service",
    "dependency": "a service it depends on",
    "environment": "same environment",
    "implementer": "same implementer",
}
_SHOWN_PAIRS = 500
_SHOWN_WINDOWS = 60


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def by_scope(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return overlapping pairs by scope, planned and actual kept apart, with what was known at approval."""
    where, values = _pairs_where(chosen)
    rows = cursor(build).execute(
        f"""
        select scope, count(*) filter (where basis = 'planned'), count(*) filter (where basis = 'actual'),
            count(*) filter (where basis = 'planned' and is_known_at_approval),
            count(*) filter (where basis = 'planned' and not is_known_at_approval)
        from marts.window_overlaps o join marts.windows a on a.window_id = o.window_a
        where {where} group by scope
        """,
        values,
    )
    found = {scope: counts for scope, *counts in rows.fetchall()}
    return pd.DataFrame(
        [(label, *found.get(scope, [0, 0, 0, 0])) for scope, label in SCOPES.items()],
        columns=["Shared scope", "Planned pairs", "Worked pairs", "Known at approval", "Emerged later"],
    )


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def pairs(build: Build, chosen: Filter, scope: str) -> pd.DataFrame:
    """Return the overlapping pairs of one scope, latest first, each with what both windows are for."""
    where, values = _pairs_where(chosen)
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            select o.overlap_start_at, case o.basis when 'actual' then 'worked' else o.basis end as basis,
                o.scope_value, coalesce(a.title, ca.title, a.window_id) as first,
                coalesce(b.title, cb.title, b.window_id) as second, o.overlap_seconds / 60.0 as minutes,
                case o.is_known_at_approval when true then 'known at approval' when false then 'emerged later'
                    else 'unknown' end as known,
                a.change_id
            from marts.window_overlaps o
            join marts.windows a on a.window_id = o.window_a
            join marts.windows b on b.window_id = o.window_b
            left join marts.changes ca on ca.change_id = a.change_id
            left join marts.changes cb on cb.change_id = b.change_id
            where o.scope = ? and {where}
            order by o.overlap_start_at desc, o.window_a, o.window_b, o.basis limit {_SHOWN_PAIRS}
            """,
            [scope, *values],
        )
        .df()
    )
    return found


def _pairs_where(chosen: Filter) -> tuple[str, list[object]]:
    scope, values = scope_condition(chosen, "a")
    return f"o.overlap_start_at >= ? and o.overlap_start_at < ? and {scope}", [chosen.start, chosen.end, *values]


@dataclass(frozen=True)
class Bar:
    """One planned window: where it is drawn, planned and worked when, whether it overlaps another in a judged scope."""

    window_id: str
    change_id: str | None
    lane: str
    title: str
    start: datetime
    end: datetime
    is_overlapping: bool
    is_end_assumed: bool
    worked_from: datetime | None
    worked_to: datetime | None


@dataclass(frozen=True)
class Day:
    """One day: planned windows that start on it, and how many of these overlap another."""

    day: date
    windows: int
    overlapping: int


@dataclass(frozen=True)
class Freeze:
    """A span in which nothing should be deployed, and to what it applies."""

    lane: str
    title: str
    start: datetime
    end: datetime


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def days(build: Build, chosen: Filter) -> list[Day]:
    """Return every day of the period with its planned windows, days without any too."""
    scope, values = scope_condition(chosen, "m")
    rows = cursor(build).execute(
        f"""
        select cast(planned_start_at as date), count(*), count(*) filter (where conflicts > 0)
        from marts.scheduled_windows m
        where exclusion_reason is null and planned_start_at >= ? and planned_start_at < ? and {scope}
        group by 1 order by 1
        """,
        [chosen.start, chosen.end, *values],
    )
    found = {day: (total, overlapping) for day, total, overlapping in rows.fetchall()}
    if not found or chosen.start is None or chosen.end is None:
        return []
    first, last = chosen.start.date(), (chosen.end - timedelta(microseconds=1)).date()
    spanned = (first + timedelta(days=at) for at in range((last - first).days + 1))
    return [Day(day, *found.get(day, (0, 0))) for day in spanned]


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def freezes(build: Build, chosen: Filter) -> list[Freeze]:
    """Return the freezes that touch a span, of the chosen services or of everything."""
    where = "true"
    values: list[object] = []
    for column, names in (("service", chosen.services), ("team", chosen.teams)):
        if names:
            where += f" and (w.{column} is null or w.{column} in ({', '.join('?' * len(names))}))"
            values += names
    rows = cursor(build).execute(
        f"""
        select distinct coalesce(w.service, w.component, 'everything'), coalesce(w.title, w.window_id),
            w.planned_start_at, w.planned_end_at
        from marts.windows w
        where w.kind = 'freeze' and not w.is_withdrawn and w.planned_start_at < ? and w.planned_end_at > ? and {where}
        order by all limit {_SHOWN_WINDOWS}
        """,
        [chosen.end, chosen.start, *values],
    )
    return [Freeze(*row) for row in rows.fetchall()]


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def bars(build: Build, chosen: Filter) -> tuple[list[Bar], int]:
    """Return the planned windows that start in a span (overlapping ones first, at most sixty) and their count."""
    scope, values = scope_condition(chosen, "w")
    rows = (
        cursor(build)
        .execute(
            f"""
        with drawn as materialized (
            select w.*, m.conflicts > 0 as in_numerator, count(*) over () as total
            from marts.scheduled_windows m join marts.windows w on w.window_id = m.window_id
            where m.exclusion_reason is null and m.planned_start_at >= ? and m.planned_start_at < ? and {scope}
            order by m.conflicts > 0 desc, w.planned_start_at, w.window_id limit {_SHOWN_WINDOWS}
        ),
        few_changes as ({among("marts.changes", "change_id", "select change_id from drawn")})
        select w.window_id, w.change_id, coalesce(w.service, w.component, 'service unknown'),
            coalesce(w.title, c.title, w.window_id), w.planned_start_at, w.planned_end_at, w.in_numerator,
            w.planned_end_basis in ('median', 'default'), w.actual_start_at, w.actual_end_at, w.total
        from drawn w left join few_changes c on c.change_id = w.change_id
        order by w.in_numerator desc, w.planned_start_at, w.window_id
        """,
            [chosen.start, chosen.end, *values],
        )
        .fetchall()
    )
    return [Bar(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def busiest(shown: Sequence[Day]) -> date | None:
    """Return the Monday of the week with most overlapping windows, then most windows, then the latest."""
    weeks: dict[date, tuple[int, int]] = {}
    for day in shown:
        monday = day.day - timedelta(days=day.day.weekday())
        overlapping, total = weeks.get(monday, (0, 0))
        weeks[monday] = (overlapping + day.overlapping, total + day.windows)
    return max(weeks, key=lambda week: (*weeks[week], week), default=None)


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def planning(build: Build, chosen: Filter) -> dict[str, int]:
    """Return counts on how the period's windows were planned and kept."""
    scope, values = scope_condition(chosen, "w")
    found = cursor(build).execute(
        f"""
        select count(*) as windows, count(*) filter (where is_created_after_start) as "entered after their start",
            count(*) filter (where early_seconds > 0) as "began before the planned start",
            count(*) filter (where late_seconds > 0) as "worked past the planned end",
            count(*) filter (where planned_end_basis in ('median', 'default')) as "with an assumed end",
            count(*) filter (where problem = 'reversed') as "ending before they start",
            count(*) filter (where problem = 'zero_length') as "of no length"
        from marts.windows w
        where kind <> 'freeze' and not is_withdrawn and planned_start_at >= ? and planned_start_at < ? and {scope}
        """,
        [chosen.start, chosen.end, *values],
    )
    names = [column[0] for column in found.description or ()]
    return dict(zip(names, found.fetchall()[0], strict=True))
