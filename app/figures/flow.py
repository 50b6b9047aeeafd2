"""The figure of a hand-over: from what governance had said when a deployment began to what became of it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app import wording
from app.figures.style import Palette, lay_out
from app.questions.hand_overs import Stream

_ROW = 44


def hand_over(streams: Sequence[Stream], colours: Palette) -> go.Figure:
    """Draw hand-overs as streams from governance's word (left) to release (right); leaks have the signal's colour.

    Widths are counts; each end carries its name and count.
    """
    left = list(dict.fromkeys(stream.said for stream in streams))
    right = list(dict.fromkeys(stream.became for stream in streams))
    counts = {name: sum(s.count for s in streams if name == s.said) for name in left}
    ends = {name: sum(s.count for s in streams if name == s.became) for name in right}
    figure = go.Figure()
    figure.add_sankey(
        arrangement="snap",
        node={
            "label": [f"{wording.chart_text(name, 46)}: {counts[name]:,}" for name in left]
            + [f"{wording.chart_text(name, 46)}: {ends[name]:,}" for name in right],
            "color": [colours.governance] * len(left) + [colours.execution] * len(right),
            "pad": 26, "thickness": 14, "line": {"width": 0},
            "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [left.index(stream.said) for stream in streams],
            "target": [len(left) + right.index(stream.became) for stream in streams],
            "value": [stream.count for stream in streams],
            "color": [_faint(colours.signal if stream.is_leak else colours.muted) for stream in streams],
            "customdata": [f"{stream.said} → {stream.became}" for stream in streams],
            "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
        },
        textfont={"color": colours.ink, "size": 13},
    )  # fmt: skip
    lay_out(figure, colours, max(190, _ROW * max(len(left), len(right)) + 150))
    for x, anchor, text, colour in (
        (0, "left", "● What governance had said", colours.governance),
        (1, "right", "What became of it ■", colours.execution),
    ):
        figure.add_annotation(
            x=x, y=1, xref="paper", yref="paper", xanchor=anchor, yanchor="bottom", yshift=4, text=text,
            showarrow=False, font={"color": colour, "size": 13},
        )  # fmt: skip
    figure.update_layout(margin={"t": 34, "b": 26, "r": 40})
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.38)"
