"""Change windows: how often planned windows overlap, on what, and whether it was known when they were approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from app import wording
from app.dashboard import absent, components, exhibits, filters, frame, metric_page, record_list, take_away
from app.dashboard.frame import Frame
from app.dashboard.take_away import Provenance
from app.families import WINDOWS
from app.figures import calendar, style
from app.periods import Period
from app.questions import windows
from app.questions.windows import Bar, Day


def show() -> None:
    """Show the page."""
    asked = frame.current()
    components.page_title("Change windows", components.question(asked.choice), asked.build)
    chosen = metric_page.choose_measure(asked, WINDOWS)
    if chosen is None:
        components.missing("This build holds no change windows.", "Build again with this version.", "twotrack build")
        return
    subject, reading = chosen
    if metric_page.is_empty(reading) and absent.is_missing(asked.build, "window"):
        return
    if metric_page.is_empty(reading):
        components.nothing_matches(
            asked.choice.describe(),
            "No window is planned in it. Windows come from change tickets with planned start and end, from calendars "
            "and from imported change exports.",
        )
        return
    metric_page.headline(asked, subject, reading)
    if subject is WINDOWS[0]:
        _calendar(asked)
        left, right = st.columns([1.15, 1], gap="medium")
        with left:
            _scopes(asked)
        with right:
            metric_page.breakdown(asked, subject, reading, "Where windows overlap")
        _pairs(asked)
    else:
        metric_page.split(asked, subject, reading)
    metric_page.measures(asked, WINDOWS)
    record_list.show(asked, subject, reading, title="Records behind the number")


def _calendar(asked: Frame) -> None:
    """Show the period's days; those brushed over, or chosen by date, are drawn below as planned and worked."""
    if not asked.build.has("marts.scheduled_windows"):
        components.missing(
            "This build keeps no calendar of windows.", "Build again with this version.", "twotrack build"
        )
        return
    days = windows.days(asked.build, asked.choice.filter)
    if not days:
        return
    frozen = windows.freezes(asked.build, asked.choice.filter)
    full = sum(day.overlapping > 0 for day in days)
    st.subheader(
        f"Windows overlap on {wording.plural(full, 'day')} of {len(days):,}"
        + (f"; {wording.plural(len(frozen), 'freeze')} in force" if frozen else ""),
        anchor=False,
    )
    of = take_away.provenance(asked, sum(day.windows for day in days))
    exhibits.chart(
        calendar.days(days, frozen, style.palette(frame.is_dark())), key="window_days", of=of,
        on_select=_brushed, selection_mode="box",
        alt="Planned windows by day, overlapping ones and freezes marked. The dates below select the same days.",
    )  # fmt: skip
    # Strength is ink on the page's ground, in both themes.
    st.caption(
        f"{'Brighter' if frame.is_dark() else 'Darker'}: more planned windows start that day; ringed, with their "
        "number: overlapping ones; crossed: freeze. "
        "Drag over days to see their windows below, or choose the dates."
    )
    exhibits.same_as_table(
        pd.DataFrame(
            [(day.day, day.windows, day.overlapping) for day in days],
            columns=["Day (UTC)", "Planned windows", "Overlapping"],
        ),
        name="window_days", alt="Planned windows by day", of=of,
    )  # fmt: skip
    _span(asked, days)


def _brushed() -> None:
    """Let the days under the brush be the dates of the span."""
    state = st.session_state.get("window_days")
    picked = sorted(_text(point.get("customdata")) for point in (state.selection.points if state else []))
    picked = [day for day in picked if day]
    if picked:
        st.session_state["span"] = (date.fromisoformat(picked[0]), date.fromisoformat(picked[-1]))


