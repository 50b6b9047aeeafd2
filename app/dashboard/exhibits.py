"""A chart as pages show it: named for screen readers, its provenance at its foot, its numbers as a table beside it.

Owns how figures reach the page and leave it. Refuses to draw and to query.
"""

from __future__ import annotations

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


def chart(
    figure: go.Figure,
    *,
    key: str,
    alt: str,
    of: Provenance,
    on_select: Callable[[], None] | None = None,
    selection_mode: str | tuple[str, ...] = "points",
    is_narrow: bool = False,
) -> None:
    """Show a figure; the picture that its button saves says what it answers.

    Args:
        figure: The figure.
        key: Names it within the page; a selection is found in the session under it.
        alt: What it shows, for readers who do not see it.
        of: What it answers; written at its foot.
        on_select: Called after a reader selected marks.
        selection_mode: ``points`` or ``box``.
        is_narrow: Whether it is one of several side by side; its foot then takes two lines.
    """
    colours = style.palette(frame.is_dark())
    figure.update_layout(
        title={
            "text": _foot(of, is_narrow=is_narrow), "x": 0, "xref": "container", "xanchor": "left",
            "y": 0, "yref": "container", "yanchor": "bottom", "pad": {"l": 8, "b": 2}, "automargin": True,
            "font": {"size": _FOOT_SIZE, "color": colours.muted, "weight": "normal"},
        },
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.ink},
    )  # fmt: skip
    config = style.CONFIG | {
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": take_away.file_name(key, of.build)}
    }
    options: dict[str, Any] = {"on_select": on_select, "selection_mode": selection_mode} if on_select else {}
    st.plotly_chart(figure, key=key, config=config, alt=f"{alt} {of.line()}", **options)


def _foot(of: Provenance, *, is_narrow: bool) -> str:
    lines = of.line().rsplit(" · build ", 1) if is_narrow else [of.line()]
    texts = [wording.chart_text(line if at == 0 else f"build {line}", _LONGEST_FOOT) for at, line in enumerate(lines)]
    # The dashboard's theme makes titles bold; this one is a footnote.
    return "<br>".join(f'<span style="font-weight:400">{text}</span>' for text in texts)


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
