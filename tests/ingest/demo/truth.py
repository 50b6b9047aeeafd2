"""What is really in the demo, counted from what happened before any source wrote it down.

Tests compare this with the planned rates, and with what the product finds in the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from statistics import median

from ingest.demo.calendar import instant
from ingest.demo.model import Deployment, PullRequest, Review, Story


def carried(story: Story, team: str) -> Iterator[tuple[Deployment, PullRequest]]:
    """Yield what a team's successful production deployments carried, each change once."""
    for service in story.organisation.teams[team].services:
        for deployment in story.deployments[service.name]:
            if deployment.environment == "production" and not deployment.is_failed_attempt:
                yield from ((deployment, pull) for pull in deployment.carries)


def in_weeks(story: Story, first: float, last: float, at: int) -> bool:
    return first <= story.week(at) < last


def share(flags: Iterable[bool]) -> tuple[float, int]:
    """Return the share of true ones and how many there are."""
    found = list(flags)
    return (sum(found) / len(found) if found else float("nan")), len(found)


def approver(pull: PullRequest) -> Review | None:
    """Return the approval a person gave before the merge for what was merged."""
    valid = [r for r in pull.reviews if r.state == "APPROVED" and not r.dismissed_at and r.at <= pull.merged_at]
    return valid[-1] if valid else None


def same_person(story: Story, first: float, last: float) -> tuple[float, int]:
    """Payments: share of normal changes whose approver (by review, else at the gate) is who deployed."""
    flags = []
    for deployment, pull in carried(story, "payments"):
        if pull.change_type != "normal" or not in_weeks(story, first, last, deployment.created_at):
            continue
        review = approver(pull)
        decider = review.by if review else next((login for login, _, _ in deployment.gate), "")
        flags.append(decider == deployment.triggered_by)
    return share(flags)


def gate_only(story: Story, first: float, last: float) -> tuple[float, int]:
    """Payments: share of normal changes that nobody reviewed and the gate let through."""
    return share(
        approver(pull) is None and bool(deployment.gate)
        for deployment, pull in carried(story, "payments")
        if pull.change_type == "normal" and in_weeks(story, first, last, deployment.created_at)
    )


def undecided(story: Story, first: float, last: float) -> tuple[float, int]:
    """Mobile: share of normal changes that were merged with no decision."""
    return share(
        not any(review.state == "APPROVED" for review in pull.reviews)
        for deployment, pull in carried(story, "mobile")
        if pull.change_type == "normal" and in_weeks(story, first, last, pull.merged_at)
    )


def logistics(story: Story, first: float, last: float) -> tuple[float, int]:
    """Ledger: share of the board's comments that are about how to release."""
    board = story.organisation.wording["board"]
    return share(
        text in board["logistics"]
        for ticket in story.tickets
        if ticket.project == "LED"
        for at, _, text in ticket.comments
        if text in (*board["logistics"], *board["risk"]) and in_weeks(story, first, last, at)
    )


def stamp(story: Story) -> tuple[float, float, float, int]:
    """Fulfilment: (median seconds from request to approval, share commented, share declined, n)."""
    seconds, commented, declined = [], [], []
    for service in story.organisation.teams["fulfilment"].services:
        for pull in story.pull_requests[service.name]:
            if pull.change_type == "normal" and pull.requests:
                decision = pull.reviews[-1]
                seconds.append(decision.at - pull.requests[-1][0])
                commented.append(bool(decision.body))
                declined.append(decision.state != "APPROVED")
    return median(seconds), share(commented)[0], share(declined)[0], len(seconds)


def by_policy(story: Story) -> tuple[float, int]:
    """Storefront: share of changes that the policy alone approved."""
    bot = story.organisation.bots["policy"]
    return share(
        approver(pull) is not None and approver(pull).by == bot  # type: ignore[union-attr]
        for _, pull in carried(story, "storefront")
        if pull.change_type != "emergency"
    )


def failed(story: Story, team: str) -> tuple[float, int]:
    """Share of a team's finished production deployments that needed intervention."""
    names = {service.name for service in story.organisation.teams[team].services}
    finished = [
        deployment
        for name in names
        for deployment in story.deployments[name]
        if deployment.environment == "production" and not deployment.is_failed_attempt
    ]
    wrong = {id(deployment) for deployment, _ in story.failures if deployment.service in names}
    return share(id(deployment) in wrong for deployment in finished)


def lost(story: Story) -> list[PullRequest]:
    """Merged pull requests that were reviewed, and whose reviews are all gone at the source."""
    return [
        pull
        for pulls in story.pull_requests.values()
        for pull in pulls
        if pull.merged_at and pull.reviews and all(story.is_lost(review.at) for review in pull.reviews)
    ]


def monday(story: Story, week: int) -> datetime:
    """Return the start of one of the demo's weeks."""
    return instant(story.organisation.start + week * 604_800).astimezone(UTC)
