"""What the demo's organisation plans in its change calendar, and the feature flags it flips.

Owns trains, maintenance, work on the warehouse floor, quarter-end freezes and staged flag flips. Refuses to know how a
tool exports them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from ingest.demo.calendar import DAY, HOUR, MINUTE, instant
from ingest.demo.chance import Chance
from ingest.demo.model import FlagFlip, PlannedWindow, Story

_ZONE = ZoneInfo("Europe/London")
_PATCHES = (
    "Database patching",
    "Network switch replacement",
    "Storage firmware",
    "Certificate renewal",
    "Failover test",
)
_FIRMWARE = ("Scanner firmware rollout", "Label printer replacement", "Conveyor controller update")


def plan_windows(story: Story, chance: Chance) -> None:
    """Fill the change calendar and flip the feature flags."""
    story.windows += [
        *_trains(story, chance),
        *_maintenance(story, chance),
        *_warehouse(story, chance),
        *_quarters(story),
    ]
    story.windows.sort(key=lambda window: (window.opened_at, window.title))
    for place, window in enumerate(story.windows):
        window.number = f"CHG{30_000 + place:07d}"
    story.flips += _flips(story, chance)
    story.flips.sort(key=lambda flip: (flip.at, flip.flag))


def _trains(story: Story, chance: Chance) -> Iterator[PlannedWindow]:
    """Announce every train, two hours in production per service; one train is one release."""
    for service in story.organisation.teams["mobile"].services:
        for deployment in story.deployments[service.name]:
            is_train = deployment.environment == "production" and deployment.version and not deployment.is_rerelease
            if not is_train or deployment.is_failed_attempt or deployment.tickets:
                continue
            start = deployment.created_at - deployment.created_at % (30 * MINUTE)
            yield PlannedWindow(
                "",
                "change",
                f"Mobile train {deployment.version}",
                service.name,
                service.name,
                "production",
                "mobile",
                deployment.triggered_by,
                "normal",
                "Closed",
                "Moderate",
                start - chance.randrange(2 * DAY, 6 * DAY),
                (start, start + 2 * HOUR),
                (deployment.created_at, deployment.finished_at),
                deployment.version.rpartition(".")[0],
            )


def _maintenance(story: Story, chance: Chance) -> Iterator[PlannedWindow]:
    """Maintain infrastructure in the night; now and then on a Thursday evening, when ledger deploys."""
    organisation = story.organisation
    services = list(organisation.services.values())
    for week in range(int(organisation.stories["weeks"])):
        for _ in range(1 + chance.happens(0.4)):
            service = chance.pick(services)
            night = (
                organisation.start + week * 7 * DAY + chance.pick((1, 2, 5, 6)) * DAY + chance.pick((22, 23, 26)) * HOUR
            )
            if chance.happens(0.14):
                service = organisation.services[chance.pick(("ledger", "settlement"))]
                night = organisation.start + week * 7 * DAY + 3 * DAY + 19 * HOUR
            yield _one(
                chance,
                "change",
                str(chance.pick(_PATCHES)),
                service.name,
                f"{service.name}-db",
                night,
                chance.pick((2, 3, 4)),
                "operations",
                "rquayle",
            )


def _warehouse(story: Story, chance: Chance) -> Iterator[PlannedWindow]:
    """Work on the warehouse floor; every eighth piece of work overlaps another one on the same component."""
    people = [person.login for person in story.organisation.teams["fulfilment"].having("engineer")]
    for place in range(48):
        at = story.organisation.start + chance.randrange(5 * DAY, int(story.organisation.stories["weeks"]) * 7 * DAY)
        at -= at % HOUR
        component = chance.pick(("scanners", "printers", "conveyor"))
        yield _one(
            chance,
            "change",
            str(chance.pick(_FIRMWARE)),
            "warehouse",
            component,
            at,
            4,
            "fulfilment",
            chance.pick(people),
        )
        if place % 8 == 0:
            yield _one(
                chance,
                "change",
                f"Cabling near {component}",
                "warehouse",
                component,
                at + 2 * HOUR,
                4,
                "operations",
                "rquayle",
                is_certain=True,
            )


def _quarters(story: Story) -> Iterator[PlannedWindow]:
    """Freeze the ledger's services for the last three days of every quarter."""
    day, last = story.organisation.first, instant(story.organisation.end).date()
    while day <= last:
        if (day + timedelta(days=3)).month in {1, 4, 7, 10} and (day + timedelta(days=3)).day == 1:
            start = int(datetime(day.year, day.month, day.day, tzinfo=_ZONE).timestamp())
            for service in story.organisation.teams["ledger"].services:
                yield PlannedWindow(
                    "",
                    "freeze",
                    f"Quarter close {day:%Y-%m}",
                    service.name,
                    "",
                    "production",
                    "ledger",
                    "",
                    "",
                    "Approved",
                    "",
                    start - 40 * DAY,
                    (start, start + 3 * DAY),
                    None,
                )
        day += timedelta(days=1)


def _one(
    chance: Chance,
    kind: str,
    title: str,
    service: str,
    component: str,
    at: int,
    hours: int,
    group: str,
    by: str,
    *,
    is_certain: bool = False,
) -> PlannedWindow:
    state = "Closed" if is_certain else chance.among((("Closed", 0.9), ("Cancelled", 0.1)))
    early = chance.randrange(-10 * MINUTE, 40 * MINUTE)
    worked = (at + early, at + early + int(hours * HOUR * (0.4 + chance.random()))) if state == "Closed" else None
    # Some are entered only after they began: retroactive.
    notice = -2 * HOUR if chance.happens(0.07) else chance.randrange(DAY, 12 * DAY)
    return PlannedWindow(
        "",
        kind,
        title,
        service,
        component,
        "production",
        group,
        by,
        chance.pick(("normal", "standard")),
        state,
        chance.pick(("Low", "Moderate", "High")),
        at - notice,
        (at, at + hours * HOUR),
        worked,
    )


def _flips(story: Story, chance: Chance) -> Iterator[FlagFlip]:
    """Turn features on in steps, and a few back."""
    for service in story.organisation.services.values():
        team = story.organisation.teams[service.team]
        people = [person.login for person in team.people if person.role not in {"chair", "board", "operator"}]
        for place in range(int(service.pull_requests * 1.7)):
            flag = f"{service.name}.{chance.pick(service.things).lower().replace(' ', '-')}-{place}"
            at = team.calendar.later(
                story.organisation.start + chance.randrange(0, 76 * 7 * DAY), chance.randrange(HOUR, 6 * HOUR)
            )
            yield from _steps(flag, service.name, chance.pick(people), at, chance)


def _steps(flag: str, service: str, by: str, at: int, chance: Chance) -> Iterable[FlagFlip]:
    steps = chance.pick((("0 %", "100 %"), ("0 %", "10 %", "100 %"), ("0 %", "5 %", "25 %", "100 %")))
    found = []
    for old, new in pairwise(steps):
        found.append(FlagFlip(flag, service, "production", by, at, old, new))
        at += chance.randrange(4 * HOUR, 4 * DAY)
    if chance.happens(0.08):
        found.append(FlagFlip(flag, service, "production", by, at, steps[-1], "0 %", "Turned back, errors rising"))
    return found
