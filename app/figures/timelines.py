"""Figures of the two tracks over time: lanes by week, one change's timeline.

Owns where things are drawn. Colours come from ``app.figures.style``; refuses to query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import plotly.graph_objects as go

from app import wording
from app.figures.style import DAYS, EXECUTION, GOVERNANCE, Palette, lay_out, week_axis
from app.questions.lanes import Crossing, LaneWeek

_TELLING = frozenset({"approved", "pre approved", "rejected", "conditioned", "deployed", "rolled back", "verified"})
_LABEL_LINES = 3
_LONGEST_NOTE = 40
# How many labels stand side by side on a phone; no server knows how wide its figures are drawn.
_LABELS = 5
# Share of the axis within which half a label would reach over its end there.
_EDGE = 0.07


def lanes(
    weeks: Sequence[LaneWeek],
    crossings: Sequence[Crossing],
    colours: Palette,
    *,
    height: int = 300,
    notes: Sequence[tuple[date, str]] = (),
) -> go.Figure:
    """Draw the two tracks as parallel lanes by week, with hand-overs crossing from the upper to the lower one.

    A line leans right when approved work waited, and back to the left, dashed, when approval came after deployment.
    ``notes`` are deliberate changes, by day.
    """
    figure = go.Figure()
    most = max((c.count for c in crossings), default=1)
    figure.add_traces(
        [
            {
                "type": "scatter", "x": [crossing.approved, crossing.deployed], "y": [1, 0], "mode": "lines",
                "hoverinfo": "skip", "opacity": 0.9 if crossing.is_backwards else 0.4,
                "line": {
                    "color": colours.signal if crossing.is_backwards else colours.muted,
                    "dash": "dash" if crossing.is_backwards else "solid", "width": 0.6 + 5 * crossing.count / most,
                },
            }
            for crossing in sorted(crossings, key=lambda c: c.count)
        ]
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
        (1, "● Change governance: decisions", GOVERNANCE, 40),
        (0, "■ Release execution: production deployments", EXECUTION, -40),
    ):
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=y, yshift=shift, text=text, showarrow=False,
            font={"color": colours.of(track), "size": 13},
        )  # fmt: skip
    for on, text in notes:
        figure.add_vline(x=on.isoformat(), line={"color": colours.ink, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=on.isoformat(), y=0.5, text=wording.chart_text(text, _LONGEST_NOTE), showarrow=False, xanchor="left",
            xshift=3, bgcolor=colours.surface, font={"color": colours.ink, "size": 12},
        )  # fmt: skip
    lay_out(figure, colours, height, margin={"l": 8, "r": 8, "t": 4, "b": 4})
    figure.update_yaxes(visible=False, range=[-0.62, 1.52])
    week_axis(figure, [week.week for week in weeks], colours)
    return figure


def _lane_text(week: LaneWeek, is_upper: int, name: str) -> str:
    count = week.decisions if is_upper else week.deployments
    text = f"Week of {wording.day(week.week)}<br>{count:,} {name}"
    return (
        text
        if is_upper or not week.unauthorised
        else text + f"<br>{week.unauthorised:,} without valid approval at start"
    )


@dataclass(frozen=True)
class Moment:
    """One event on a timeline: when, in which track, its short label and its hover text."""

    at: datetime
    track: str
    label: str
    text: str
    is_dual: bool


def timeline(
    moments: Sequence[Moment], colours: Palette, *, height: int = 330, marked: Collection[datetime] = ()
) -> go.Figure:
    """Draw one change's events on one time axis, each track a lane; an event that is in both joins them.

    Events close together share a label that names what they are; hover text and table hold each of them. ``marked``
    events get a ring.
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
        _rings(figure, [m.at for m in lane if m.at in marked], y, colours)
        _lane_marks(figure, lane, y, track, colours, (first - pad, last + pad))
    for moment in (m for m in moments if m.is_dual and m.track == GOVERNANCE):
        figure.add_shape(
            type="line", x0=moment.at, x1=moment.at, y0=0, y1=1, line={"color": colours.ink, "width": 1, "dash": "dot"}
        )
    for y, text, track in ((1, "● Change governance", GOVERNANCE), (0, "■ Release execution", EXECUTION)):
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=y, yshift=74 if y else -74, text=text, showarrow=False,
            font={"color": colours.of(track), "size": 13},
        )  # fmt: skip
    lay_out(figure, colours, height)
    figure.update_yaxes(visible=False, range=[-0.95, 1.95])
    figure.update_xaxes(
        showgrid=True,
        range=[first - pad, last + pad],
        **DAYS,
        title={"text": "UTC", "font": {"color": colours.muted, "size": 12}},
    )
    return figure


