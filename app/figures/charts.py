"""Figures of measures: process-behaviour charts, distributions, breakdowns.

No titles here: the page's heading states the finding. Refuses to query or to format prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import plotly.graph_objects as go

from app import wording
from app.figures.style import EXECUTION, Palette, Scale, lay_out, scale
from app.limits import Behaviour, Signal, Week


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
            x=last.week, y=last.value / to.per, text="signal", showarrow=False,
            # Below a low week stand the names of the weeks.
            yshift=16,
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
    lay_out(figure, colours, height, margin={"l": 8, "r": 96, "t": 22, "b": 8})
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
    lay_out(figure, colours, height, bargap=0.25, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    figure.update_xaxes(
        showgrid=False, title={"text": axis, "font": {"color": colours.muted, "size": 12}}, type="category"
    )
    figure.update_yaxes(title={"text": unit_axis, "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    return figure


def horizontal(labels: Sequence[str], counts: Sequence[int], colours: Palette, track: str) -> go.Figure:
    """Draw counts per label as horizontal bars, the last label on top, with the count on each bar."""
    figure = go.Figure()
    figure.add_bar(
        y=[wording.chart_text(label, 44) for label in labels], x=list(counts), orientation="h", width=0.62,
        marker={"color": colours.of(track)}, text=[f"{count:,}" for count in counts], textposition="outside",
        textfont={"color": colours.ink}, hovertemplate="%{y}: %{x:,}<extra></extra>", cliponaxis=False,
        customdata=list(labels),
    )  # fmt: skip
    lay_out(figure, colours, 34 * len(labels) + 60, margin={"l": 8, "r": 36, "t": 4, "b": 8})
    figure.update_xaxes(title={"text": "records", "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    figure.update_yaxes(showgrid=False, tickfont={"color": colours.ink}, type="category")
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
    lay_out(figure, colours, max(140, 30 * len(shown) + 70), margin={"l": 8, "r": 16, "t": 22, "b": 8})
    figure.update_xaxes(title={"text": to.axis, "font": {"color": colours.muted, "size": 12}}, rangemode="tozero")
    figure.update_yaxes(showgrid=True, tickfont={"color": colours.ink}, type="category")
    return figure


def level(
    weeks: Sequence[tuple[date, float, float, float, int]],
    colours: Palette,
    *,
    baseline: float | None = None,
    reference: float | None = None,
    baseline_span: tuple[date | None, date | None] = (None, None),
    gaps: Sequence[date] = (),
    is_drifting: bool = False,
    onset: date | None = None,
    notes: Sequence[tuple[date, str]] = (),
    height: int = 190,
) -> go.Figure:
    """Draw a level over weeks with its interval: baseline dotted, reference dashed, censored weeks crossed out.

    Args:
        weeks: (last day of the week, level, low, high, n).
        colours: The theme's.
        baseline: Rate of the baseline.
        reference: Rate up to which nothing counts as drift.
        baseline_span: First and last day of the baseline; a bar at the top.
        gaps: Mondays of censored weeks.
        is_drifting: Whether the line is a signal.
        onset: Where it began, about; marked.
        notes: Deliberate changes, by day.
        height: Pixels.
    """
    figure, colour = go.Figure(), colours.signal if is_drifting else colours.ink
    ends = [week[0] for week in weeks]
    shapes: list[dict[str, object]] = []
    if baseline_span[0] and baseline_span[1]:
        # A bar on the ceiling rather than a shaded span: shading is what the interval has.
        shapes.append(_box(baseline_span[0], baseline_span[1], colours.muted, 0.6, bottom=0.965))
        figure.add_annotation(
            x=baseline_span[0].isoformat(), y=0.955, yref="paper", xanchor="left", yanchor="top", text="baseline",
            showarrow=False, font={"color": colours.muted, "size": 11},
        )  # fmt: skip
    figure.add_scatter(
        x=[*ends, *reversed(ends)], y=[w[3] * 100 for w in weeks] + [w[2] * 100 for w in reversed(weeks)], mode="lines",
        fill="toself", fillcolor=colours.band, line={"width": 0}, hoverinfo="skip",
    )  # fmt: skip
    for rate, dash in ((baseline, "dot"), (reference, "dash")):
        if rate is not None:
            shapes.append({
                "type": "line", "x0": ends[0].isoformat(), "x1": ends[-1].isoformat(), "y0": rate * 100,
                "y1": rate * 100, "line": {"color": colours.muted, "width": 1, "dash": dash},
            })  # fmt: skip
    figure.add_scatter(
        x=ends, y=[w[1] * 100 for w in weeks], mode="lines+markers",
        line={"color": colour, "width": 2.5 if is_drifting else 1.8},
        # A line alone cannot be selected; the week's day is what a chosen point stands for.
        marker={"color": colour, "size": 4, "opacity": 1}, customdata=[end.isoformat() for end in ends],
        text=[f"weeks to {wording.day(w[0])}<br>{wording.share(w[1])}, n = {w[4]:,}" for w in weeks],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    shapes += [_box(week, week + timedelta(days=7), colours.muted, 0.35) for week in gaps]
    figure.update_layout(shapes=shapes)
    marks = [(onset, "since")] if onset else []
    for on, text in [*marks, *notes]:
        figure.add_vline(x=on.isoformat(), line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=on.isoformat(), y=1, yref="paper", yanchor="bottom", text=wording.chart_text(text, 24), showarrow=False,
            font={"color": colours.muted, "size": 11},
        )  # fmt: skip
    lay_out(figure, colours, height, margin={"l": 4, "r": 4, "t": 16, "b": 4})
    figure.update_yaxes(range=[0, _top(weeks, reference)], ticksuffix=" %", nticks=4)
    figure.update_xaxes(showgrid=False, nticks=4)
    return figure


def _box(first: date, last: date, colour: str, opacity: float, *, bottom: float = 0.0) -> dict[str, object]:
    """Return a shape over the figure's height between two days."""
    return {
        "type": "rect", "x0": first.isoformat(), "x1": last.isoformat(), "y0": bottom, "y1": 1, "yref": "paper",
        "fillcolor": colour, "opacity": opacity, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def _top(weeks: Sequence[tuple[date, float, float, float, int]], reference: float | None) -> float:
    """Return the top of a level's axis, so that small rates are readable and none looks large."""
    highest = max([week[1] for week in weeks] + [reference or 0.0], default=0.0) * 100
    return next((top for top in (10.0, 25.0, 50.0) if highest * 1.15 <= top), 105.0)
