from __future__ import annotations

from datetime import datetime

import pytest

from app.periods import Period
from app.reports.question import parse_period
from models.errors import InputError


def between(start: str, end: str) -> Period:
    return Period(datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("text", "period", "before", "year_before"),
    [
        ("2026Q3", ("2026-07-01", "2026-10-01"), ("2026-04-01", "2026-07-01"), ("2025-07-01", "2025-10-01")),
        ("2026q1", ("2026-01-01", "2026-04-01"), ("2025-10-01", "2026-01-01"), ("2025-01-01", "2025-04-01")),
        ("2026-Q4", ("2026-10-01", "2027-01-01"), ("2026-07-01", "2026-10-01"), ("2025-10-01", "2026-01-01")),
        ("2026H2", ("2026-07-01", "2027-01-01"), ("2026-01-01", "2026-07-01"), ("2025-07-01", "2026-01-01")),
        ("2026-01", ("2026-01-01", "2026-02-01"), ("2025-12-01", "2026-01-01"), ("2025-01-01", "2025-02-01")),
        ("2026", ("2026-01-01", "2027-01-01"), ("2025-01-01", "2026-01-01"), ("2025-01-01", "2026-01-01")),
        ("2024-02-01..2024-02-29", ("2024-02-01", "2024-02-29"), ("2024-01-04", "2024-02-01"),
         ("2023-02-01", "2023-02-28")),
    ],
)  # fmt: skip
def test_a_period_knows_the_one_before_and_a_year_before(
    text: str, period: tuple[str, str], before: tuple[str, str], year_before: tuple[str, str]
) -> None:
    """Calendar periods compare with calendar periods, whatever their lengths in days."""
    named = parse_period(text)
    assert (named.period, named.before, named.year_before) == (
        between(*period),
        between(*before),
        between(*year_before),
    )


@pytest.mark.parametrize(
    "text", ["", "2026Q5", "last quarter", "2026-13", "2026-07-01..2026-07-01", "2026-07-01..x", "26Q1"]
)
def test_what_is_no_period_is_said_to_be_none(text: str) -> None:
    """A wrong period is answered with how one is written."""
    with pytest.raises(InputError) as refused:
        parse_period(text)
    assert refused.value.next_step
