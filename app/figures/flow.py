"""The figure of a hand-over: from what governance had said when a deployment began to what became of it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app import wording
from app.figures.style import Palette, lay_out
from app.questions.hand_overs import Stream

# A name of four lines stands clear of the next one.
_ROW, _PAD, _TOP, _BOTTOM = 74, 66, 48, 44
# The share of the width on either side that is kept for names.
_MARGIN = 0.35
# What fits there on a phone.
_LONGEST_LINE = 17


def hand_over(streams: Sequence[Stream], colours: Palette) -> go.Figure:
    """Draw hand-overs as streams from governance's word (left) to release (right); leaks have the signal's colour.

    Widths are counts; each end carries its name and count.
    """
    left = list(dict.fromkeys(stream.said for stream in streams))
    right = list(dict.fromkeys(stream.became for stream in streams))
    counts = {name: sum(s.count for s in streams if name == s.said) for name in left}
    ends = {name: sum(s.count for s in streams if name == s.became) for name in right}
    figure = go.Figure()
    inner = _ROW * max(len(left), len(right)) + 60
    starts, stops = _centres(list(counts.values()), inner, counts), _centres(list(ends.values()), inner, counts)
    figure.add_sankey(
        arrangement="fixed", domain={"x": [_MARGIN, 1 - _MARGIN], "y": [0, 1]},
        node={
            # Names stand outside, next to their end: over the streams they would be struck through.
            "label": [""] * (len(left) + len(right)),
            "customdata": [f"{wording.chart_text(name, 60)}: {counts[name]:,}" for name in left]
            + [f"{wording.chart_text(name, 60)}: {ends[name]:,}" for name in right],
            "color": [colours.governance] * len(left) + [colours.execution] * len(right),
            "x": [0.001] * len(left) + [0.999] * len(right), "y": [*starts, *stops],
            "pad": _PAD, "thickness": 14, "line": {"width": 0},
            "hovertemplate": "%{customdata}<extra></extra>",
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
    for x, anchor, names, sums, centres in (
        (_MARGIN, "right", left, counts, starts), (1 - _MARGIN, "left", right, ends, stops),
    ):  # fmt: skip
        for name, centre in zip(names, centres, strict=True):
            figure.add_annotation(
                x=x, y=1 - centre, xref="paper", yref="paper", xanchor=anchor, yanchor="middle", showarrow=False,
                xshift=-6 if anchor == "right" else 6, align=anchor,
                text=_in_lines(f"{name}: {sums[name]:,}"), font={"color": colours.ink, "size": 12},
            )  # fmt: skip
    lay_out(figure, colours, inner + _TOP + _BOTTOM)
    for x, anchor, text, colour in (
        (_MARGIN, "right", "What governance<br>had said ●", colours.governance),
        (1 - _MARGIN, "left", "■ What became<br>of it", colours.execution),
    ):
        figure.add_annotation(
            x=x, y=1, xref="paper", yref="paper", xanchor=anchor, yanchor="bottom", yshift=4, text=text,
            showarrow=False, align=anchor, font={"color": colour, "size": 13},
        )  # fmt: skip
    figure.update_layout(margin={"t": _TOP, "b": _BOTTOM, "l": 8, "r": 8})
    return figure


def _centres(counts: Sequence[int], height: int, all_counts: Mapping[str, int]) -> list[float]:
    """Return where the ends of one side lie, as shares of the height, the way the figure stacks them."""
    scale = (height - _PAD * (len(all_counts) - 1)) / (sum(all_counts.values()) or 1)
    found, at = [], 0.0
    gap = _PAD if len(counts) <= 1 else (height - scale * sum(counts)) / (len(counts) - 1)
    for count in counts:
        found.append(min(max((at + scale * count / 2) / height, 0.001), 0.999))
        at += scale * count + gap
    return found


def _in_lines(name: str) -> str:
    """Return a name in short lines, so that it fits beside the streams; its count stays with its last word."""
    words, colon, count = name.rpartition(": ")
    lines = textwrap.wrap(words, _LONGEST_LINE)
    return "<br>".join(wording.chart_text(line) for line in lines) + colon + count


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.38)"
