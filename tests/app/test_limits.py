from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.limits import Week, behaviour, limits_of

MONDAY = date(2026, 1, 5)


def weeks(*values: float | None, n: int = 20) -> list[Week]:
    return [Week(MONDAY + timedelta(weeks=i), value, n) for i, value in enumerate(values)]


def judged_from(position: int) -> date:
    return MONDAY + timedelta(weeks=position)


def test_limits_are_the_mean_and_2_66_mean_moving_ranges() -> None:
    """Wheeler's natural process limits: values 10 and 12 in turn have moving ranges of 2, so limits 11 ± 5.32."""
    assert limits_of([10, 12] * 4) == pytest.approx((11, 11 - 2.66 * 2, 11 + 2.66 * 2))


def test_fewer_than_eight_weeks_have_no_limits() -> None:
    """Seven points say nothing about what is usual; then nothing is a signal either."""
    assert limits_of([1.0] * 7) is None
    found = behaviour(weeks(*[1.0] * 6, 99.0), judged_from(6))
    assert found.limits is None
    assert not found.is_signal


def test_limits_never_leave_what_the_metric_can_be() -> None:
    """A rate has no limit below 0 or above 1."""
    assert limits_of([0.0, 1.0] * 5, floor=0.0, ceiling=1.0) == pytest.approx((0.5, 0.0, 1.0))


def test_a_week_outside_the_limits_of_the_weeks_before_is_a_signal() -> None:
    """The asked period does not widen its own limits."""
    found = behaviour(weeks(*[10, 12] * 5, 30.0), judged_from(10))
    assert found.limits is not None and found.limits.is_before and found.limits.weeks == 10
    assert [(s.week, s.is_high, s.rule) for s in found.signals] == [(judged_from(10), True, "outside its limits")]


def test_eight_weeks_on_one_side_of_the_centre_are_a_signal() -> None:
    """A small but lasting shift shows at its eighth week, and not before."""
    found = behaviour(weeks(*[10, 12] * 5, *[12.5] * 8), judged_from(10))
    assert [s.week for s in found.signals] == [judged_from(16), judged_from(17)]
    assert found.signals[0].is_high


def test_routine_variation_is_no_signal() -> None:
    """Going up and down between the limits is what the metric always does."""
    assert not behaviour(weeks(*[10, 12] * 10), judged_from(10)).is_signal


def test_thin_unfinished_and_undefined_weeks_are_not_judged() -> None:
    """Few records make wild values; a week that is not over has only part of its records; no records, no value."""
    history = weeks(*[10, 12] * 5)
    thin = Week(judged_from(10), 99.0, 4)
    running = Week(judged_from(11), 99.0, 50, is_complete=False)
    empty = Week(judged_from(12), None, 0)
    assert not behaviour([*history, thin, running, empty], judged_from(10)).is_signal


def test_with_too_little_history_all_weeks_make_the_limits_and_it_is_said() -> None:
    """Eight weeks before the period are needed for limits of their own."""
    found = behaviour(weeks(*[10, 12] * 5), judged_from(3))
    assert found.limits is not None and not found.limits.is_before and found.limits.weeks == 10


def test_only_the_last_26_weeks_before_the_period_make_the_limits() -> None:
    """What was usual long ago is not what is usual now."""
    found = behaviour(weeks(*[100.0] * 20, *[10, 12] * 13, 11.0), judged_from(46))
    assert found.limits is not None and found.limits.centre == pytest.approx(11)


@given(st.lists(st.floats(0, 1e6), min_size=8, max_size=60))
def test_the_centre_lies_within_the_limits(values: list[float]) -> None:
    """Whatever the values, lower <= centre <= upper, up to rounding."""
    found = limits_of(values)
    assert found is not None
    centre, lower, upper = found
    assert lower - 1e-6 <= centre <= upper + 1e-6


def test_weeks_without_a_rare_event_are_no_signal() -> None:
    """Where the usual share expects less than one event a week, a row of weeks without any is what is usual."""
    rare = [0.05 if i % 10 == 0 else 0.0 for i in range(20)]
    found = behaviour(weeks(*rare, *[0.0] * 12), judged_from(20), ceiling=1.0)
    assert found.limits is not None and found.limits.centre * 20 < 1
    assert not found.is_signal
