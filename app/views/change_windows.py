"""Change windows: how often planned windows overlap, on what, and whether it was known when they were approved."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import streamlit as st

from app import wording
from app.dashboard import components, filters, frame, metric_page
from app.dashboard.frame import Frame
from app.families import WINDOWS
from app.figures import style, timelines
from app.periods import Period
from app.questions import windows


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title("Change windows", components.question(asked.choice), asked.build)
    chosen = metric_page.choose_measure(asked, WINDOWS)
    if chosen is None:
        components.missing("This build holds no change windows.", "Build again with this version.", "twotrack build")
        return
    subject, reading = chosen
    if metric_page.is_empty(reading):
        components.nothing_matches(
            asked.choice.describe(),
            "No window is planned in it. Windows come from change tickets with planned start and end, from calendars "
            "and from imported change exports.",
        )
        return
    metric_page.headline(asked, subject, reading)
    if subject is WINDOWS[0]:
        _week(asked)
        left, right = st.columns(2, gap="medium")
        with left:
            _scopes(asked)
        with right:
            st.subheader("Where windows overlap", anchor=False)
            metric_page.breakdown(asked, subject, reading)
        _pairs(asked)
    else:
        metric_page.split(asked, subject, reading)
    metric_page.measures(asked, WINDOWS)
    metric_page.rows(asked, subject, reading, title="Records behind the number")


def _week(asked: Frame) -> None:
    found = windows.weeks(asked.build, asked.choice.filter)
    if not found:
        return
    busiest = max(found, key=lambda week: (week[2], week[0]))
    labels = {windows.week_label(*week): week[0] for week in reversed(found)}
    st.subheader("One week's windows", anchor=False)
    first = windows.week_label(*busiest)
    names = [first, *(label for label in labels if label != first)]
    picked = filters.choose("Week beginning (UTC), the one with most overlaps first", names, key="calendar_week")
    start = datetime.combine(labels[picked], time())
    bars, total = windows.bars(asked.build, asked.choice.over(Period(start, start + timedelta(days=7))))
    overlapping = sum(bar.is_overlapping for bar in bars)
    st.plotly_chart(
        timelines.calendar(bars, style.palette(frame.is_dark())), key="calendar", config=style.CONFIG,
        alt=f"{wording.plural(total, 'planned window')} of the week by service, {overlapping:,} of them overlapping.",
    )  # fmt: skip
    more = f"; {total - len(bars):,} more are not drawn" if total > len(bars) else ""
    st.caption(f"Hatched: overlaps another window of the same component or service{more}. Touching is not overlapping.")


def _scopes(asked: Frame) -> None:
    st.subheader("What overlapping windows share", anchor=False)
    found = windows.by_scope(asked.build, asked.choice.filter)
    components.table(found, key="scopes", alt="Overlapping pairs by shared scope")
    st.caption("Each unordered pair counts once per scope; scopes are never added up. The rate counts the first two.")
    planned = windows.planning(asked.build, asked.choice.filter)
    total = planned.pop("windows")
    said = [f"{count:,} {what}" for what, count in planned.items() if count]
    if total and said:
        st.markdown(f"Of {wording.plural(total, 'planned window')}: {wording.listed(said, 9)}.")


def _pairs(asked: Frame) -> None:
    st.subheader("Overlapping pairs", anchor=False)
    picked = filters.choose("Shared scope", [wording.sentence(text) for text in windows.SCOPES.values()], key="scope")
    scope = next(name for name, text in windows.SCOPES.items() if wording.sentence(text) == picked)
    found = windows.pairs(asked.build, asked.choice.filter, scope)
    if found.empty:
        st.caption("No pair of this scope overlaps in the period.")
        return
    selected = components.table(
        found, key="pairs", alt="Overlapping pairs of windows", is_selectable=True,
        columns={
            "overlap_start_at": st.column_config.DatetimeColumn("From (UTC)", format="D MMM YYYY, HH:mm", width=140),
            "first": st.column_config.TextColumn("First window", width=220),
            "second": st.column_config.TextColumn("Second window", width=220),
            "minutes": st.column_config.NumberColumn("Shared minutes", format="%.0f", width=90),
            "basis": st.column_config.TextColumn("Basis", width=80),
            "known": st.column_config.TextColumn("At approval", width=120),
            "scope_value": st.column_config.TextColumn("Shared", width=140),
        },
    )  # fmt: skip
    components.open_selected(selected, found)
    st.caption(f"{wording.plural(len(found), 'pair')}, latest first. Select a row to open the first window's change.")


if __name__ == "__main__":
    show()
