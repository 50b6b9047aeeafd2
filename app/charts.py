"""Figures: process-behaviour charts, the two lanes, distributions, breakdowns. Light and dark.

Owns colours and marks. The two tracks have one colour each, always doubled by marker, dash or a direct label, and no
other meaning. No titles here: the page's heading states the finding. Refuses to query or to format prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from app import wording
from app.lanes import Crossing, LaneWeek
from app.limits import Behaviour, Signal, Week
from app.windows import Bar

GOVERNANCE, EXECUTION, NEUTRAL = "change_governance", "release_execution", "neutral"


@dataclass(frozen=True)
class Palette:
    """Colours of one theme."""

    governance: str
    execution: str
    ink: str
    muted: str
    grid: str
    band: str
    signal: str
    surface: str

    def of(self, track: str) -> str:
        """Return a track's colour; anything that is neither track is ink."""
        return {GOVERNANCE: self.governance, EXECUTION: self.execution}.get(track, self.ink)


LIGHT = Palette("#12436D", "#F46A25", "#1b232b", "#5b6773", "#e4e8ec", "rgba(91,103,115,0.10)", "#b0123f", "#ffffff")
DARK = Palette("#6BACE6", "#F46A25", "#e8edf2", "#9aa6b2", "#2b353f", "rgba(154,166,178,0.13)", "#ff8fa3", "#12171c")


def palette(is_dark: bool) -> Palette:
    """Return the theme's palette."""
    return DARK if is_dark else LIGHT


CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


def _layout(figure: go.Figure, colours: Palette, height: int, **more: object) -> go.Figure:
    base: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"size": 13, "color": colours.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {"font": {"size": 13}, "align": "left"},
    }
    figure.update_layout(**{**base, **more})
    figure.update_xaxes(
        gridcolor=colours.grid, zeroline=False, fixedrange=True, tickfont={"color": colours.muted}, automargin=True
    )
    figure.update_yaxes(
        gridcolor=colours.grid, zeroline=False, fixedrange=True, tickfont={"color": colours.muted}, automargin=True
    )
    return figure


@dataclass(frozen=True)
class Scale:
    """How stored values are drawn: divided by ``per``, with an axis title."""

    per: float
    axis: str


def scale(unit: str, largest: float | None) -> Scale:
    """Return the scale of a metric's axis; durations in the largest unit that keeps values readable."""
    if unit == "ratio":
        return Scale(0.01, "per cent")
    if unit == "seconds":
        top = largest or 0
        for per, axis in ((86400, "days"), (3600, "hours"), (60, "minutes")):
            if top >= 3 * per:
                return Scale(per, axis)
        return Scale(1, "seconds")
    return Scale(1, "count")


