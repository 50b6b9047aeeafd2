"""One metric as a page reads it: value, comparison, and weeks judged by process-behaviour limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from app import limits
from app.dashboard import take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.findings import Reading
from app.periods import Period, monday
from app.questions import queries

_SETTLED = timedelta(days=2)


def reading(asked: Frame, name: str) -> Reading | None:
    """Return a metric for the question asked, or ``None`` when the build does not hold it."""
    definition = queries.definitions(asked.build).get(name)
    if definition is None:
        return None
    choice, note = asked.choice, ""
    has_types = queries.has_change_types(asked.build, name)
    if choice.change_types and not has_types:
        choice, note = replace(choice, change_types=()), "all change types: a deployment may carry several"
    before = choice.before
    course = queries.course(
        asked.build, name, choice.filter, before, choice.over(history(choice.asked)), settled_until(asked)
    )
    return Reading(
        definition,
        course.value,
        course.before,
        limits.behaviour(course.weeks, judged_from(choice.asked), ceiling=1.0 if definition.kind == "rate" else None),
        choice.filter,
        has_types,
        note,
    )


def question(asked: Frame, reading: Reading, over: Period | None = None) -> str:
    """Return what a metric's figures answer, as text: without the change types where those do not narrow it."""
    if not reading.scope_note:
        return asked.choice.describe(over)
    return f"{replace(asked.choice, change_types=()).describe(over)} · {reading.scope_note}"


def provenance(asked: Frame, reading: Reading, n: int | None = None) -> Provenance:
    """Return what a metric's figures answer, for files and the foot of its charts."""
    found = take_away.provenance(asked, reading.value.denominator if n is None else n)
    return replace(found, question=question(asked, reading))


def history(asked: Period) -> Period:
    """Return the period whose weeks are drawn: the asked one and the weeks that make its limits, whole weeks."""
    return Period(monday(asked.start) - timedelta(weeks=limits.BASELINE_WEEKS), asked.end)


def judged_from(asked: Period) -> date:
    """Return the Monday of the first whole week of a period."""
    first = monday(asked.start)
    return (first if first == asked.start else first + timedelta(weeks=1)).date()


def settled_until(asked: Frame) -> datetime:
    """Return up to when weeks can be over: the build's instant, but not long after the last record."""
    return min(asked.build.as_of, asked.facts.last + _SETTLED)
