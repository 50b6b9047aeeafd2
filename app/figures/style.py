"""How figures look: the colours of both themes, margins, type, axes and their units.

Owns colours and marks. The two tracks have one colour each, always doubled by marker, dash or a direct label, and no
other meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import plotly.graph_objects as go

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


# The one button saves what is drawn as PNG; zooming and panning would let a reader lose the limits.
CONFIG: dict[str, Any] = {
    "displayModeBar": True,
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "scrollZoom": False,
    "doubleClick": False,
}


def lay_out(figure: go.Figure, colours: Palette, height: int, **more: object) -> go.Figure:
    """Give a figure the house's margins, type and axes; ``more`` are layout settings of its own."""
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
    axis = {
        "gridcolor": colours.grid, "zeroline": False, "fixedrange": True, "tickfont": {"color": colours.muted},
        "automargin": True,
    }  # fmt: skip
    # In one call: each goes through the whole layout, and a page has several figures.
    figure.update_layout(**{**base, "xaxis": axis, "yaxis": axis, **more})
    return figure


# How time axes write their ticks: days as the rest of a page does.
DAYS: dict[str, Any] = {
    "tickformatstops": [
        {"dtickrange": [None, 86_400_000 - 1], "value": "%H:%M<br>%-d %b"},
        {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
        {"dtickrange": ["M1", "M12"], "value": "%b %Y"},
        {"dtickrange": ["M12", None], "value": "%Y"},
    ]
}


def week_axis(figure: go.Figure, weeks: Sequence[date], colours: Palette, *, most: int = 8) -> None:
    """Name Mondays under a figure of weeks, as the rest of the page writes days; ticks elsewhere would mislead."""
    shown = sorted(set(weeks))
    every = -(-len(shown) // most) or 1
    named = shown[::every]
    figure.update_xaxes(
        tickvals=[week.isoformat() for week in named],
        ticktext=[
            f"{week.day} {week:%b}" + (f"<br>{week.year}" if at == 0 or named[at - 1].year != week.year else "")
            for at, week in enumerate(named)
        ],
        showgrid=False, title={"text": "week beginning (UTC)", "font": {"color": colours.muted, "size": 12}},
    )  # fmt: skip


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
