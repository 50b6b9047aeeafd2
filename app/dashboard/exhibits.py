"""A chart as pages show it: named for screen readers, its provenance at its foot, its numbers as a table beside it.

Owns how figures reach the page and leave it. Refuses to draw and to query.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app import wording
from app.dashboard import components, frame, take_away
from app.dashboard.take_away import Provenance
from app.figures import style

_FOOT_SIZE = 10
_LONGEST_FOOT = 170
# What a line of the foot holds on a phone and beside two others; no server knows how wide its figures are drawn.
_FOOT_LINE, _FOOT_LINE_HEIGHT = 62, 13
# At 0 itself Plotly moves the lines of a title down by their height, out of the figure, where it means to move them up.
_AT_FOOT = 1e-6


def chart(
    figure: go.Figure,
    *,
    key: str,
    alt: str,
    of: Provenance,
    on_select: Callable[[], None] | None = None,
    selection_mode: str | tuple[str, ...] = "points",
) -> None:
    """Show a figure; the picture that its button saves says what it answers.

    Args:
        figure: The figure.
        key: Names it within the page; a selection is found in the session under it.
        alt: What it shows, for readers who do not see it.
        of: What it answers; written at its foot.
        on_select: Called after a reader selected marks.
        selection_mode: ``points`` or ``box``.
    """
    colours = style.palette(frame.is_dark())
    foot = _foot(of)
    more = _FOOT_LINE_HEIGHT * foot.count("<br>")
    # A margin that is wide enough already is not widened, and its title is not moved up by Plotly either.
    is_kept = (figure.layout.margin.b or 0) >= more + 2 * _FOOT_SIZE
    if figure.layout.height and not is_kept:
        figure.update_layout(height=figure.layout.height + more)
    figure.update_layout(
        title={
            "text": foot, "x": 0, "xref": "container", "xanchor": "left",
            "y": _AT_FOOT, "yref": "container", "yanchor": "bottom", "pad": {"l": 8, "b": 2 + more if is_kept else 2},
            "automargin": not is_kept,
            "font": {"size": _FOOT_SIZE, "color": colours.muted, "weight": "normal"},
        },
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.ink},
    )  # fmt: skip
    config = style.CONFIG | {
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": take_away.file_name(key, of.build)}
    }
    options: dict[str, Any] = {"on_select": on_select, "selection_mode": selection_mode} if on_select else {}
    st.plotly_chart(figure, key=key, config=config, alt=f"{alt} {of.line()}", **options)


def _foot(of: Provenance) -> str:
    """Return the line of provenance in lines that fit a phone: a chart is as wide as its reader's screen."""
    lines = foot_lines(wording.plain(of.line(), _LONGEST_FOOT))
    texts = [wording.chart_text(line, _FOOT_LINE) for line in lines]
    # The dashboard's theme makes titles bold; this one is a footnote.
    return "<br>".join(f'<span style="font-weight:400">{text}</span>' for text in texts)


def foot_lines(line: str) -> list[str]:
    """Return a line of provenance in short lines, broken between its parts where that is possible."""
    lines: list[str] = []
    for part in line.split(" · "):
        if lines and len(lines[-1]) + len(part) + 3 <= _FOOT_LINE:
            lines[-1] += f" · {part}"
        else:
            lines += textwrap.wrap(part, _FOOT_LINE) or [""]
    return lines


def picked_mark(key: str) -> str:
    """Return what the mark that a reader chose in a chart stands for (its ``customdata``); empty for none."""
    state = st.session_state.get(key)
    found = next((data for point in (state.selection.points if state else []) if (data := point.get("customdata"))), "")
    return str(found[0] if isinstance(found, list) else found)


def same_as_table(
    rows: pd.DataFrame,
    *,
    name: str,
    alt: str,
    of: Provenance,
    columns: Mapping[str, Any] | None = None,
    on_pick: Callable[[int], None] | None = None,
    title: str = "The same as a table, CSV and XLSX",
) -> None:
    """Show a chart's numbers as a table to unfold, with its files; ``on_pick`` does what a mark of the chart does."""
    with st.expander(title):
        components.table(rows, key=f"{name}_table", alt=alt, columns=columns, on_pick=on_pick)
        take_away.downloads(lambda: rows, name.replace("_", "-"), of, what="This table", count=len(rows))
