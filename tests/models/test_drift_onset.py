"""Dating a change that is established: steps, ramps, and what chance does to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.drift.onset import likeliest_start, refined_start
from models.drift.step import WeightedShift


def date_it(rate: Callable[[np.ndarray], np.ndarray], *, n: int, start: int, alarm: int, seed: int = 4) -> int:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    weeks = np.arange(60)
    counts = np.full(60, float(n))
    observed = rng.binomial(n, rate(weeks)).astype(float)
    return refined_start(observed, 0.1 * counts, 0.09 * counts, np.ones(60, dtype=bool), start, alarm, 13)


def test_a_step_is_dated_to_its_week() -> None:
    """However late the evidence began to gain."""
    assert date_it(lambda week: np.where(week >= 36, 0.6, 0.1), n=30, start=38, alarm=41) == 36


def test_a_ramp_is_dated_to_its_beginning_not_to_its_middle() -> None:
    """A drift that grows began when it began to grow."""
    onset = date_it(lambda week: 0.1 + 0.5 * np.clip((week - 30) / 26, 0, 1), n=100, start=36, alarm=46)
    assert abs(onset - 30) <= 3


def test_weeks_with_few_marks_hardly_move_the_date() -> None:
    """One bad mark in a quiet week before is not the onset."""
    counts = np.full(60, 40.0)
    counts[30] = 1
    observed = np.where(np.arange(60) >= 36, 24.0, 4.0)
    observed[30] = 1
    assert refined_start(observed, 0.1 * counts, 0.09 * counts, np.ones(60, dtype=bool), 36, 42, 13) == 36


def test_the_likeliest_start_is_where_the_bets_gain_most() -> None:
    """The argmax of the gain up to the alarm; weeks that were not watched are none."""
    bets = np.array([0.0, -1.0, 2.0, -0.5, 1.0, 1.0])
    assert likeliest_start(bets, np.ones(6, dtype=bool), 5) == 2
    assert likeliest_start(bets, np.array([True, True, False, True, True, True]), 5) == 4
    assert likeliest_start(bets, np.zeros(6, dtype=bool), 5) == 5


def test_the_cost_of_a_segment_is_its_weighted_scatter() -> None:
    """Zero for a constant rate; the sum of weighted squares about the weighted mean else."""
    cost = WeightedShift().fit(np.array([[1.0, 2.0], [1.0, 5.0], [4.0, 1.0]]))
    assert cost.error(0, 2) == pytest.approx(0)
    mean = (2 + 5 + 4) / 8
    assert cost.error(0, 3) == pytest.approx(2 * (1 - mean) ** 2 + 5 * (1 - mean) ** 2 + (4 - mean) ** 2)