def process_behaviour(
    found: Behaviour,
    unit: str,
    track: str,
    colours: Palette,
    *,
    judged_from: date | None = None,
    notes: Sequence[tuple[date, str]] = (),
    height: int = 320,
) -> go.Figure:
    """Draw a metric week by week with its limits; signals ringed and labelled, unjudged weeks hollow.

    Args:
        found: The weeks, limits and signals.
        unit: The metric's unit.
        track: Whose colour the line has.
        colours: The theme's.
        judged_from: Where the asked period begins; marked on the axis.
        notes: Deliberate changes people noted, by day.
        height: Pixels.
    """
    values = [w.value for w in found.weeks if w.value is not None] + ([found.limits.upper] if found.limits else [])
    to = scale(unit, max(values, default=None))
    figure, colour = go.Figure(), colours.of(track)
    weeks = [w.week for w in found.weeks]
    if found.limits and weeks:
        _draw_limits(figure, found, unit, to, colours, weeks)
    hits = {signal.week: signal for signal in found.signals}
    figure.add_scatter(
        x=weeks,
        y=[None if w.value is None else w.value / to.per for w in found.weeks],
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={
            "color": [
                colours.signal if w.week in hits else colour if w.is_judged else colours.surface for w in found.weeks
            ],
            "symbol": ["diamond" if w.week in hits else "circle" for w in found.weeks],
            "size": [12 if w.week in hits else 7 for w in found.weeks],
            "opacity": 1,
            "line": {"color": [colours.signal if w.week in hits else colour for w in found.weeks], "width": 1.5},
        },
        customdata=[w.week.isoformat() for w in found.weeks],
        text=[_week_text(w, unit, hits) for w in found.weeks],
        hovertemplate="%{text}<extra></extra>",
        name="weeks",
    )
    if found.signals:
        last = found.signals[-1]
        figure.add_annotation(
            x=last.week, y=last.value / to.per, text="signal", showarrow=False, yshift=16 if last.is_high else -16,
            font={"color": colours.signal, "size": 13},
        )  # fmt: skip
    for on, text in notes:
        figure.add_vline(x=on.isoformat(), line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=on.isoformat(), y=1, yref="paper", yanchor="bottom", text=wording.chart_text(text, 40), showarrow=False,
            font={"color": colours.muted, "size": 12},
        )  # fmt: skip
    if judged_from and weeks and weeks[0] < judged_from <= weeks[-1]:
        figure.add_vline(x=(judged_from - timedelta(days=3)).isoformat(), line={"color": colours.muted, "width": 1})
        figure.add_annotation(
            x=(judged_from - timedelta(days=3)).isoformat(), y=1, yref="paper", yanchor="bottom", xanchor="left",
            text="asked period →", showarrow=False, font={"color": colours.muted, "size": 12},
        )  # fmt: skip
    _layout(figure, colours, height, margin={"l": 8, "r": 96, "t": 22, "b": 8})
    figure.update_xaxes(
        showgrid=False, title={"text": "week beginning (UTC)", "font": {"color": colours.muted, "size": 12}}
    )
    figure.update_yaxes(title={"text": to.axis, "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    return figure


def _draw_limits(
    figure: go.Figure, found: Behaviour, unit: str, to: Scale, colours: Palette, weeks: list[date]
) -> None:
    limits = found.limits
    if limits is None:
        return
    edges = (weeks[0] - timedelta(days=4), weeks[-1] + timedelta(days=4))
    figure.add_shape(
        type="rect", x0=edges[0].isoformat(), x1=edges[1].isoformat(),
        y0=limits.lower / to.per, y1=limits.upper / to.per,
        fillcolor=colours.band, line={"width": 0}, layer="below",
    )  # fmt: skip
    for value, dash, label in (
        (limits.upper, "dash", "upper limit"),
        (limits.centre, "dot", "usual"),
        (limits.lower, "dash", "lower limit"),
    ):
        if label == "lower limit" and value <= 0:
            continue
        figure.add_shape(
            type="line", x0=edges[0].isoformat(), x1=edges[1].isoformat(), y0=value / to.per, y1=value / to.per,
            line={"color": colours.muted, "width": 1, "dash": dash}, layer="below",
        )  # fmt: skip
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=4, y=value / to.per, showarrow=False, align="left",
            text=f"{label}<br>{wording.amount(value, unit)}", font={"color": colours.muted, "size": 12},
        )  # fmt: skip


def _week_text(week: Week, unit: str, hits: dict[date, Signal]) -> str:
    text = f"Week of {wording.day(week.week)}<br>{wording.amount(week.value, unit)}, n = {week.n:,}"
    if week.week in hits:
        return text + f"<br>signal: {hits[week.week].rule}"
    if not week.is_complete:
        return text + "<br>week not over, not judged"
    return text if week.is_judged else text + "<br>too few to judge"


def lanes(
    weeks: Sequence[LaneWeek], crossings: Sequence[Crossing], colours: Palette, *, height: int = 300
) -> go.Figure:
    """Draw the two tracks as parallel lanes by week, with hand-overs crossing from the upper to the lower one.

    A line leans right when approved work waited, and back to the left, dashed, when approval came after deployment.
    """
    figure = go.Figure()
    most = max((c.count for c in crossings), default=1)
    for crossing in sorted(crossings, key=lambda c: c.count):
        is_late = crossing.is_backwards
        figure.add_scatter(
            x=[crossing.approved, crossing.deployed], y=[1, 0], mode="lines", hoverinfo="skip",
            line={
                "color": colours.signal if is_late else colours.muted, "dash": "dash" if is_late else "solid",
                "width": 0.6 + 5 * crossing.count / most,
            },
            opacity=0.9 if is_late else 0.4,
        )  # fmt: skip
    most_acts = max([w.decisions for w in weeks] + [w.deployments for w in weeks], default=1) or 1
    for y, name, track, symbol, counts in (
        (1, "decisions", GOVERNANCE, "circle", [w.decisions for w in weeks]),
        (0, "production deployments", EXECUTION, "square", [w.deployments for w in weeks]),
    ):
        figure.add_scatter(
            x=[w.week for w in weeks], y=[y] * len(weeks), mode="markers+text",
            marker={
                "color": colours.of(track), "symbol": symbol, "line": {"width": 0}, "opacity": 1,
                "size": [0 if not c else 7 + 19 * (c / most_acts) ** 0.5 for c in counts],
            },
            text=[f"{c:,}" if c else "" for c in counts], textposition="top center" if y else "bottom center",
            textfont={"color": colours.of(track), "size": 12}, customdata=[w.week.isoformat() for w in weeks],
            hovertext=[_lane_text(w, y, name) for w in weeks], hovertemplate="%{hovertext}<extra></extra>", name=name,
        )  # fmt: skip
    for y, text, track, shift in (
        (1, "● Change governance: decisions", GOVERNANCE, 44),
        (0, "■ Release execution: production deployments", EXECUTION, -44),
    ):
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=y, yshift=shift, text=text, showarrow=False,
            font={"color": colours.of(track), "size": 13},
        )  # fmt: skip
    _layout(figure, colours, height, margin={"l": 8, "r": 8, "t": 4, "b": 4})
    figure.update_yaxes(visible=False, range=[-0.62, 1.52])
    figure.update_xaxes(
        showgrid=False, title={"text": "week beginning (UTC)", "font": {"color": colours.muted, "size": 12}}
    )
    return figure


