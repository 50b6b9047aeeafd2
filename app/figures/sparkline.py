"""The small line on a card: a picture of its own, since a chart that says nothing to a screen reader is no chart."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH, _HEIGHT, _EDGE = 180, 28, 3


def svg(values: Sequence[float], colour: str) -> str:
    """Return a line through values as SVG; one value is a dot, all alike are a level line."""
    low, high = min(values), max(values)
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    points = [
        (
            _EDGE + at * step,
            _HEIGHT / 2 if high == low else _EDGE + (high - value) / (high - low) * (_HEIGHT - 2 * _EDGE),
        )
        for at, value in enumerate(values)
    ]
    x, y = points[-1]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/></svg>'
    )