def _text(value: object) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _span(asked: Frame, days: Sequence[Day]) -> None:
    """Show the windows of some days on a time axis and as rows; the week with most overlaps to begin with."""
    first, last = days[0].day, days[-1].day
    start = max(windows.busiest(days) or first, first)
    chosen = st.session_state.get("span")
    if chosen and not all(first <= day <= last for day in chosen):
        del st.session_state["span"]
    linked = () if "span" in st.session_state else st.query_params.get_all("span")
    picked = st.date_input(
        "First and last day of the windows below (UTC)", (start, min(start + timedelta(days=6), last)),
        min_value=first, max_value=last, key="span", bind="query-params", format="YYYY-MM-DD",
        help="To begin with, the week with most overlapping windows.",
    )  # fmt: skip
    chosen_days = picked if isinstance(picked, tuple) else (picked,)
    if unknown := [day for day in linked if day not in {str(one) for one in chosen_days}]:
        st.caption(f"“{wording.inert(unknown[0], 60)}” of the link is no day of the period.")
    if not chosen_days:
        return
    period = Period(
        datetime.combine(chosen_days[0], time()), datetime.combine(chosen_days[-1], time()) + timedelta(days=1)
    )
    within = asked.choice.over(period)
    bars, total = windows.bars(asked.build, within)
    frozen = windows.freezes(asked.build, within)
    overlapping = sum(bar.is_overlapping for bar in bars)
    st.subheader(
        f"{wording.span(period.start, period.end)}: {wording.plural(total, 'planned window')}, "
        f"{overlapping:,} of them overlapping", anchor=False,
    )  # fmt: skip
    if not bars and not frozen:
        return
    of = take_away.provenance(asked, total, asked.choice.describe(period))
    exhibits.chart(
        calendar.timeline(bars, frozen, style.palette(frame.is_dark())), key="windows_of_span", of=of,
        alt="The windows of these days by service, planned and worked, with freezes.",
    )  # fmt: skip
    more = f" {total - len(bars):,} more are not drawn." if total > len(bars) else ""
    st.caption(
        "Block: planned; thin line below it: worked; hatched: overlaps another window of the same component or service "
        f"(touching is not overlapping); crossed field: freeze.{more}"
    )
    _span_rows(bars, of)


def _span_rows(bars: Sequence[Bar], of: Provenance) -> None:
    rows = pd.DataFrame(
        [
            (b.title, b.lane, b.start, b.end, b.worked_from, b.worked_to, "overlaps" if b.is_overlapping else "",
             b.change_id or "")
            for b in bars
        ],
        columns=["Window", "Service", "Planned from (UTC)", "Planned to (UTC)", "Worked from (UTC)", "Worked to (UTC)",
                 "Overlap", "change_id"],
    )  # fmt: skip
    with st.expander("The same as a table, CSV and XLSX"):
        selected = components.table(
            rows, key="span_rows", alt="Windows of these days", is_selectable=True,
            columns={
                "Window": st.column_config.TextColumn(width=220), "Service": st.column_config.TextColumn(width=110),
                "Planned from (UTC)": None, "Planned to (UTC)": None, "Worked from (UTC)": None,
                "Worked to (UTC)": None, "Overlap": st.column_config.TextColumn(width=80),
            },
        )  # fmt: skip
        take_away.downloads(lambda: rows, "windows", of, what="These windows", count=len(rows))
        st.caption("Select a row to open its change.")
    components.open_selected(selected, rows)


def _scopes(asked: Frame) -> None:
    st.subheader("What overlapping windows share", anchor=False)
    found = windows.by_scope(asked.build, asked.choice.filter)
    components.table(
        found, key="scopes", alt="Overlapping pairs by shared scope", of=take_away.provenance(asked),
        columns={
            "Shared scope": st.column_config.TextColumn(width=140),
            "Planned pairs": st.column_config.NumberColumn("Planned", width=60),
            "Worked pairs": st.column_config.NumberColumn("Worked", width=60),
            "Known at approval": st.column_config.NumberColumn(width=115),
            "Emerged later": st.column_config.NumberColumn(width=90),
        },
    )  # fmt: skip
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
            "overlap_start_at": components.instants("From (UTC)", width=140),
            "first": st.column_config.TextColumn("First window", width=220),
            "second": st.column_config.TextColumn("Second window", width=220),
            "minutes": st.column_config.NumberColumn("Shared minutes", format="%.0f", width=90),
            "basis": st.column_config.TextColumn("Times", width=80),
            "known": st.column_config.TextColumn("At approval", width=120),
            "scope_value": st.column_config.TextColumn("Shared", width=140),
        },
        of=take_away.provenance(asked, len(found), f"{asked.choice.describe()} · {picked.lower()}"),
    )  # fmt: skip
    components.open_selected(selected, found)
    st.caption(
        f"{wording.plural(len(found), 'overlap')}, latest first; a pair may overlap in planned and in worked times. "
        "Select a row to open the first window's change."
    )


if __name__ == "__main__":
    show()
