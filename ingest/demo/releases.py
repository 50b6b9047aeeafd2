"""What the demo's teams write about their releases: notes with or without a plan, the train's own ticket, staging.

Owns the share of releases and comments in which the mobile train accepts a risk.
"""

from __future__ import annotations

from ingest.demo.calendar import DAY, HOUR, MINUTE
from ingest.demo.chance import Chance, rate
from ingest.demo.model import Deployment, Release, Step, Story, Ticket
from ingest.demo.organisation import Team


def release(story: Story, deployment: Deployment, chance: Chance, *, has_plan: bool) -> None:
    """Write the release that a deployment brought to production."""
    texts, service = story.organisation.wording["release"], story.service(deployment.service)
    lines = [f"- {pull.title}" for pull in deployment.carries]
    if has_plan:
        lines += ["", str(chance.pick(texts["plan"])), "- [x] on-call informed", "- [x] runbook checked"]
    if service.team == "mobile":
        share = rate(story.organisation.stories["mobile"], "risk_accepted", story.week(deployment.created_at))
        if chance.happens(share):
            lines += ["", str(chance.pick(texts["risk_accepted"])).replace("{thing}", chance.pick(service.things))]
    created = deployment.created_at - chance.randrange(10 * MINUTE, 3 * HOUR)
    published = deployment.created_at - chance.randrange(MINUTE, 8 * MINUTE)
    story.releases.append(
        Release(
            service.name,
            deployment.version,
            deployment.sha,
            deployment.triggered_by,
            created,
            published,
            "\n".join(lines),
        )
    )


def train_ticket(story: Story, team: Team, deployment: Deployment, chance: Chance) -> None:
    """Write the train's own ticket: readiness, order of steps, more and more often a risk accepted there."""
    manager, at, texts = deployment.triggered_by, deployment.created_at, story.organisation.wording["release"]
    ticket = Ticket(
        "REL", "Release", f"Mobile train {deployment.version}", manager, at - 4 * DAY, "mobile-api", team.name
    )
    ticket.fields, ticket.assignee = {"service": "mobile-api"}, manager
    share = rate(story.organisation.stories["mobile"], "risk_talk", story.week(at))
    for _ in range(2 + chance.count(1.2)):
        kind = "risk_talk" if chance.happens(share) else "talk"
        who = manager if chance.happens(0.7) else chance.pick(team.people).login
        ticket.comments.append((at - chance.randrange(HOUR, 3 * DAY), who, str(chance.pick(texts[kind]))))
    ticket.comments.sort()
    ticket.move(at - 30 * MINUTE, manager, "In progress")
    ticket.move(deployment.finished_at + HOUR, manager, "Done")
    ticket.resolved_at, ticket.resolution = deployment.finished_at + HOUR, "Done"
    story.tickets.append(ticket)


def staging(deployment: Deployment, chance: Chance) -> Deployment | None:
    """Return the night in staging before a train's production; a hotfix skips it."""
    at = deployment.created_at - 15 * HOUR - chance.randrange(0, HOUR)
    if any(pull.change_type == "emergency" for pull in deployment.carries):
        return None
    trial = Deployment(
        deployment.service,
        "staging",
        deployment.sha,
        deployment.version,
        at,
        deployment.creator,
        deployment.triggered_by,
        deployment.trigger,
        description=deployment.description,
    )
    trial.statuses = [(at + 3, "IN_PROGRESS", ""), (at + 12 * MINUTE, "SUCCESS", "Staging is up")]
    trial.steps = [Step("deploy", at + 3, at + 10 * MINUTE), Step("smoke test", at + 10 * MINUTE, at + 12 * MINUTE)]
    return trial
