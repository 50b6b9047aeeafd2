"""What a report or a pack is about: a named period, what it compares with, and a scope of the build.

Owns how both are written on the command line. Refuses to query records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from duckdb import DuckDBPyConnection

from app.periods import Period
from models.errors import InputError
from models.nearest import choices, nearest
from sql.aggregate import Filter

_NAMED = re.compile(r"(\d{4})(?:-?(?:Q([1-4])|H([12])|(0[1-9]|1[0-2])))?", re.IGNORECASE)


@dataclass(frozen=True)
class NamedPeriod:
    """A period as people call it, with the one before it and the same one a year before."""

    name: str
    period: Period
    before: Period
    year_before: Period


def parse_period(text: str) -> NamedPeriod:
    """Return the period of ``2026``, ``2026H2``, ``2026Q3``, ``2026-07``, or of two dates ``2026-07-01..2026-10-01``.

    The second of two dates is the first day after the period. Raises ``InputError`` for anything else.
    """
    first, dots, last = text.strip().partition("..")
    if dots:
        return _between(_date(first), _date(last))
    match = _NAMED.fullmatch(text.strip())
    if not match:
        raise InputError(
            f"'{text}' is no period.", next_step="write 2026Q3, 2026H2, 2026-07, 2026 or 2026-07-01..2026-10-01"
        )
    year, quarter, half, month = match.groups()
    start, months = _first_month(quarter, half, month)
    return NamedPeriod(
        text.strip().upper(),
        Period(_month(int(year), start), _month(int(year), start + months)),
        Period(_month(int(year), start - months), _month(int(year), start)),
        Period(_month(int(year) - 1, start), _month(int(year) - 1, start + months)),
    )


def _first_month(quarter: str | None, half: str | None, month: str | None) -> tuple[int, int]:
    if quarter:
        return 3 * int(quarter) - 2, 3
    if half:
        return 6 * int(half) - 5, 6
    return (int(month), 1) if month else (1, 12)


def _between(start: datetime, end: datetime) -> NamedPeriod:
    if end <= start:
        raise InputError(
            "A period ends after it starts.", next_step="write the first day, two dots, the day after the last"
        )
    period = Period(start, end)
    name = f"{start:%Y-%m-%d}..{end:%Y-%m-%d}"
    return NamedPeriod(
        name, period, Period(start - (end - start), start), Period(_year_before(start), _year_before(end))
    )


def _month(year: int, number: int) -> datetime:
    """Return the first instant of a month; numbers below 1 and above 12 lie in the years around."""
    years, month = divmod(number - 1, 12)
    return datetime(year + years, month + 1, 1)


def _year_before(at: datetime) -> datetime:
    # 29 February becomes 28 February.
    is_leap_day = (at.month, at.day) == (2, 29)
    return at.replace(year=at.year - 1, day=28 if is_leap_day else at.day)


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d")
    except ValueError:
        raise InputError(f"'{text}' is no date.", next_step="write a date such as 2026-07-01") from None


@dataclass(frozen=True)
class Scope:
    """Which records of a build: all, or those of one team or service."""

    kind: Literal["everything", "team", "service"] = "everything"
    name: str = ""

    def __str__(self) -> str:
        """Return it as people say it."""
        return "everything" if self.kind == "everything" else f"{self.kind} {self.name}"

    def over(self, period: Period | None) -> Filter:
        """Return the filter of this scope in a period."""
        return Filter(
            period.start if period else None,
            period.end if period else None,
            (self.name,) if self.kind == "service" else (),
            (self.name,) if self.kind == "team" else (),
        )


def find_scope(con: DuckDBPyConnection, text: str | None) -> Scope:
    """Return the scope that ``text`` names: a team, else a service; ``team:NAME`` and ``service:NAME`` are exact.

    Raises:
        InputError: The build knows no such team or service; its names are listed.
    """
    if not text or text == "everything":
        return Scope()
    known = {
        "team": names(con, "team"),
        "service": names(con, "service"),
    }
    kind, colon, name = text.partition(":")
    if colon and kind in known:
        known, text = {kind: known[kind]}, name
    for kind in ("team", "service"):
        if text in known.get(kind, ()):
            return Scope("team" if kind == "team" else "service", text)
    near = set(nearest(text, (name for found in known.values() for name in found)))
    listed = [f"{kind}:{name}" for kind, found in known.items() for name in found]
    listed.sort(key=lambda one: one.partition(":")[2] not in near)
    raise InputError(
        f"The build knows no team or service '{text}'.",
        next_step=f"choose one of: {choices(text, listed)}" if listed else "ask for everything",
    )


def names(con: DuckDBPyConnection, column: Literal["team", "service"]) -> tuple[str, ...]:
    """Return the teams or services that records of the build name."""
    rows = con.execute(
        f"select distinct {column} from (select {column} from marts.changes union all select {column} from "
        f"marts.deployments union all select {column} from marts.windows) where {column} is not null order by 1"
    ).fetchall()
    return tuple(row[0] for row in rows)


def scope_condition(chosen: Filter, alias: str = "") -> tuple[str, list[Any]]:
    """Return a filter's scope, not its period, as an SQL condition and its bound values."""
    prefix = f"{alias}." if alias else ""
    conditions, values = ["true"], list[Any]()
    for column, wanted in (("service", chosen.services), ("team", chosen.teams)):
        if wanted:
            conditions.append(f"{prefix}{column} in ({', '.join('?' * len(wanted))})")
            values += wanted
    return " and ".join(conditions), values
