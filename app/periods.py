"""Periods a reader can ask for, and what each compares with. Pure date arithmetic; knows no build and no page.

All instants are naive UTC and periods half-open. Presets end with the last day that has records, so that an import of
old records opens on something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

PRESETS: dict[str, int | None] = {
    "Last 4 weeks": 4,
    "Last 13 weeks": 13,
    "Last 26 weeks": 26,
    "Last 52 weeks": 52,
    "All records": None,
}
DEFAULT_PERIOD = "Last 13 weeks"
CHOSEN_DATES = "Chosen dates"
PERIODS = (*PRESETS, CHOSEN_DATES)

BEFORE = "The period before"
YEAR_BEFORE = "The same period a year before"
NOTHING = "Nothing"
COMPARISONS = (BEFORE, YEAR_BEFORE, NOTHING)

_YEAR_IN_WEEKS = 52


@dataclass(frozen=True)
class Period:
    """A half-open period [start, end)."""

    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """Length in whole days."""
        return (self.end - self.start).days


def period(name: str, first: datetime, last: datetime, chosen: tuple[date, ...] = ()) -> Period:
    """Return the period a name stands for.

    Args:
        name: One of ``PERIODS``.
        first: The earliest instant on record.
        last: The latest instant on record, not after the build's ``as_of``.
        chosen: First and last day, both included, for ``CHOSEN_DATES``.
    """
    end = day_after(last)
    if name == CHOSEN_DATES and chosen:
        return Period(_midnight(chosen[0]), _midnight(chosen[-1] + timedelta(days=1)))
    weeks = PRESETS.get(name, PRESETS[DEFAULT_PERIOD])
    return Period(_midnight(first.date()) if weeks is None else end - timedelta(weeks=weeks), end)


def compared(with_what: str, asked: Period, first: datetime) -> Period | None:
    """Return the period to compare with, or ``None`` when nothing was asked or no record is that old.

    A year is 52 weeks, so that the same weekdays are compared.
    """
    if with_what == YEAR_BEFORE:
        back = timedelta(weeks=_YEAR_IN_WEEKS)
        found = Period(asked.start - back, asked.end - back)
    elif with_what == BEFORE:
        found = Period(asked.start - (asked.end - asked.start), asked.start)
    else:
        return None
    return found if found.end > first else None


def day_after(instant: datetime) -> datetime:
    """Return the midnight that ends an instant's day."""
    return _midnight(instant.date() + timedelta(days=1))


def monday(instant: datetime) -> datetime:
    """Return the start of the week an instant lies in."""
    return _midnight(instant.date() - timedelta(days=instant.weekday()))


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time())
