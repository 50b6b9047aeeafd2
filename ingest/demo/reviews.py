"""How a pull request of the demo is decided and merged: by a peer, by a policy, by a rubber stamp, or by nobody.

Owns reviews, re-reviews, dismissals, stale approvals, declined changes and self-approval attempts. Refuses to know
what is deployed when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingest.demo.calendar import HOUR, MINUTE, Calendar
from ingest.demo.chance import Chance
from ingest.demo.model import PullRequest, Review, Story
from ingest.demo.organisation import Person, Team
from ingest.demo.pull_requests import add_commit


@dataclass(frozen=True)
class Habit:
    """How a team reviews: working time to the first answer, and how often what is said."""

    first_answer: int = 3 * HOUR
    request_changes: float = 0.17
    comment: float = 0.4
    chatter: float = 0.18


@dataclass(frozen=True)
class Deciding:
    """What every way of deciding needs."""

    story: Story
    team: Team
    chance: Chance
    habit: Habit

    @property
    def calendar(self) -> Calendar:
        """The team's working hours."""
        return self.team.calendar

    @property
    def shares(self) -> dict[str, Any]:
        """Shares that hold for every team."""
        return dict(self.story.organisation.stories["everywhere"])

    def words(self, kind: str) -> str:
        """Return a reviewer's sentence."""
        return str(self.chance.pick(self.story.organisation.wording["reviews"][kind]))


def by_peer(deciding: Deciding, pull: PullRequest, reviewers: Sequence[Person]) -> None:
    """Let a colleague review: perhaps asking for changes, perhaps declining, mostly approving."""
    chance, habit = deciding.chance, deciding.habit
    reviewer = chance.pick([person for person in reviewers if person.login != pull.author]).login
    pull.requests.append((pull.ready_at + chance.randrange(5, 300), pull.author, reviewer))
    at = deciding.calendar.later(pull.requests[-1][0], chance.around(habit.first_answer, 0.9))
    if chance.happens(habit.chatter):
        _say(pull, at - chance.randrange(1, 20 * MINUTE), reviewer, "COMMENTED", deciding.words("comment"))
    if chance.happens(habit.request_changes * (0.6 if pull.risk == "low" else 1.5)):
        words = deciding.words("request").replace("{other}", chance.pick(("ledger", "mobile", "payments")))
        _say(pull, at, reviewer, "CHANGES_REQUESTED", words)
        if chance.happens(float(deciding.shares["closed_unmerged"]) * 3):
            decline(deciding, pull, reviewer, at)
            return
        at = _rework(deciding, pull, reviewer, at)
    if chance.happens(float(deciding.shares["self_review"])):
        _say(pull, pull.ready_at + chance.randrange(MINUTE, HOUR), pull.author, "COMMENTED", deciding.words("self"))
    body = deciding.words("approve") if chance.happens(habit.comment) else ""
    _say(pull, at, reviewer, "APPROVED", body)
    merge(deciding, pull, _after_approval(deciding, pull, reviewer, at))


def by_policy(deciding: Deciding, pull: PullRequest, policy: str, version: int, blocked: float) -> None:
    """Let a named, versioned rule decide; it may stop the change until it is put right."""
    chance, bot = deciding.chance, deciding.story.organisation.bots["policy"]
    at = pull.ready_at + chance.randrange(40, 240)
    if chance.happens(blocked):
        reason = chance.pick(
            (
                "a new dependency has no approved licence",
                "a secret was found in the change",
                "the migration is not reversible",
                "test coverage of the changed lines is below 80 %",
            )
        )
        _say(pull, at, bot, "CHANGES_REQUESTED", f"Blocked by policy {policy} v{version}: {reason}.")
        at = deciding.calendar.later(at, chance.around(2 * HOUR))
        add_commit(pull, at, "Satisfy the policy", chance)
        at += chance.randrange(40, 240)
    score = chance.randrange(4, 30)
    _say(pull, at, bot, "APPROVED", f"Approved by policy {policy} v{version}: risk score {score} of 100, limit 30.")
    pull.change_type = "standard"
    merge(deciding, pull, at + chance.randrange(60, 15 * MINUTE), is_automatic=True)


