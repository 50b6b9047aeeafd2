"""The records behind a measure's number: narrowed by week and kind, opened one by one, taken away in whole.

Owns the last steps of the drill: rows, downloads, and how the number is made.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import components, filters, readings, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.families import Subject
from app.findings import Reading
from app.periods import Period
from app.questions import queries, records
from sql.aggregate import Filter

ALL_WEEKS = "All weeks"
ALL_CLASSES = "Any time"
# Where charts and their tables lead when a mark or row of theirs is chosen.
ANCHOR = "records"
_RECIPES = {
    "median": "take the median of `value` (seconds)",
    "kaplan_meier": "take the Kaplan-Meier median of `value`, rows with `in_numerator` = false censored at theirs",
    "share": "divide the number of rows with `in_numerator` = true by the number of rows",
    "count": "count the rows with `in_numerator` = true",
    "ratio": "divide the sum of `value` by the number of rows",
}


def show(asked: Frame, subject: Subject, reading: Reading, *, title: str) -> None:
    """Show the records behind the number; a row opens its change. Weeks narrow it, all rows can be downloaded."""
    st.subheader(title, anchor=ANCHOR)
    has_classes = reading.definition.unit == "seconds"
    left, *middle, right = st.columns([1, 1, 2] if has_classes else [1, 2], vertical_alignment="bottom")
    weeks = [
        ALL_WEEKS,
        *(w.week.isoformat() for w in reversed(reading.behaviour.weeks) if _is_asked(w.week, asked.choice.asked)),
    ]
    with left:
        week = filters.choose("Week beginning (UTC)", weeks, key="week")
    in_class = ALL_CLASSES
    if middle:
        with middle[0]:
            in_class = filters.choose("How long it took", [ALL_CLASSES, *records.CLASSES], key="class")
    kinds = subject.kinds(reading.definition)
    with right:
        shown = st.segmented_control(
            "Records", list(kinds), default=next(iter(kinds)), required=True, key=f"kind_{subject.name}"
        )
    kind = kinds[shown or next(iter(kinds))]
    is_valued = "judged" in kinds.values()
    narrowed = reading.filter if week == ALL_WEEKS else _within(reading, date.fromisoformat(week))
    found = records.rows(asked.build, subject.name, narrowed, kind, by_value=is_valued, in_class=in_class)
    value = reading.value if narrowed == reading.filter else queries.metric(asked.build, subject.name, narrowed)
    if found.empty:
        st.caption("No such record in the period.")
    else:
        selected = components.table(
            found,
            key=f"rows_{subject.name}",
            alt=title,
            columns=_columns(reading, found),
            is_selectable=True,
        )
        components.open_selected(selected, found)
    total = records.total(value, kind)
    if in_class != ALL_CLASSES:
        total = dict(records.classes(asked.build, subject.name, narrowed)).get(in_class, 0) if is_valued else 0
    counted = f"{len(found):,} of {total:,} records" if total > len(found) else wording.plural(total, "record")
    st.caption(f"{counted}, {'largest value' if is_valued else 'newest'} first. Select a row to open it.")
    if in_class != ALL_CLASSES:
        count, n, what = total, total, f"All {total:,} of {in_class}"
    else:
        count, n = value.denominator + sum(value.excluded.values()), value.denominator
        what = f"All {wording.plural(count, 'contributing record')}"
    take_away.downloads(
        lambda: records.everything(asked.build, subject.name, narrowed, in_class), subject.name.replace("_", "-"),
        _answered(asked, reading, narrowed, in_class, n), count=count, what=what,
    )  # fmt: skip
    _how_made(asked, subject, reading)


def _columns(reading: Reading, found: pd.DataFrame) -> dict[str, Any]:
    """Return the grid's columns; the type of a change only where one of the records has one."""
    columns = records.columns(reading.definition)
    if not found["change_type"].astype(bool).any():
        del columns["change_type"]
    return columns


def _answered(asked: Frame, reading: Reading, narrowed: Filter, in_class: str, n: int) -> Provenance:
    if (narrowed == reading.filter and in_class == ALL_CLASSES) or narrowed.start is None or narrowed.end is None:
        return readings.provenance(asked, reading, n)
    question = readings.question(asked, reading, Period(narrowed.start, narrowed.end))
    return take_away.provenance(asked, n, question + ("" if in_class == ALL_CLASSES else f" · {in_class}"))


def _is_asked(week: date, asked: Period) -> bool:
    return week + timedelta(days=7) > asked.start.date() and week < asked.end.date()


def _within(reading: Reading, week: date) -> Filter:
    """Return the question narrowed to one week of the asked period."""
    start = datetime.combine(week, time())
    end = start + timedelta(days=7)
    filter_ = reading.filter
    return replace(
        filter_,
        start=max(start, filter_.start) if filter_.start else start,
        end=min(end, filter_.end) if filter_.end else end,
    )


def _how_made(asked: Frame, subject: Subject, reading: Reading) -> None:
    """Show the definition, the recipe and the SQL, so that anybody can recompute the number from the download."""
    with st.expander("How this number is made"):
        st.markdown(components.definition_help(reading.definition))
        recipe = _RECIPES[reading.definition.statistic]
        st.markdown(f"From the download: leave out the rows with an `exclusion_reason`, then {recipe}.")
        st.code(f"twotrack metric {subject.name} --build {asked.build.build_id}", language=None, wrap_lines=True)
        if sql := queries.model_sql(asked.build, f"metrics.{subject.name}"):
            st.code(sql, language=None, wrap_lines=True, height=300)
