"""Charts of the validation as plain SVG: no dependency, the same bytes for the same numbers.

Owns geometry and marks. Knows nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK, GRID, PAPER = "#3D3D3D", "#D9D9D9", "#FFFFFF"
SERIES = ("#28A197", "#801650", "#3D3D3D")
_LEFT, _RIGHT, _ROW, _TOP = 350, 40, 26, 80
_WIDTH = 910


@dataclass(frozen=True)
class Interval:
    """A value with its interval; ``None`` is drawn as nothing."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One line of a dot chart: one interval per series."""

    label: str
    points: Sequence[Interval]


def dots(
    title: str, axis: str, series: Sequence[str], rows: Sequence[Row], limit: float, goal: float | None = None
) -> str:
    """Return a chart of intervals, one line per row, on an axis from 0 to ``limit`` (a share)."""
    height = _TOP + _ROW * len(rows) + 52
    span = _WIDTH - _LEFT - _RIGHT
    bottom = _TOP + _ROW * len(rows)
    parts = [_head(title, height), _legend(series)]
    for tick in range(6):
        share = limit * tick / 5
        x = _LEFT + span * tick / 5
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{GRID}"/>')
        parts.append(_text(x, bottom + 18, _percent(share), "middle"))
    parts.append(_text(_LEFT + span / 2, bottom + 40, axis, "middle"))
    if goal is not None:
        x = _LEFT + span * goal / limit
        parts.append(
            f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{INK}" stroke-dasharray="5 4"/>'
        )
        parts.append(_text(x, _TOP - 10, f"goal {_percent(goal)}", "middle"))
    for place, row in enumerate(rows):
        middle = _TOP + _ROW * place + _ROW / 2
        parts.append(_text(_LEFT - 10, middle + 4, row.label, "end"))
        for number, point in enumerate(row.points):
            if point.value is None:
                continue
            y = middle + 7 * (number - (len(row.points) - 1) / 2)
            low, high, x = (_LEFT + span * min(share, limit) / limit for share in (point.low, point.high, point.value))
            colour = SERIES[number % len(SERIES)]
            parts.append(
                f'<line x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="1.5"/>'
            )
            parts.append(_marker(x, y, number))
    return "\n".join([*parts, "</svg>"]) + "\n"


def curves(
    title: str, axis: str, names: Sequence[str], values: Sequence[Sequence[float]], marks: Sequence[float]
) -> str:
    """Return small charts side by side of shares by week, one per name, with a dashed line at each one's mark."""
    columns = 3
    rows = -(-len(names) // columns)
    wide, high = 260, 190
    height = 40 + rows * high + 10
    parts = [_head(title, height)]
    for place, (name, shares, mark) in enumerate(zip(names, values, marks, strict=True)):
        left, top = 40 + (place % columns) * (wide + 16), 56 + (place // columns) * high
        inner, tall, weeks = wide - 30, high - 70, len(shares) - 1
        parts.append(_text(left, top - 6, name, "start"))
        for tick in (0.0, 0.5, 1.0):
            y = top + tall * (1 - tick)
            parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + inner}" y2="{y:.1f}" stroke="{GRID}"/>')
            parts.append(_text(left - 6, y + 4, _percent(tick), "end", size=10))
        points = " ".join(
            f"{left + inner * k / weeks:.1f},{top + tall * (1 - share):.1f}" for k, share in enumerate(shares)
        )
        if mark:
            x = left + inner * mark / weeks
            parts.append(
                f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + tall}" stroke="{INK}" stroke-dasharray="5 4"/>'
            )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{SERIES[0]}" stroke-width="2"/>')
        ticks = range(0, weeks + 1, 10)
        parts += [_text(left + inner * week / weeks, top + tall + 15, str(week), "middle", size=10) for week in ticks]
        parts.append(_text(left + inner / 2, top + tall + 30, axis, "middle", size=10))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _head(title: str, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" '
        f'font-family="sans-serif" font-size="12" fill="{INK}"><title>{escape(title)}</title>'
        f'<rect width="{_WIDTH}" height="{height}" fill="{PAPER}"/>' + _text(12, 22, title, "start", size=15)
    )


def _legend(series: Sequence[str]) -> str:
    parts = []
    for number, name in enumerate(series):
        x = _WIDTH - _RIGHT - 190 * (len(series) - number) + 60
        parts.append(_marker(x, 40, number) + _text(x + 10, 44, name, "start"))
    return "\n".join(parts)


def _marker(x: float, y: float, number: int) -> str:
    colour = SERIES[number % len(SERIES)]
    if number % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{colour}"/>'
    if number % 3 == 1:
        return f'<rect x="{x - 3.3:.1f}" y="{y - 3.3:.1f}" width="6.6" height="6.6" fill="{colour}"/>'
    return f'<path d="M{x:.1f} {y - 4:.1f} l4 7 h-8 z" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share * 100 % 1 < 1e-9 or share > 0.1 else f"{100 * share:.1f} %"
