"""Pull requests of the demo before anybody reviewed them: when, by whom, about what, how risky.

Owns the rhythm of work: days, hours, seasons, freezes, a weekly rate that wanders. Refuses to know about reviews.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.demo.calendar import DAY, HOUR, MINUTE
from ingest.demo.chance import Chance
from ingest.demo.model import Commit, PullRequest, Story
from ingest.demo.organisation import Person, Service, Team

_WEEKDAYS = (0.95, 1.15, 1.1, 1.05, 0.75)
_KINDS = (("feature", 0.3), ("fix", 0.32), ("chore", 0.23), ("config", 0.15))
_UPDATE = "update"
_FRIDAY = 4
_NO_AUTHORS = frozenset({"chair", "board", "operator", "release manager", "captain"})


@dataclass(frozen=True)
class Mix:
    """How risky a team's changes are, and how large."""

    low: float
    medium: float
    lines: int = 60

    def risk(self, chance: Chance) -> str:
        """Return a risk class."""
        return chance.among((("low", self.low), ("medium", self.medium), ("high", 1 - self.low - self.medium)))


MIXES = {
    "storefront": Mix(0.82, 0.15, 45),
    "payments": Mix(0.42, 0.4, 70),
    "ledger": Mix(0.45, 0.38, 90),
    "mobile": Mix(0.6, 0.3, 80),
    "fulfilment": Mix(0.58, 0.3, 65),
    "staff tools": Mix(0.985, 0.015, 25),
}


def pull_requests(story: Story, team: Team, service: Service, chance: Chance) -> list[PullRequest]:
    """Return a service's pull requests over the whole period, oldest first, not yet reviewed."""
    authors = [person for person in team.people if person.role not in _NO_AUTHORS]
    found = [new(story, service, at, authors, chance) for at in _openings(story, team, service, chance)]
    found.sort(key=lambda pull: pull.created_at)
    return found


def new(story: Story, service: Service, at: int, authors: Sequence[Person], chance: Chance) -> PullRequest:
    """Return one pull request opened at an instant."""
    everywhere = story.organisation.stories["everywhere"]
    is_update = chance.happens(float(everywhere["dependabot"]))
    kind = _UPDATE if is_update else chance.among(_KINDS)
    author = story.organisation.bots["updates"] if is_update else chance.pick(authors).login
    risk = "low" if is_update else MIXES[service.team].risk(chance)
    pull = PullRequest(
        service=service.name,
        title=title(story, service, kind, chance),
        author=author,
        created_at=at,
        ready_at=at,
        risk=risk,
        change_type="normal",
    )
    lines = chance.around(MIXES[service.team].lines * (0.2 if is_update else 1), 1.0)
    pull.size = (lines, int(lines * chance.random() * 0.6))
    pull.branch = f"{kind}/{pull.title.lower()[:32].strip().replace(' ', '-')}"
    if not is_update and chance.happens(0.2):
        pull.is_draft_first = True
        pull.ready_at = story.organisation.teams[service.team].calendar.later(at, chance.around(5 * HOUR, 1.0))
    pull.closes_issue = kind in {"fix", "feature"} and chance.happens(0.25)
    _commit(pull, author, kind, chance)
    return pull


def title(story: Story, service: Service, kind: str, chance: Chance) -> str:
    """Return a title; a few are such as a page must escape."""
    wording = story.organisation.wording["titles"]
    text = str(chance.pick(wording["odd" if kind != _UPDATE and chance.happens(0.004) else kind]))
    number = chance.randrange(2, 8)
    # Not str.format: the odd titles hold braces of their own.
    return (
        text.replace("{thing}", chance.pick(service.things)).replace("{n}", str(number)).replace("{m}", str(number + 1))
    )


def add_commit(pull: PullRequest, at: int, message: str, chance: Chance) -> Commit:
    """Push one more commit to a pull request."""
    commit = Commit(chance.sha(), at - chance.randrange(30, 600), pull.author, message, at)
    pull.commits.append(commit)
    return commit


def _commit(pull: PullRequest, author: str, kind: str, chance: Chance) -> None:
    amount = 1 if kind == _UPDATE else 1 + min(4, chance.count(0.7))
    at = pull.created_at - chance.around(4 * HOUR, 1.1) - 5 * MINUTE
    gap = (pull.created_at - at) // amount
    for place in range(amount):
        message = pull.title if place == 0 else chance.pick(("Address review of my own", "Tests", "Fix lint", "Rename"))
        pull.commits.append(Commit(chance.sha(), at + place * gap, author, message, pull.created_at))


def _openings(story: Story, team: Team, service: Service, chance: Chance) -> Iterator[int]:
    """Yield when work is opened: working days, a wandering weekly rate, quiet seasons, a little at odd hours."""
    organisation = story.organisation
    wander, current = 0.0, -1
    for day, opens, closes in team.calendar.working_days():
        if day < organisation.first or opens > organisation.end:
            continue
        if (week := int(story.week(opens))) != current:
            wander, current = 0.7 * wander + chance.gauss(0, 0.1), week
        freeze = organisation.frozen(service.name, day)
        season = (freeze.work if freeze else 1.0) * (0.85 if day.month == 8 else 1.0)
        rate = service.pull_requests / 5 * _WEEKDAYS[day.weekday()] * season * math.exp(wander)
        for _ in range(chance.count(rate)):
            yield _moment(chance, opens, closes, is_friday=day.weekday() == _FRIDAY)


def _moment(chance: Chance, opens: int, closes: int, *, is_friday: bool) -> int:
    if chance.happens(0.04):
        return closes + chance.randrange(HOUR, 5 * HOUR)
    if is_friday and chance.happens(0.008):
        return opens + DAY + chance.randrange(0, 8 * HOUR)
    return opens + int((closes - opens) * (0.05 + 0.9 * chance.betavariate(1.4, 1.3)))
