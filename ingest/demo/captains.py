"""Who decides what a payments deployment carries: a colleague before, the release captain, or the captain only now.

Owns the drift of the payments team: from its onset on, approver and deployer become the same person, and the decision
moves into the deployment's own gate.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.demo import tickets
from ingest.demo.chance import Chance, rate
from ingest.demo.model import Deployment, PullRequest


def by_the_captain(desk: tickets.Desk, deployment: Deployment) -> None:
    """Choose the week's captain, and who decided what it carries: a colleague, the captain, or the captain only now."""
    story, chance = desk.story, desk.chance
    rates, week = story.organisation.stories["payments"], story.week(deployment.created_at)
    captains = desk.team.having("captain")
    captain = captains[int(week) % len(captains)].login
    deployment.creator = deployment.triggered_by = captain
    same, gate = rate(rates, "same_person", week), rate(rates, "gate_only", week)
    share = float(rates["change_tickets"])
    for pull in deployment.carries:
        if pull.merge_sha in desk.known or pull.change_type == "emergency":
            continue
        desk.known.add(pull.merge_sha)
        has_ticket = pull.risk != "low" and chance.happens(share / 0.53)
        if not has_ticket and captain != pull.author and chance.happens(gate / (1 - share)):
            pull.reviews = [review for review in pull.reviews if review.state == "COMMENTED"]
            pull.requests = []
            deployment.gate = [(captain, "approved", "Reviewed and approved here.")]
            continue
        is_same = captain != pull.author and chance.happens(max(0.0, same - gate) / (1 - gate))
        _let_approve(pull, captain, [p.login for p in desk.team.having("engineer", "lead")], chance, is_same=is_same)
        if has_ticket and pull.approval:
            first = next((other.ticket for other in deployment.carries if other.ticket), None)
            if first:
                tickets.join(first, pull)
            else:
                tickets.approved_by(desk, pull, deployment, pull.approval.by)
    deployment.tickets = list({id(p.ticket): p.ticket for p in deployment.carries if p.ticket}.values())


def _let_approve(pull: PullRequest, captain: str, others: Sequence[str], chance: Chance, *, is_same: bool) -> None:
    """Let the captain, or somebody else, be the one who reviewed."""
    free = [login for login in others if login != pull.author]
    reviewer = captain if is_same else chance.pick(free)
    for review in pull.reviews:
        if review.by != pull.author:
            review.by = reviewer
    pull.requests = [(at, by, reviewer) for at, by, _ in pull.requests]
