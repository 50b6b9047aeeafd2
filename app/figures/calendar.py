"""Figures of change windows: a calendar of days to brush over, and the windows of a span on a time axis.

Windows belong to neither track: they are ink, and what overlaps is hatched or ringed. Refuses to query.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import plotly.graph_objects as go

from app import wording
from app.figures.style import DAYS, Palette, lay_out, week_axis
from app.questions.windows import Bar, Day, Freeze

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ROW = 30
_LABELLED = 14


def days(shown: Sequence[Day], freezes: Sequence[Freeze], colours: Palette) -> go.Figure:
    """Draw a calendar: weeks from left to right, a square per day, stronger with more windows; frozen days outlined.

    Days with overlapping windows are ringed and carry their number. Dragging over days selects them.
    """
    most = max((day.windows for day in shown), default=1) or 1
    is_labelled = len(shown) <= 7 * _LABELLED * 2
    figure = go.Figure()
    figure.add_scatter(
        x=[day.day - timedelta(days=day.day.weekday()) for day in shown],
        y=[_WEEKDAYS[day.day.weekday()] for day in shown],
        mode="markers+text" if is_labelled else "markers",
        marker={
            "symbol": "square", "size": 20 if is_labelled else 11,
            "color": [_shade(day, most, colours) for day in shown],
            "line": {"width": [2.5 if day.overlapping else 0 for day in shown], "color": colours.signal},
        },
        text=[f"{day.overlapping}" if day.overlapping else "" for day in shown],
        textfont={"size": 11, "color": [colours.surface if day.windows > most / 2 else colours.ink for day in shown]},
        customdata=[day.day.isoformat() for day in shown],
        hovertext=[_day_text(day, freezes) for day in shown], hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.45}, "textfont": {"color": colours.muted}},
    )  # fmt: skip
    frozen = [day for day in shown if _freezes_on(day, freezes)]
    figure.add_scatter(
        x=[day.day - timedelta(days=day.day.weekday()) for day in frozen],
        y=[_WEEKDAYS[day.day.weekday()] for day in frozen], mode="markers", hoverinfo="skip",
        marker={"symbol": "square-x-open", "size": 20 if is_labelled else 11, "color": colours.muted,
                "line": {"width": 1}},
    )  # fmt: skip
    lay_out(figure, colours, 7 * (_ROW if is_labelled else 20) + 84, dragmode="select")
    figure.update_layout(newselection={"line": {"color": colours.ink, "dash": "dot", "width": 1}})
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=list(reversed(_WEEKDAYS)), showgrid=False, fixedrange=True
    )
    week_axis(figure, [day.day - timedelta(days=day.day.weekday()) for day in shown], colours)
    return figure


def _shade(day: Day, most: int, colours: Palette) -> str:
    """Return ink, as strong as the day is full; an empty day has the grid's colour."""
    if not day.windows:
        return colours.grid
    red, green, blue = (int(colours.ink[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{0.2 + 0.7 * day.windows / most:.2f})"


def _freezes_on(day: Day, freezes: Sequence[Freeze]) -> list[Freeze]:
    start = datetime.combine(day.day, time())
    return [freeze for freeze in freezes if freeze.start < start + timedelta(days=1) and freeze.end > start]


def _day_text(day: Day, freezes: Sequence[Freeze]) -> str:
    text = f"{_WEEKDAYS[day.day.weekday()]} {wording.day(day.day)}<br>{wording.plural(day.windows, 'planned window')}"
    if day.overlapping:
        text += f", {day.overlapping:,} overlapping"
    frozen = sorted({wording.chart_text(freeze.title, 40) for freeze in _freezes_on(day, freezes)})
    return text + (f"<br>freeze: {wording.listed(frozen, 3)}" if frozen else "")


def timeline(shown: Sequence[Bar], freezes: Sequence[Freeze], colours: Palette) -> go.Figure:
    """Draw windows on a time axis, a row per service: planned as a block, worked as a line below it; freezes behind."""
    lanes = sorted({bar.lane for bar in shown} | {freeze.lane for freeze in freezes}, reverse=True)
    figure = go.Figure()
    if freezes:
        figure.add_bar(
            base=[freeze.start for freeze in freezes], x=[_milliseconds(f.start, f.end) for f in freezes],
            y=[wording.chart_text(freeze.lane, 32) for freeze in freezes], orientation="h", width=0.94,
            marker={"color": colours.band, "line": {"width": 0},
                    "pattern": {"shape": "x", "size": 9, "solidity": 0.08, "fgcolor": colours.muted,
                                "fillmode": "overlay"}},
            hovertext=[f"freeze: {wording.chart_text(f.title)}<br>{_span(f.start, f.end)}" for f in freezes],
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    for is_overlapping in (False, True):
        drawn = [bar for bar in shown if bar.is_overlapping == is_overlapping]
        if drawn:
            _blocks(figure, drawn, colours, is_overlapping=is_overlapping)
    worked = [bar for bar in shown if bar.worked_from and bar.worked_to]
    if worked:
        figure.add_bar(
            base=[bar.worked_from for bar in worked],
            x=[_milliseconds(bar.worked_from, bar.worked_to) for bar in worked],
            y=[wording.chart_text(bar.lane, 32) for bar in worked], orientation="h", width=0.1, offset=-0.46,
            marker={"color": colours.ink, "line": {"width": 0}},
            hovertext=[_bar_text(bar) for bar in worked], hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    lay_out(figure, colours, max(170, _ROW * len(lanes) + 100), barmode="overlay")
    figure.update_xaxes(type="date", title={"text": "UTC", "font": {"color": colours.muted, "size": 12}}, **DAYS)
    figure.update_yaxes(
        type="category", tickfont={"color": colours.ink}, showgrid=False,
        categoryorder="array", categoryarray=[wording.chart_text(lane, 32) for lane in lanes],
    )  # fmt: skip
    return figure


def _blocks(figure: go.Figure, drawn: Sequence[Bar], colours: Palette, *, is_overlapping: bool) -> None:
    figure.add_bar(
        base=[bar.start for bar in drawn], x=[_milliseconds(bar.start, bar.end) for bar in drawn],
        y=[wording.chart_text(bar.lane, 32) for bar in drawn], orientation="h", width=0.5,
        marker={
            "color": colours.muted, "opacity": 0.95 if is_overlapping else 0.5,
            "pattern": {"shape": "/" if is_overlapping else "", "size": 5, "solidity": 0.35, "fgcolor": colours.signal,
                        "fillmode": "overlay"},
            "line": {"color": colours.signal if is_overlapping else colours.muted, "width": 1.5},
        },
        customdata=[bar.window_id for bar in drawn],
        hovertext=[_bar_text(bar) for bar in drawn], hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip


def _milliseconds(start: datetime | None, end: datetime | None) -> float:
    """Return a bar's length; a very short one is drawn as ten minutes, or nobody would see it."""
    return max((end - start).total_seconds(), 600) * 1000 if start and end else 0.0


def _span(start: datetime, end: datetime) -> str:
    return f"{wording.instant(start)} to {wording.instant(end)}"


def _bar_text(bar: Bar) -> str:
    text = f"{wording.chart_text(bar.title)}<br>planned {_span(bar.start, bar.end)}"
    if bar.is_end_assumed:
        text += ", end assumed"
    if bar.worked_from and bar.worked_to:
        text += f"<br>worked {_span(bar.worked_from, bar.worked_to)}"
    return text + ("<br>overlaps another" if bar.is_overlapping else "")
