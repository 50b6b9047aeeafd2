"""Working time of a team: what is open when, in epoch seconds, and how long work takes across nights and weekends.

Owns time arithmetic of the demo. Instants are whole epoch seconds in UTC until a payload is written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800

_DAYS: dict[int, str] = {}
_MINUTES = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60)]
_SECONDS = [f"{second:02d}" for second in range(60)]


def iso(at: int) -> str:
    """Return an instant as GitHub writes it, ``2026-05-04T09:15:00Z``."""
    days, seconds = divmod(at, DAY)
    if (day := _DAYS.get(days)) is None:
        day = _DAYS[days] = datetime.fromtimestamp(days * DAY, UTC).strftime("%Y-%m-%d")
    return f"{day}{_MINUTES[seconds // 60]}{_SECONDS[seconds % 60]}Z"


def iso_milliseconds(at: int) -> str:
    """Return an instant as Jira writes it, ``2026-05-04T09:15:00.000+0000``."""
    return f"{iso(at)[:-1]}.000+0000"


def instant(at: int) -> datetime:
    """Return an instant as an aware datetime."""
    return datetime.fromtimestamp(at, UTC)


class Calendar:
    """Working hours of one team between two dates."""

    def __init__(
        self, time_zone: str, start: time, end: time, holidays: Sequence[date], first: date, last: date
    ) -> None:
        self.zone = ZoneInfo(time_zone)
        self.start, self.end = start, end
        self.days: list[date] = []
        self.opens: list[int] = []
        self.closes: list[int] = []
        self._worked: list[int] = []
        worked, day, off = 0, first, set(holidays)
        while day <= last:
            if day.weekday() < 5 and day not in off:
                self.days.append(day)
                self.opens.append(self.local(day, start.hour, start.minute))
                self.closes.append(self.local(day, end.hour, end.minute))
                self._worked.append(worked)
                worked += self.closes[-1] - self.opens[-1]
            day += timedelta(days=1)

    def local(self, day: date, hour: int, minute: int = 0) -> int:
        """Return the instant of a local time."""
        return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).timestamp())

    def day_of(self, at: int) -> date:
        """Return the local date of an instant."""
        return datetime.fromtimestamp(at, self.zone).date()

    def is_open(self, at: int) -> bool:
        """Return whether the team is at work."""
        place = bisect_right(self.opens, at) - 1
        return place >= 0 and at < self.closes[place]

    def later(self, at: int, seconds: int) -> int:
        """Return the instant after so much working time; outside working hours it starts with the next morning."""
        place = bisect_right(self.opens, at) - 1
        if place < 0:
            place, done = 0, 0
        else:
            done = min(at, self.closes[place]) - self.opens[place]
        target = self._worked[place] + done + seconds
        place = bisect_right(self._worked, target) - 1
        return min(self.opens[place] + target - self._worked[place], self.closes[place])

    def working_days(self) -> Iterator[tuple[date, int, int]]:
        """Yield every working day with its opening and closing instant."""
        return iter(zip(self.days, self.opens, self.closes, strict=True))


def anchored(as_of: datetime, weeks: int) -> date:
    """Return the Monday on which a demo of so many whole weeks before ``as_of`` begins."""
    day = as_of.astimezone(UTC).date() - timedelta(weeks=weeks)
    return day - timedelta(days=day.weekday())