def _lane_text(week: LaneWeek, is_upper: int, name: str) -> str:
    count = week.decisions if is_upper else week.deployments
    text = f"Week of {wording.day(week.week)}<br>{count:,} {name}"
    return (
        text
        if is_upper or not week.unauthorised
        else text + f"<br>{week.unauthorised:,} without valid approval at start"
    )


def bars(
    labels: Sequence[str],
    counts: Sequence[int],
    colours: Palette,
    track: str,
    *,
    axis: str,
    unit_axis: str,
    height: int = 280,
) -> go.Figure:
    """Draw counts per class, in the classes' own order, with the count on each bar."""
    figure = go.Figure()
    figure.add_bar(
        x=list(labels), y=list(counts), marker={"color": colours.of(track)},
        text=[f"{c:,}" for c in counts], textposition="outside",
        textfont={"color": colours.ink}, customdata=list(labels),
        hovertemplate="%{x}: %{y:,}<extra></extra>", cliponaxis=False,
    )  # fmt: skip
    _layout(figure, colours, height, bargap=0.25, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    figure.update_xaxes(
        showgrid=False, title={"text": axis, "font": {"color": colours.muted, "size": 12}}, type="category"
    )
    figure.update_yaxes(title={"text": unit_axis, "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    return figure


@dataclass(frozen=True)
class Estimate:
    """One group's value with its interval, where it has one."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    is_enough: bool


def estimates(
    groups: Sequence[Estimate], unit: str, track: str, colours: Palette, *, overall: float | None = None
) -> go.Figure:
    """Draw one dot per group with its interval; hollow where there are too few records to judge."""
    shown = list(reversed(groups))
    tops = [g.high if g.high is not None else g.value for g in shown]
    to, colour = scale(unit, max(tops, default=None)), colours.of(track)
    figure = go.Figure()
    figure.add_scatter(
        x=[g.value / to.per for g in shown], y=[wording.chart_text(g.name, 32) for g in shown], mode="markers",
        marker={
            "color": [colour if g.is_enough else colours.surface for g in shown], "size": 11,
            "symbol": "square" if track == EXECUTION else "circle", "line": {"color": colour, "width": 2},
        },
        error_x={
            "type": "data", "symmetric": False, "color": colours.muted, "thickness": 1.5, "width": 0,
            "array": [0 if g.high is None else (g.high - g.value) / to.per for g in shown],
            "arrayminus": [0 if g.low is None else (g.value - g.low) / to.per for g in shown],
        },
        text=[f"{wording.chart_text(g.name)}<br>{wording.amount(g.value, unit)}, n = {g.n:,}"
              + ("" if g.is_enough else "<br>too few to judge") for g in shown],
        customdata=[g.name for g in shown], hovertemplate="%{text}<extra></extra>", cliponaxis=False,
    )  # fmt: skip
    if overall is not None:
        figure.add_vline(x=overall / to.per, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=overall / to.per, y=1, yref="paper", yanchor="bottom", text=f"all {wording.amount(overall, unit)}",
            showarrow=False, font={"color": colours.muted, "size": 12},
        )  # fmt: skip
    _layout(figure, colours, max(140, 30 * len(shown) + 70), margin={"l": 8, "r": 16, "t": 22, "b": 8})
    figure.update_xaxes(title={"text": to.axis, "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    figure.update_yaxes(showgrid=True, tickfont={"color": colours.ink}, type="category")
    return figure


@dataclass(frozen=True)
class Moment:
    """One event on a timeline: when, in which track, its short label and its hover text."""

    at: datetime
    track: str
    label: str
    text: str
    is_dual: bool


def timeline(moments: Sequence[Moment], colours: Palette, *, height: int = 330) -> go.Figure:
    """Draw one change's events on one time axis, each track a lane; an event that is in both joins them.

    Labels that would touch the one before in their lane take the next of three heights; beyond that they are left to
    the hover text and the table.
    """
    figure = go.Figure()
    times = [moment.at for moment in moments]
    first, last = min(times), max(times)
    pad = max((last - first) / 20, timedelta(minutes=5))
    for y, track in ((1, GOVERNANCE), (0, EXECUTION)):
        figure.add_shape(
            type="line", x0=first - pad, x1=last + pad, y0=y, y1=y, layer="below",
            line={"color": colours.of(track), "width": 2, "dash": "solid" if y else "dash"},
        )  # fmt: skip
        lane = [m for m in moments if m.track == track]
        _lane_marks(figure, lane, y, track, colours, (last - first + 2 * pad) / 9)
    for moment in (m for m in moments if m.is_dual and m.track == GOVERNANCE):
        figure.add_shape(
            type="line", x0=moment.at, x1=moment.at, y0=0, y1=1, line={"color": colours.ink, "width": 1, "dash": "dot"}
        )
    for y, text, track in ((1, "● Change governance", GOVERNANCE), (0, "■ Release execution", EXECUTION)):
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=y, yshift=74 if y else -74, text=text, showarrow=False,
            font={"color": colours.of(track), "size": 13},
        )  # fmt: skip
    _layout(figure, colours, height)
    figure.update_yaxes(visible=False, range=[-0.95, 1.95])
    figure.update_xaxes(
        showgrid=True,
        range=[first - pad, last + pad],
        title={"text": "UTC", "font": {"color": colours.muted, "size": 12}},
    )
    return figure


def _lane_marks(
    figure: go.Figure, lane: Sequence[Moment], y: int, track: str, colours: Palette, apart: timedelta
) -> None:
    if not lane:
        return
    figure.add_scatter(
        x=[m.at for m in lane], y=[y] * len(lane), mode="markers",
        marker={"color": colours.of(track), "symbol": "circle" if y else "square", "size": 11, "opacity": 1,
                "line": {"color": colours.surface, "width": 1}},
        text=[m.text for m in lane], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    free: list[datetime | None] = [None, None, None]
    for moment in lane:
        level = next((i for i, until in enumerate(free) if until is None or moment.at >= until), None)
        if level is None:
            continue
        free[level] = moment.at + apart
        figure.add_annotation(
            x=moment.at, y=y, text=wording.chart_text(moment.label, 18), showarrow=False, xanchor="center",
            yshift=(18 + 17 * level) * (1 if y else -1), font={"color": colours.ink, "size": 12},
        )  # fmt: skip


def calendar(shown: Sequence[Bar], colours: Palette) -> go.Figure:
    """Draw windows as bars on a time axis, one row per service; overlapping ones filled, hatched and outlined."""
    lanes_ = sorted({bar.lane for bar in shown}, reverse=True)
    figure = go.Figure()
    for is_overlapping in (False, True):
        drawn = [bar for bar in shown if bar.is_overlapping == is_overlapping]
        if not drawn:
            continue
        figure.add_bar(
            base=[bar.start for bar in drawn],
            x=[max((bar.end - bar.start).total_seconds(), 600) * 1000 for bar in drawn],
            y=[wording.chart_text(bar.lane, 32) for bar in drawn], orientation="h", width=0.55,
            marker={
                "color": colours.execution if is_overlapping else colours.muted,
                "opacity": 1 if is_overlapping else 0.45,
                "pattern": {"shape": "/" if is_overlapping else "", "size": 5, "solidity": 0.25,
                            "fgcolor": colours.ink, "fillmode": "overlay"},
                "line": {"color": colours.execution if is_overlapping else colours.muted, "width": 1},
            },
            hovertext=[_bar_text(bar) for bar in drawn], hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    _layout(figure, colours, max(150, 26 * len(lanes_) + 80), barmode="overlay")
    figure.update_xaxes(type="date", title={"text": "UTC", "font": {"color": colours.muted, "size": 12}})
    figure.update_yaxes(
        type="category", tickfont={"color": colours.ink},
        categoryorder="array", categoryarray=[wording.chart_text(lane, 32) for lane in lanes_],
    )  # fmt: skip
    return figure


def _bar_text(bar: Bar) -> str:
    text = f"{wording.chart_text(bar.title)}<br>{wording.instant(bar.start)} to {wording.instant(bar.end)}"
    if bar.is_end_assumed:
        text += "<br>end assumed"
    return text + ("<br>overlaps another" if bar.is_overlapping else "")