def _rings(figure: go.Figure, marked: Sequence[datetime], y: int, colours: Palette) -> None:
    if marked:
        figure.add_scatter(
            x=marked, y=[y] * len(marked), mode="markers", hoverinfo="skip",
            marker={"color": "rgba(0,0,0,0)", "symbol": "circle" if y else "square", "size": 19,
                    "line": {"color": colours.ink, "width": 2}},
        )  # fmt: skip


def _lane_marks(
    figure: go.Figure, lane: Sequence[Moment], y: int, track: str, colours: Palette, span: tuple[datetime, datetime]
) -> None:
    if not lane:
        return
    figure.add_scatter(
        x=[m.at for m in lane], y=[y] * len(lane), mode="markers",
        marker={"color": colours.of(track), "symbol": "circle" if y else "square", "size": 11, "opacity": 1,
                "line": {"color": colours.surface, "width": 1}},
        text=[m.text for m in lane], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    start, end = span
    for cluster in _clusters(lane, (end - start) / _LABELS):
        x, anchor = _middle(cluster), "center"
        # A label in the middle over the first or last mark would be cut off on a phone.
        if x - start < (end - start) * _EDGE:
            x, anchor = start, "left"
        elif end - x < (end - start) * _EDGE:
            x, anchor = end, "right"
        figure.add_annotation(
            x=x, y=y, text="<br>".join(_cluster_lines(cluster)), showarrow=False,
            xanchor=anchor, align=anchor, yanchor="bottom" if y else "top", yshift=9 if y else -9,
            font={"color": colours.ink, "size": 12},
        )  # fmt: skip


def _clusters(lane: Sequence[Moment], apart: timedelta) -> list[list[Moment]]:
    """Return a lane's events in groups whose labels do not touch each other: their middles are ``apart``."""
    found = [[moment] for moment in sorted(lane, key=lambda m: m.at)]
    while len(found) > 1:
        gaps = [_middle(after) - _middle(before) for before, after in pairwise(found)]
        least = min(range(len(gaps)), key=gaps.__getitem__)
        if gaps[least] >= apart:
            break
        found[least : least + 2] = [found[least] + found[least + 1]]
    return found


def _middle(cluster: Sequence[Moment]) -> datetime:
    """Return where a group's label stands."""
    return cluster[0].at + (cluster[-1].at - cluster[0].at) / 2


def _cluster_lines(cluster: Sequence[Moment]) -> list[str]:
    """Return at most three lines that name a group's acts, the ones that decide or deploy first."""
    counts = Counter(moment.label for moment in cluster)
    order = sorted(counts, key=lambda label: (label not in _TELLING, -counts[label], label))
    lines = [
        f"{'<b>' if label in _TELLING else ''}{wording.chart_text(label, 18)}{'</b>' if label in _TELLING else ''}"
        + (f" ×{counts[label]}" if counts[label] > 1 else "")
        for label in order[:_LABEL_LINES]
    ]
    rest = len(order) - len(lines)
    return [*lines[: _LABEL_LINES - 1], f"and {rest + 1} more"] if rest else lines