def by_stamp(deciding: Deciding, pull: PullRequest, approver: Person, others: Sequence[Person]) -> None:
    """Let the one approver approve within minutes, mostly without a word, whatever the risk."""
    chance, story = deciding.chance, deciding.story.organisation.stories["fulfilment"]
    is_usual = chance.happens(float(story["approver_share"])) and pull.author != approver.login
    reviewer = approver if is_usual else chance.pick([p for p in others if p.login != pull.author])
    asked = deciding.calendar.later(pull.ready_at, chance.randrange(5, 120))
    pull.requests.append((asked, pull.author, reviewer.login))
    pull.ready_at = min(pull.ready_at, asked)
    body = deciding.words("approve") if chance.happens(float(story["commented"])) else ""
    at = asked + max(20, chance.around(75, 0.45))
    _say(pull, at, reviewer.login, "APPROVED", body)
    merge(deciding, pull, deciding.calendar.later(at, chance.around(30 * MINUTE)))


def by_nobody(deciding: Deciding, pull: PullRequest, merger: str) -> None:
    """Merge without any decision."""
    at = deciding.calendar.later(pull.ready_at, deciding.chance.around(3 * HOUR, 0.9))
    merge(deciding, pull, at)
    pull.merged_by = merger


def in_an_emergency(deciding: Deciding, pull: PullRequest, reviewer: Person, *, is_retroactive: bool) -> None:
    """Decide a hotfix within minutes, or only after it was merged."""
    chance = deciding.chance
    merged_at = pull.ready_at + chance.randrange(4 * MINUTE, 25 * MINUTE)
    at = merged_at + chance.randrange(HOUR, 20 * HOUR) if is_retroactive else merged_at - chance.randrange(30, 180)
    words = "Approved afterwards, emergency." if is_retroactive else "Go, emergency."
    pull.requests.append((pull.ready_at + 20, pull.author, reviewer.login))
    _say(pull, at, reviewer.login, "APPROVED", words)
    merge(deciding, pull, merged_at)


def decline(deciding: Deciding, pull: PullRequest, by: str, at: int) -> None:
    """Close a pull request unmerged, with the reason."""
    pull.closed_at = deciding.calendar.later(at, deciding.chance.around(5 * HOUR))
    pull.closed_by = by
    pull.comments.append((pull.closed_at - 30, by, deciding.words("declined")))


def merge(deciding: Deciding, pull: PullRequest, at: int, *, is_automatic: bool = False) -> None:
    """Merge a pull request; its author does, or automation on the author's behalf."""
    is_update = pull.author == deciding.story.organisation.bots["updates"]
    people = [person.login for person in deciding.team.people if person.role in {"engineer", "lead"}]
    pull.merged_at = pull.closed_at = at
    pull.merged_by = pull.author if not is_update else deciding.chance.pick(people)
    if is_update and is_automatic:
        pull.merged_by = deciding.story.organisation.bots["policy"]
    pull.closed_by = pull.merged_by
    pull.merge_sha = deciding.chance.sha()


def _say(pull: PullRequest, at: int, by: str, state: str, body: str) -> Review:
    head = next((c.sha for c in reversed(pull.commits) if c.pushed_at <= at), pull.commits[0].sha)
    pull.reviews.append(Review(by, at, state, body, head))
    return pull.reviews[-1]


def _rework(deciding: Deciding, pull: PullRequest, reviewer: str, at: int) -> int:
    """Push a correction, ask again, and return when the reviewer looks again."""
    chance = deciding.chance
    pushed = deciding.calendar.later(at, chance.around(4 * HOUR, 1.0))
    add_commit(pull, pushed, "Address review", chance)
    pull.requests.append((pushed + chance.randrange(10, 600), pull.author, reviewer))
    return deciding.calendar.later(pull.requests[-1][0], chance.around(deciding.habit.first_answer, 0.8))


def _after_approval(deciding: Deciding, pull: PullRequest, reviewer: str, at: int) -> int:
    """Return when to merge; some pushes after the approval make it stale, some of those are dismissed."""
    chance = deciding.chance
    merged_at = deciding.calendar.later(at, chance.around(50 * MINUTE, 1.2))
    if chance.happens(float(deciding.shares["stale_approval"])):
        add_commit(pull, at + chance.randrange(60, HOUR), "Last small thing", chance)
        return max(merged_at, pull.commits[-1].pushed_at + 90)
    if chance.happens(float(deciding.shares["dismissed"])):
        pushed = at + chance.randrange(MINUTE, 2 * HOUR)
        add_commit(pull, pushed, "Rebase and change the query", chance)
        pull.reviews[-1].dismissed_at, pull.reviews[-1].dismissed_by = pushed + 2, pull.author
        if chance.happens(0.4):
            pull.force_pushed.append((pushed, pull.author))
        again = deciding.calendar.later(pushed, chance.around(HOUR))
        _say(pull, again, reviewer, "APPROVED", "Still fine." if chance.happens(0.5) else "")
        return deciding.calendar.later(again, chance.around(20 * MINUTE))
    return merged_at
