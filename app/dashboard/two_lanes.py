"""Both tracks as parallel lanes by week with hand-overs crossing, as Overview and Hand-over show them.

Owns the heading, the figure and the same as a table. What choosing a week leads to is the page's.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.dashboard import exhibits, frame, take_away
from app.dashboard.frame import Frame
from app.figures import style, timelines
from app.journal import notes
from app.questions import lanes
from sql.aggregate import Filter


def _partly(chosen: Filter) -> str:
    """Return which of the weeks at the ends the period only touches, whose counts would read as a fall."""
    ends = (("first", chosen.start), ("last", chosen.end))
    touched = [name for name, at in ends if at is not None and at.weekday() != 0]
    if not touched:
        return ""
    return f"The {' and '.join(touched)} week {'is' if len(touched) == 1 else 'are'} only in part within the period."


def show(asked: Frame, heading: Callable[..., object], *, height: int, on_pick: Callable[[str], None]) -> None:
    """Show the lanes of the question asked.

    Args:
        asked: The page's frame.
        heading: How the finding is shown, such as ``st.header``.
        height: Of the figure, in pixels.
        on_pick: Called with the Monday of a week that a reader chose, as the address writes it.
    """
    weeks = lanes.lane_weeks(asked.build, asked.choice.filter)
    crossed = lanes.crossings(asked.build, asked.choice.filter)
    title = lanes.title(crossed)
    heading(title, anchor=False)
    if not weeks:
        st.caption("No decision and no production deployment in the period.")
        return
    of = take_away.provenance(asked, sum(crossing.count for crossing in crossed))

    def chosen() -> None:
        if week := exhibits.picked_mark("lanes"):
            on_pick(week)

    exhibits.chart(
        timelines.lanes(
            weeks, crossed, style.palette(frame.is_dark()), height=height,
            notes=notes.notes_between(weeks[0].week, weeks[-1].week, *asked.choice.teams),
        ),
        key="lanes", of=of, on_select=chosen,
        alt=f"{title}. Two lanes by week: decisions above, production deployments below, and lines from the week of "
        "approval to the week of deployment. The table below holds the same numbers.",
    )  # fmt: skip
    said = (lanes.LEGEND, _partly(asked.choice.filter), "Choose a week to see its deployments.")
    st.caption(" ".join(part for part in said if part))
    exhibits.same_as_table(
        lanes.table(weeks, crossed), name="lanes", alt="Both tracks by week", of=of,
        on_pick=lambda row: on_pick(weeks[row].week.isoformat()),
    )  # fmt: skip
