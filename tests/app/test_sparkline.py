from __future__ import annotations

import re

import pytest

from app.figures.sparkline import svg


def points(text: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]*)"', text)
    assert found
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_higher_values_stand_higher_and_time_runs_to_the_right() -> None:
    """The picture says the same as the numbers."""
    drawn = points(svg([1.0, 3.0, 2.0], "#000"))
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    assert drawn[1][1] < drawn[2][1] < drawn[0][1]


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0, 4.0], [0.0]])
def test_values_that_do_not_move_are_level(values: list[float]) -> None:
    """No division by a span of nothing."""
    assert len({y for _, y in points(svg(values, "#000"))}) == 1
