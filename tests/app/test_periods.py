from __future__ import annotations

from datetime import date, datetime

import pytest

from app.periods import (
    BEFORE,
    CHOSEN_DATES,
    DEFAULT_PERIOD,
    NOTHING,
    PERIODS,
    YEAR_BEFORE,
    Period,
    compared,
    monday,
    period,
)

FIRST, LAST = datetime(2024, 3, 5, 7), datetime(2026, 6, 26, 14, 46)


def test_a_preset_ends_with_the_last_day_on_record() -> None:
    """The day of the last record counts whole, and the period has the weeks it says."""
    found = period("Last 13 weeks", FIRST, LAST)
    assert found == Period(datetime(2026, 3, 28), datetime(2026, 6, 27))
    assert found.days == 91


def test_all_records_start_with_the_first_day_on_record() -> None:
    """Nothing on record is left out."""
    assert period("All records", FIRST, LAST) == Period(datetime(2024, 3, 5), datetime(2026, 6, 27))


def test_chosen_dates_count_both_days() -> None:
    """A reader who picks 1 to 3 May means three days."""
    found = period(CHOSEN_DATES, FIRST, LAST, (date(2026, 5, 1), date(2026, 5, 3)))
    assert found == Period(datetime(2026, 5, 1), datetime(2026, 5, 4))


def test_one_chosen_date_is_that_day() -> None:
    """While the second day is not picked yet, the first is shown alone."""
    found = period(CHOSEN_DATES, FIRST, LAST, (date(2026, 5, 1),))
    assert found == Period(datetime(2026, 5, 1), datetime(2026, 5, 2))


def test_the_period_before_is_as_long_and_touches() -> None:
    """No day is missing between the two, and none counts twice."""
    asked = period("Last 4 weeks", FIRST, LAST)
    before = compared(BEFORE, asked, FIRST)
    assert before is not None and before.end == asked.start and before.days == asked.days


def test_a_year_before_has_the_same_weekdays() -> None:
    """52 weeks, so that a quarter is compared with as many Mondays."""
    asked = period("Last 13 weeks", FIRST, LAST)
    before = compared(YEAR_BEFORE, asked, FIRST)
    assert before is not None and before.start.weekday() == asked.start.weekday()
    assert (asked.start - before.start).days == 364


@pytest.mark.parametrize("with_what", [BEFORE, YEAR_BEFORE])
def test_nothing_is_compared_with_a_time_before_the_first_record(with_what: str) -> None:
    """A comparison with no records would read as a change."""
    asked = period("All records", FIRST, LAST)
    assert compared(with_what, asked, FIRST) is None or with_what == YEAR_BEFORE
    assert compared(with_what, Period(FIRST, datetime(2024, 4, 1)), FIRST) is None


def test_comparing_with_nothing_compares_with_nothing() -> None:
    """The choice exists."""
    assert compared(NOTHING, period(DEFAULT_PERIOD, FIRST, LAST), FIRST) is None


def test_weeks_begin_on_monday_midnight() -> None:
    """ISO weeks, UTC."""
    assert monday(datetime(2026, 6, 28, 23, 59)) == datetime(2026, 6, 22)
    assert monday(datetime(2026, 6, 22)) == datetime(2026, 6, 22)


def test_every_offered_period_can_be_computed() -> None:
    """No entry of the select box leads nowhere."""
    for name in PERIODS:
        found = period(name, FIRST, LAST, (date(2026, 5, 1),))
        assert found.start < found.end
