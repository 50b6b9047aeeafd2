"""The demo workspace's ``twotrack.toml``: its teams, services, people and freezes, from the demo's organisation.

Owns the writing of that text. It names no source, so that a sync in a demo workspace has nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import orjson

from ingest.demo.organisation import Organisation, Person, Team


def demo_settings(organisation: Organisation) -> str:
    """Return the configuration's text."""
    return "\n".join(_lines(organisation)) + "\n"


def _lines(organisation: Organisation) -> Iterator[str]:
    yield "# Configuration of the demo. Everything in this workspace is generated; the organisation is invented."
    yield "[workspace]"
    yield f"name = {_text(organisation.name)}"
    yield 'kind = "demo"'
    yield ""
    yield "[production]"
    yield 'environments = ["production"]'
    for team in organisation.teams.values():
        yield from _team(team)
    for service in organisation.services.values():
        yield ""
        yield "[[service]]"
        yield f"name = {_text(service.name)}"
        yield f"team = {_text(service.team)}"
        yield f"repositories = {_list([f'{organisation.owner}/{service.name}'])}"
        yield f"components = {_list([service.name])}"
        if service.depends_on:
            yield f"depends_on = {_list(service.depends_on)}"
        if service.tags:
            yield f"tags = {_list(service.tags)}"
    for freeze in organisation.freezes:
        yield ""
        yield "[[freeze]]"
        yield f"name = {_text(freeze.name)}"
        yield f"start = {_day(freeze.first)}"
        yield f"end = {_day(freeze.last)}"
        yield 'time_zone = "Europe/London"'
        if freeze.services:
            yield f"services = {_list(freeze.services)}"
    yield ""
    yield "[identity]"
    yield f"bots = {_list(sorted(organisation.bots.values()))}"
    for person in organisation.people.values():
        yield from _person(organisation, person)


def _team(team: Team) -> Iterator[str]:
    yield ""
    yield "[[team]]"
    yield f"name = {_text(team.name)}"
    yield f"members = {_list(person.name for person in team.people)}"
    yield f"time_zone = {_text(team.time_zone)}"
    yield f"business_start = {team.start.isoformat()}"
    yield f"business_end = {team.end.isoformat()}"
    yield f"holidays = [{', '.join(_day(day) for day in team.holidays)}]"


def _person(organisation: Organisation, person: Person) -> Iterator[str]:
    logins = [
        f"github:{person.login}",
        f"jira:{person.account}",
        f"jenkins:{person.login}",
        f"servicenow:{person.login}",
        f"flags:{person.login}",
    ]
    yield ""
    yield "[[identity.people]]"
    yield f"name = {_text(person.name)}"
    yield f"team = {_text(person.team)}"
    yield f"logins = {_list(logins)}"
    yield f"emails = {_list([f'{person.login}@{organisation.domain}'])}"
    if entitled := _entitled(person):
        yield f"entitled = {_list(entitled)}"


def _entitled(person: Person) -> list[str]:
    """Return what somebody may approve: engineers their team's changes, release captains and newcomers nothing."""
    if person.role in {"chair", "board", "risk"}:
        return ["*"]
    return [] if person.role in {"captain", "newcomer", "operator", "support", "service desk"} else [person.team]


def _text(value: str) -> str:
    """Return a TOML basic string, which JSON's strings are a subset of."""
    return orjson.dumps(value).decode()


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _day(day: date) -> str:
    return day.isoformat()
