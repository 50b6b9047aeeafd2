"""What an organisation configures: limits, calendars, freezes and which service needs which; and working time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Working days and hours of a team, by the clock on its wall."""

    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(5))
    start: time = time(9)
    end: time = time(17)
    holidays: frozenset[date] = frozenset()

    def worked(self, begin: datetime, end: datetime) -> float:
        """Return the seconds of working time in [begin, end), an hour that the clocks skip or repeat included."""
        zone, total = ZoneInfo(self.zone), 0.0
        day = begin.date() - ONE_DAY
        while day <= end.date() + ONE_DAY:
            if day.weekday() in self.weekdays and day not in self.holidays:
                opens, closes = (instant(datetime.combine(day, at), zone) for at in (self.start, self.end))
                total += max((min(closes, end) - max(opens, begin)).total_seconds(), 0.0)
            day += ONE_DAY
        return total


@dataclass(frozen=True)
class Freeze:
    """A configured freeze, whole local days included."""

    name: str
    first: date
    last: date
    zone: str
    services: tuple[str, ...] = ()
    exempt: frozenset[str] = frozenset({"emergency"})

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first local midnight to the one after the last day."""
        zone = ZoneInfo(self.zone)
        return instant(datetime.combine(self.first, time()), zone), instant(
            datetime.combine(self.last + ONE_DAY, time()), zone
        )


@dataclass(frozen=True)
class Entitlement:
    """What a person may approve: a service, a team or everything, from a day to the end of another, up to a risk."""

    person: str
    to: str
    first: date | None = None
    last: date | None = None
    risk: str = "high"

    def holds(self, at: datetime) -> bool:
        """Whether it held at an instant; days are those of UTC."""
        begins = self.first is None or at >= datetime.combine(self.first, time())
        return begins and (self.last is None or at < datetime.combine(self.last + ONE_DAY, time()))

    def covers(self, risk: str | None) -> bool | None:
        """Whether it reaches to a risk; not known of an unstated one, unless it reaches to every risk."""
        order = ("low", "medium", "high")
        if self.risk == "high":
            return True
        return None if risk is None else order.index(risk) <= order.index(self.risk)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Limits:
    """Everything that is not a record."""

    as_of: datetime
    adjacent: timedelta = timedelta(0)
    default_window: timedelta = timedelta(hours=1)
    median_minimum: int = 10
    required: int = 1
    expiry: timedelta | None = None
    calendars: dict[str, Calendar] = field(default_factory=dict)
    dependencies: frozenset[tuple[str, str]] = frozenset()
    freezes: tuple[Freeze, ...] = ()
    teams: dict[str, str] = field(default_factory=dict)
    entitlements: tuple[Entitlement, ...] = ()

    def calendar(self, service: object) -> Calendar:
        """The calendar of the service's team, else nine to five."""
        return self.calendars.get(str(service), Calendar())
