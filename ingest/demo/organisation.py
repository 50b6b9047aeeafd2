"""The demo's invented organisation: teams, people, services, calendars, wording and the planted stories.

Owns the reading of ``data/demo``. Refuses to know what happens over time.
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.demo.calendar import Calendar, anchored
from models.errors import InputError
from models.workspace import CHECKOUT

RULES = ("organisation.toml", "stories.toml", "wording.toml")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account in every source, and what they are known for in their team."""

    name: str
    login: str
    role: str
    team: str

    @property
    def account(self) -> str:
        """Jira's account id."""
        return f"712020:{uuid.uuid5(uuid.NAMESPACE_DNS, self.login)}"


@dataclass(frozen=True)
class Service:
    """Something that is deployed; its repository has its name."""

    name: str
    team: str
    pull_requests: float
    releases: float
    depends_on: tuple[str, ...]
    tags: tuple[str, ...]
    things: tuple[str, ...]


@dataclass(frozen=True)
class Team:
    """People, their services and their working hours."""

    name: str
    time_zone: str
    start: time
    end: time
    holidays: tuple[date, ...]
    people: tuple[Person, ...]
    services: tuple[Service, ...]
    calendar: Calendar

    def having(self, *roles: str) -> list[Person]:
        """Return the people with one of these roles."""
        return [person for person in self.people if person.role in roles]


@dataclass(frozen=True)
class Freeze:
    """A period of the calendar in which little goes on; ``services`` empty means all."""

    name: str
    first: date
    last: date
    services: tuple[str, ...]
    work: float


@dataclass(frozen=True)
class Organisation:
    """All of it, over the period from ``first`` (a Monday) to ``as_of``."""

    name: str
    owner: str
    github: str
    jira: str
    jenkins: str
    domain: str
    bots: Mapping[str, str]
    teams: Mapping[str, Team]
    services: Mapping[str, Service]
    people: Mapping[str, Person]
    freezes: tuple[Freeze, ...]
    stories: Mapping[str, Any]
    wording: Mapping[str, Any]
    first: date
    as_of: datetime

    @cached_property
    def start(self) -> int:
        """First instant of the demo, in epoch seconds."""
        return int(datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC).timestamp())

    @cached_property
    def end(self) -> int:
        """Last instant of the demo: nothing is known after it."""
        return int(self.as_of.timestamp())

    def frozen(self, service: str, day: date) -> Freeze | None:
        """Return the freeze that covers a service on a day."""
        for freeze in self.freezes:
            if freeze.first <= day <= freeze.last and (not freeze.services or service in freeze.services):
                return freeze
        return None


def rules_dir() -> Path:
    """Return the folder of the demo's rules: the checkout's, or the copy inside an installed wheel."""
    for folder in (CHECKOUT / "data" / "demo", Path(__file__).resolve().parent / "demo_rules"):
        if folder.is_dir():
            return folder
    raise InputError(
        "The demo's rules are missing.",
        where="data/demo",
        kept="nothing was written",
        next_step="install Twotrack again",
    )


def load_organisation(as_of: datetime) -> Organisation:
    """Read the rules and lay the calendars over the period that ends at ``as_of``."""
    rules, stories, wording = (tomllib.loads((rules_dir() / n).read_text(encoding="utf-8")) for n in RULES)
    first = anchored(as_of, int(stories["weeks"]))
    last = as_of.astimezone(UTC).date()
    services = {entry["name"]: _service(entry) for entry in rules["service"]}
    teams = {entry["name"]: _team(entry, services, first, last) for entry in rules["team"]}
    return Organisation(
        name=rules["name"],
        owner=rules["owner"],
        github=rules["github"],
        jira=rules["jira"],
        jenkins=rules["jenkins"],
        domain=rules["domain"],
        bots=rules["bots"],
        teams=teams,
        services=services,
        people={person.login: person for team in teams.values() for person in team.people},
        freezes=tuple(_freezes(stories["freeze"], first, last)),
        stories=stories,
        wording=wording,
        first=first,
        as_of=as_of,
    )


def _service(entry: Mapping[str, Any]) -> Service:
    return Service(
        name=entry["name"],
        team=entry["team"],
        pull_requests=float(entry["pull_requests"]),
        releases=float(entry.get("releases", 0)),
        depends_on=tuple(entry["depends_on"]),
        tags=tuple(entry["tags"]),
        things=tuple(entry["things"]),
    )


def _team(entry: Mapping[str, Any], services: Mapping[str, Service], first: date, last: date) -> Team:
    name, hours = entry["name"], (entry["start"], entry["end"])
    holidays = tuple(entry["holidays"])
    return Team(
        name=name,
        time_zone=entry["time_zone"],
        start=hours[0],
        end=hours[1],
        holidays=holidays,
        people=tuple(Person(p["name"], p["login"], p.get("role", "engineer"), name) for p in entry["people"]),
        services=tuple(service for service in services.values() if service.team == name),
        # Work begun before the period's end may finish after it; what lies after as_of is cut when it is written.
        calendar=Calendar(entry["time_zone"], *hours, holidays, first - timedelta(days=28), last + timedelta(days=90)),
    )


def _freezes(entries: Sequence[Mapping[str, Any]], first: date, last: date) -> Iterator[Freeze]:
    for year in range(first.year, last.year + 1):
        for entry in entries:
            start, end = date.fromisoformat(f"{year}-{entry['from']}"), date.fromisoformat(f"{year}-{entry['to']}")
            if end < start:
                end = date.fromisoformat(f"{year + 1}-{entry['to']}")
            if start <= last and end >= first:
                yield Freeze(f"{entry['name']} {year}", start, end, tuple(entry["services"]), float(entry["work"]))
