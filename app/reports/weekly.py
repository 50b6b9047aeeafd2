"""Metrics as a retrospective reads them: this period, the one before, the same one last year, and week by week.

Owns which weeks are drawn and judged. Every number comes from the one aggregation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from duckdb import DuckDBPyConnection

from app import limits
from app.findings import Reading
from app.limits import BASELINE_WEEKS, Week
from app.periods import Period, monday
from app.published import span_of_records
from app.reports.question import NamedPeriod, Scope
from models.metric import MetricValue
from sql import aggregate

_SETTLED = timedelta(days=2)
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Compared:
    """A metric's reading in the period, and its value in the same period a year before."""

    reading: Reading
    year_before: MetricValue

    @property
    def is_signal(self) -> bool:
        """Whether a week of the period is no routine variation."""
        return self.reading.behaviour.is_signal

    @property
    def mark(self) -> str:
        """Signal, routine variation, or why neither can be said."""
        if self.reading.value.value is None:
            return "nothing to judge"
        if self.reading.behaviour.limits is None:
            return "too little history"
        return "signal" if self.is_signal else "routine variation"


def read(con: DuckDBPyConnection, named: NamedPeriod, scope: Scope, as_of: datetime) -> list[Compared]:
    """Return every metric of the build for a period and scope."""
    until = _settled_until(con, as_of)
    return [_compared(con, name, named, scope, until) for name in aggregate.definitions(con)]


def _compared(con: DuckDBPyConnection, name: str, named: NamedPeriod, scope: Scope, until: datetime) -> Compared:
    defined = aggregate.definition(con, name)
    first = monday(named.period.start)
    drawn = Period(first - _WEEK * BASELINE_WEEKS, named.period.end)
    judged_from = judged_week(named.period)
    asked = scope.over(named.period)
    behaviour = limits.behaviour(
        weeks(con, name, scope, drawn, until), judged_from, ceiling=1.0 if defined.kind == "rate" else None
    )
    now, before, year = (
        aggregate.value(con, name, scope.over(period))[0] for period in (named.period, named.before, named.year_before)
    )
    return Compared(Reading(defined, now, before, behaviour, asked), year)


def judged_week(period: Period) -> date:
    """Return the Monday of the first whole week of a period."""
    first = monday(period.start)
    return (first if first == period.start else first + _WEEK).date()


def weeks(con: DuckDBPyConnection, name: str, scope: Scope, drawn: Period, until: datetime) -> list[Week]:
    """Return a metric week by week, weeks without a record included as undefined; one not over by ``until`` as such."""
    found = {
        date.fromisoformat(value.group["week"]): value
        for value in aggregate.value(con, name, scope.over(drawn), by=("week",))
        if value.group["week"]
    }
    if not found:
        return []
    week, last, made = min(found), max(found), []
    while week <= last:
        value = found.get(week)
        is_complete = week + _WEEK <= until.date()
        made.append(Week(week, value.value if value else None, value.denominator if value else 0, is_complete))
        week += _WEEK
    return made


def _settled_until(con: DuckDBPyConnection, as_of: datetime) -> datetime:
    """Return up to when weeks can be over: the build's instant, but not long after the last record."""
    span = span_of_records(con, as_of)
    return as_of if span is None else min(as_of, span[1] + _SETTLED)
