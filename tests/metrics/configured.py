"""Settings for invented organisations: teams over the clock changes, services that need each other, freezes, limits."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from tests.metrics.organisations import START
from tests.metrics.reference.limits import Calendar, Entitlement, Freeze, Limits

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Where clocks change within the months that are drawn: in New York, Berlin, Lord Howe and Santiago.
CHANGES = (date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 4, 4))
LATE = datetime(2026, 6, 30)
# In the middle of what is drawn: records go on after the build's instant.
AMIDST = datetime(2026, 4, 1, 6)


def configured(seeds: Iterable[int], is_unusual: bool) -> tuple[str, Limits]:
    """Return the settings file of the organisations, and the same for the reference.

    Args:
        seeds: One organisation each; their services have calendars, dependencies and freezes of their own.
        is_unusual: Whether limits differ from the shipped ones, and the build ends before the records do.
    """
    calendars: dict[str, Calendar] = {}
    dependencies: set[tuple[str, str]] = set()
    freezes: list[Freeze] = []
    text: list[str] = []
    teams: dict[str, str] = {}
    entitlements: list[Entitlement] = []
    for seed in seeds:
        chance = random.Random(f"settings {seed}")
        web, api, pay = (f"o{seed}-{name}" for name in ("web", "api", "pay"))
        calendar = draw_calendar(chance)
        text += team(f"t{seed}", calendar)
        needs = chance.choice(({}, {web: [api]}, {web: [api, pay], api: [web]}, {pay: [pay, web]}))
        for service in (web, api, pay):
            has_team = chance.random() < 0.7
            if has_team:
                calendars[service] = calendar
                teams[service] = f"t{seed}"
            dependencies |= {(service, other) for other in needs.get(service, [])}
            text += ["[[service]]", f'name = "{service}"', f'team = "{f"t{seed}" if has_team else ""}"']
            text += [f"depends_on = {needs.get(service, [])}"]
        entitlements += draw_entitlements(chance, (web, api, pay, f"t{seed}"))
        if chance.random() < 0.5:
            begin = (START + timedelta(days=random.Random(seed).randint(0, 100))).date()
            freezes.append(draw_freeze(chance, f"freeze {seed}", (web, api, pay), begin))
    for freeze in freezes:
        text += ["[[freeze]]", f'name = "{freeze.name}"', f"start = {freeze.first}", f"end = {freeze.last}"]
        text += [f'time_zone = "{freeze.zone}"', f"services = {list(freeze.services)}"]
        text += [f"exempt_change_types = {sorted(freeze.exempt)}"]
    limits: dict[str, object] = {"as_of": LATE}
    if is_unusual:
        limits = {"as_of": AMIDST, "adjacent": timedelta(hours=1), "default_window": timedelta(hours=2)}
        limits |= {"median_minimum": 3, "required": 2, "expiry": timedelta(days=1)}
        text += ["[thresholds]", "adjacent_buffer_seconds = 3600", "default_window_minutes = 120"]
        text += ["window_median_minimum = 3", "required_approvals = 2", "approval_expiry_days = 1"]
    text += people(entitlements)
    return "\n".join(text), Limits(
        calendars=calendars,
        dependencies=frozenset(dependencies),
        freezes=tuple(freezes),
        teams=teams,
        entitlements=tuple(entitlements),
        **limits,  # type: ignore[arg-type]
    )


def draw_entitlements(chance: random.Random, scopes: tuple[str, ...]) -> list[Entitlement]:
    """Draw what two people may approve: for good or for a time, of any risk or up to one; the others nothing."""
    found = []
    for scope in scopes:
        first = (START + timedelta(days=chance.randint(0, 110))).date()
        last = first + timedelta(days=chance.choice((0, 5, 40)))
        bounds = chance.choice(((None, None), (first, None), (None, last), (first, last)))
        if chance.random() < 0.6:
            person, risk = chance.choice(("bob", "cat")), chance.choice(("high", "high", "medium", "low"))
            found.append(Entitlement(person, scope, *bounds, risk=risk))
    return found


def people(entitlements: list[Entitlement]) -> list[str]:
    """Return the settings of everybody who is entitled to anything."""
    text = []
    for name in ("bob", "cat"):
        text += ["[[identity.people]]", f'name = "{name}"', f'logins = ["{name}"]']
        for one in entitlements:
            if one.person == name:
                text += ["[[identity.people.entitlement]]", f'to = "{one.to}"']
                text += [f"start = {one.first}"] if one.first else []
                text += [f"end = {one.last}"] if one.last else []
                text += [f'up_to_risk = "{one.risk}"'] if one.risk != "high" else []
    return text


def draw_calendar(chance: random.Random) -> Calendar:
    """Draw a team's week, at any end of the world, with a night shift's early hours now and then."""
    start = chance.choice((time(9), time(0), time(1, 30), time(8)))
    days = chance.choice((range(5), (0, 1, 2, 3, 6), range(7)))
    changed = chance.choice(CHANGES)
    holidays = chance.choice((frozenset(), frozenset({changed - timedelta(days=1), changed + timedelta(days=1)})))
    return Calendar(chance.choice(ZONES), frozenset(days), start, chance.choice((time(17), time(23, 30))), holidays)


def draw_freeze(chance: random.Random, name: str, services: tuple[str, ...], begin: date) -> Freeze:
    """Draw whole days about a change of the clocks, or days within the organisation's fortnight."""
    first = chance.choice((*CHANGES, *(begin + timedelta(days=day) for day in range(1, 12))))
    chosen = tuple(sorted(chance.sample(services, k=chance.randint(1, 3))))
    exempt = chance.choice((frozenset({"emergency"}), frozenset({"emergency", "standard"}), frozenset[str]()))
    return Freeze(name, first, first + timedelta(days=chance.choice((0, 1, 6))), chance.choice(ZONES), chosen, exempt)


def team(name: str, calendar: Calendar) -> list[str]:
    return [
        "[[team]]", f'name = "{name}"', f'time_zone = "{calendar.zone}"',
        f"business_days = {[DAYS[day] for day in sorted(calendar.weekdays)]}",
        f"business_start = {calendar.start}", f"business_end = {calendar.end}",
        f"holidays = [{', '.join(map(str, sorted(calendar.holidays)))}]",
    ]  # fmt: skip
