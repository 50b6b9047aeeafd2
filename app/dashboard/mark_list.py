"""The records behind a level of drift: chosen by a point of a line, by its row or by name, spread, opened one by one.

Owns the last steps of drift's drill: level, how its records spread, rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import components, exhibits, filters, take_away
from app.dashboard.frame import Frame
from app.periods import Period
from app.questions import drift, queries
from app.questions.drift import Component, Finding

_ASKED, _SINCE_ONSET = "the period asked", "the finding, since its onset"
_MISSING, _VISIBLE = "Separation missing", "Separation visible"


def pick(dimension: str, week_end: date | str | None) -> None:
    """Let the records be those of one dimension, and of one point of its line; used in callbacks."""
    st.session_state["dimension"] = drift.LABELS.get(dimension, dimension)
    if week_end:
        st.session_state["behind"] = _point(date.fromisoformat(str(week_end)))


def pick_mark(key: str, dimension: str) -> None:
    """Let the records be those of the point chosen in the chart ``key``."""
    if week_end := exhibits.picked_mark(key):
        pick(dimension, week_end)


def show(asked: Frame, finding: Finding, parts: Sequence[Component]) -> None:
    """Show the records of one dimension over one span: how many lack the separation, where, and which."""
    st.subheader("The records behind it", anchor=False)
    labels = {drift.LABELS.get(part.dimension, part.dimension): part.dimension for part in parts if part.weeks}
    if not labels:
        st.caption("No dimension has a mark.")
        return
    periods = _periods(asked, finding, parts)
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    with left:
        picked = filters.choose("Dimension", list(labels), key="dimension")
    with middle:
        behind = filters.choose("Behind", list(periods), key="behind")
    with right:
        which = st.segmented_control("Records", [_MISSING, _VISIBLE], default=_MISSING, required=True, key="marks")
    dimension, period = labels[picked], periods[behind]
    question = f"team {finding.team}, {wording.span(period.start, period.end)}, {picked.lower()}"
    _spread(asked, finding, dimension, period, question)
    found = drift.marks(asked.build, finding.team, dimension, period.start, period.end, is_missing=which != _VISIBLE)
    if found.empty:
        st.caption("No such record in the period.")
        return
    selected = components.table(
        found, key="mark_rows", alt="Records behind the dimension", is_selectable=True,
        columns={
            "occurred_at": components.instants("When (UTC)", width=135),
            "key": st.column_config.TextColumn("Record", width=125),
            "title": st.column_config.TextColumn("Title", width=175),
            "reason": st.column_config.TextColumn("Why", width=175),
            "service": st.column_config.TextColumn("Service", width=105),
            "stratum": st.column_config.TextColumn("Stratum", width=75),
            "left_out": st.column_config.TextColumn("Left out", width=70),
        },
        of=take_away.provenance(asked, len(found), f"{question}, {(which or '').lower()}"),
    )  # fmt: skip
    components.open_selected(selected, found)
    st.caption(f"{wording.plural(len(found), 'record')}, newest first. Select a row to open it.")


def _spread(asked: Frame, finding: Finding, dimension: str, period: Period, question: str) -> None:
    """Say how many records of the span lack the separation, and how they spread over the strata."""
    missing, total, left_out = drift.count_marks(asked.build, finding.team, dimension, period.start, period.end)
    level = f" ({wording.share(missing / total)})" if total else ""
    gap = f"; {left_out:,} more are of weeks left out as a data gap" if left_out else ""
    st.markdown(
        f"{missing:,} of {total:,} {drift.UNITS.get(dimension, 'records')}{level} from "
        f"{wording.span(period.start, period.end)} lack it: {drift.MEANINGS.get(dimension, '')}{gap}."
    )
    strata = drift.strata_over(asked.build, finding.team, dimension, period.start.date(), period.end.date())
    if len(strata) <= 1:
        return
    components.table(
        pd.DataFrame(
            {
                "Stratum": [one.stratum for one in strata],
                _MISSING: [one.x for one in strata],
                "Records": [one.n for one in strata],
                "Share": [wording.share(one.x / one.n if one.n else None) for one in strata],
                "Part of all that lack it": [wording.share(one.share) for one in strata],
            }
        ),
        key="strata", alt="How the records spread over change types and risks",
        of=take_away.provenance(asked, total, question),
    )  # fmt: skip


def _periods(asked: Frame, finding: Finding, parts: Sequence[Component]) -> dict[str, Period]:
    """Return what the records can stand behind: the period asked, the finding, and each point of the lines."""
    trailing = timedelta(weeks=queries.settings(asked.build).drift.level_weeks)
    last = datetime.combine(asked.build.as_of.date(), time())
    periods = {_ASKED: asked.choice.asked}
    if finding.is_drifting and finding.onset:
        periods[_SINCE_ONSET] = Period(datetime.combine(finding.onset, time()), last)
    for week_end in sorted({week[0] for part in parts for week in part.weeks}, reverse=True):
        end = datetime.combine(week_end + timedelta(days=1), time())
        periods[_point(week_end)] = Period(end - trailing, min(end, last))
    return periods


def _point(week_end: date) -> str:
    return f"the point of {wording.day(week_end)}"
