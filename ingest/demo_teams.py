"""The six teams of the demo, each with its way of deciding and delivering: what product stories are made of.

Owns which team does what, and from when on it does something else. Rates and dates come from ``data/demo/stories.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ingest import demo_example
from ingest import demo_tickets as tickets
from ingest.demo_calendar import DAY, HOUR, MINUTE, instant
from ingest.demo_chance import Chance, ramp
from ingest.demo_deployments import (
    GATE,
    Delivery,
    Line,
    continuous_slots,
    deliver,
    train_slots,
    working_slots,
)
from ingest.demo_failures import emergencies_in_freezes, went_wrong
from ingest.demo_model import Deployment, PullRequest, Release, Step, Story, Ticket
from ingest.demo_organisation import Service, Team
from ingest.demo_pull_requests import pull_requests
from ingest.demo_reviews import Deciding, Habit, by_nobody, by_peer, by_policy, by_stamp

_CONTINUOUS = (("build", 0.35), ("deploy canary 5 %", 0.3), ("verify", 0.15), ("deploy", 0.2))
_CAPTAIN = (("readiness", 0.1), ("deploy", 0.6), ("smoke test", 0.3))
# Evenings of the ledger team's services: weekday, hour, and how many slots of an hour there are.
_EVENINGS = {
    "ledger": ((0, 18, 2), (3, 18, 3)),
    "settlement": ((1, 18, 2), (3, 21, 3)),
    "statements": ((0, 21, 2), (2, 18, 2)),
}
_LAST_OF_TRAIN = "mobile-api"
_PLAIN = (("build", 0.4), ("deploy", 0.6))
# Version of the storefront's policy, from the week on that it was changed.
POLICY_VERSIONS = ((0, 3), (22, 4), (45, 5), (68, 6))
POLICY = "low-risk-change"


def storefront(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """Continuous delivery: a versioned policy approves low risk, people the rest; every merge is deployed."""
    rates = story.organisation.stories["storefront"]
    deciding = Deciding(story, team, chance, Habit(first_answer=50 * MINUTE, request_changes=0.14))
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        if pull.risk == "low" and chance.happens(float(rates["policy_share"]) / 0.84):
            version = next(v for week, v in reversed(POLICY_VERSIONS) if story.week(pull.ready_at) >= week)
            by_policy(deciding, pull, POLICY, version, float(rates["blocked"]))
        else:
            by_peer(deciding, pull, team.people)
    delivery = Delivery("push", float(rates["failed"]), 7, _CONTINUOUS, _nothing, _nothing)
    line = Line(story, team, service, delivery, chance)
    continuous_slots(line, _merged(pulls))
    _run(line, pulls)


def payments(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """Release captains; since the onset the captain also approves, and often only at the deployment."""
    deciding = Deciding(story, team, chance, Habit(first_answer=4 * HOUR))
    pulls = _opened(story, team, service, chance)
    engineers = team.having("engineer", "lead")
    for pull in pulls:
        by_peer(deciding, pull, engineers)
    desk = tickets.Desk(story, team, service, chance, "PAY")

    def prepare(deployment: Deployment) -> None:
        _by_the_captain(desk, deployment)

    def settled(deployment: Deployment) -> None:
        tickets.complete(desk, deployment)
        _release(story, deployment, chance, has_plan=True)

    rates = story.organisation.stories["payments"]
    line = Line(story, team, service, Delivery("workflow_dispatch", float(rates["failed"]), 16, _CAPTAIN, prepare, settled), chance)  # fmt: skip
    working_slots(line, service.releases)
    if service.name == demo_example.SERVICE:
        example = demo_example.propose(line, pulls)
        desk.known.add(example.merge_sha)
        pulls.append(example)
    _run(line, pulls)
    if service.name == demo_example.SERVICE:
        demo_example.release(line)


def ledger(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """A weekly board approves tickets, operators deploy in the evening through Jenkins."""
    deciding = Deciding(story, team, chance, Habit(first_answer=6 * HOUR, comment=0.3))
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        by_peer(deciding, pull, team.having("engineer"))
    desk = tickets.Desk(story, team, service, chance, "LED")

    def prepare(deployment: Deployment) -> None:
        operator, other = team.having("operator")[:: 1 if chance.happens(0.6) else -1]
        deployment.creator = deployment.triggered_by = operator.login
        deployment.gate = [(other.login if chance.happens(0.85) else operator.login, "approved", "")]
        tickets.board_tickets(desk, deployment)

    def settled(deployment: Deployment) -> None:
        tickets.complete(desk, deployment)

    rates = story.organisation.stories["ledger"]
    steps = (("Checkout", 0.05), ("Build", 0.25), (GATE, 0.0), ("Deploy production", 0.5), ("Smoke test", 0.2))
    line = Line(story, team, service, Delivery("workflow_dispatch", float(rates["failed"]), 24, steps, prepare, settled, most=2), chance)  # fmt: skip
    for weekday, hour, slots in _EVENINGS[service.name]:
        for slot in range(slots):
            train_slots(line, weekday, hour, 60 * slot, 30 * HOUR)
    _run(line, pulls)
    tickets.tickets_without_release(desk)


def mobile(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """A weekly train; what enters it without a decision grows."""
    rates = story.organisation.stories["mobile"]
    deciding = Deciding(story, team, chance, Habit(first_answer=5 * HOUR))
    manager = team.having("release manager")[0].login
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        if chance.happens(_rate(rates, "undecided", story.week(pull.ready_at))):
            by_nobody(deciding, pull, manager)
        else:
            by_peer(deciding, pull, team.having("engineer", "lead"))
    line = Line(story, team, service, Delivery("workflow_dispatch", float(rates["failed"]), 30, _CAPTAIN, _nothing, _nothing), chance)  # fmt: skip

    def prepare(deployment: Deployment) -> None:
        deployment.creator = deployment.triggered_by = manager
        day = instant(deployment.created_at)
        deployment.version = f"{day:%G.%V}.{sum(d.version.startswith(f'{day:%G.%V}.') for d in line.good)}"
        deployment.description = f"Train {deployment.version}"

    def settled(deployment: Deployment) -> None:
        _staging(line, deployment, chance)
        _release(story, deployment, chance, has_plan=True)
        if service.name == _LAST_OF_TRAIN:
            _train_ticket(story, team, deployment, chance)

    line.delivery = Delivery("workflow_dispatch", float(rates["failed"]), 30, _CAPTAIN, prepare, settled)
    place = ("customer-profile", "notifications", "mobile-api").index(service.name)
    train_slots(line, 1, 10, 30 * place, 18 * HOUR)
    _run(line, pulls)


def fulfilment(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """One approver approves everything at once; others deploy."""
    rates = story.organisation.stories["fulfilment"]
    deciding = Deciding(story, team, chance, Habit())
    approver = team.having("approver")[0]
    engineers = team.having("engineer")
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        by_stamp(deciding, pull, approver, engineers)

    def prepare(deployment: Deployment) -> None:
        deployment.creator = deployment.triggered_by = chance.pick(engineers).login

    def settled(deployment: Deployment) -> None:
        _release(story, deployment, chance, has_plan=False)

    line = Line(story, team, service, Delivery("workflow_dispatch", float(rates["failed"]), 12, _PLAIN, prepare, settled), chance)  # fmt: skip
    working_slots(line, service.releases)
    _run(line, pulls)


def staff_tools(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """Four people, one service, low risk: a colleague looks, the merge deploys."""
    deciding = Deciding(story, team, chance, Habit(first_answer=2 * HOUR, request_changes=0.08))
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        by_peer(deciding, pull, team.people)
    rates = story.organisation.stories["staff_tools"]
    line = Line(story, team, service, Delivery("push", float(rates["failed"]), 5, _PLAIN, _nothing, _nothing), chance)
    continuous_slots(line, _merged(pulls))
    _run(line, pulls)


TEAMS: dict[str, Callable[[Story, Team, Service, Chance], None]] = {
    "storefront": storefront,
    "payments": payments,
    "ledger": ledger,
    "mobile": mobile,
    "fulfilment": fulfilment,
    "staff tools": staff_tools,
}


def _opened(story: Story, team: Team, service: Service, chance: Chance) -> list[PullRequest]:
    pulls = pull_requests(story, team, service, chance)
    story.pull_requests[service.name] = list(pulls)
    return pulls


def _merged(pulls: Iterable[PullRequest]) -> list[PullRequest]:
    return [pull for pull in pulls if pull.merged_at]


def _run(line: Line, pulls: Iterable[PullRequest]) -> None:
    emergencies_in_freezes(line)
    deliver(line, _merged(pulls), went_wrong)
    line.story.deployments[line.service.name] = line.done


def _nothing(deployment: Deployment) -> None:
    """Leave the deployment as the pipeline made it."""


def _rate(rates: dict[str, Any], name: str, week: float) -> float:
    return ramp(week, float(rates["onset_week"]), float(rates["ramp_weeks"]), float(rates[f"{name}_before"]),
                float(rates[f"{name}_after"]))  # fmt: skip


def _by_the_captain(desk: tickets.Desk, deployment: Deployment) -> None:
    """Choose the week's captain, and who decided what it carries: a colleague, the captain, or the captain only now."""
    story, chance = desk.story, desk.chance
    rates, week = story.organisation.stories["payments"], story.week(deployment.created_at)
    captains = desk.team.having("captain")
    captain = captains[int(week) % len(captains)].login
    deployment.creator = deployment.triggered_by = captain
    same, gate = _rate(rates, "same_person", week), _rate(rates, "gate_only", week)
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
            pull.ticket = first or tickets.approved_by(desk, pull, deployment, pull.approval.by)
    deployment.tickets = list({id(p.ticket): p.ticket for p in deployment.carries if p.ticket}.values())


def _let_approve(pull: PullRequest, captain: str, others: list[str], chance: Chance, *, is_same: bool) -> None:
    """Let the captain, or somebody else, be the one who reviewed."""
    free = [login for login in others if login != pull.author]
    reviewer = captain if is_same else chance.pick(free)
    for review in pull.reviews:
        if review.by != pull.author:
            review.by = reviewer
    pull.requests = [(at, by, reviewer) for at, by, _ in pull.requests]


def _release(story: Story, deployment: Deployment, chance: Chance, *, has_plan: bool) -> None:
    """Write the release that a deployment brought to production."""
    texts, service = story.organisation.wording["release"], story.service(deployment.service)
    lines = [f"- {pull.title}" for pull in deployment.carries]
    if has_plan:
        lines += ["", str(chance.pick(texts["plan"])), "- [x] on-call informed", "- [x] runbook checked"]
    if service.team == "mobile":
        rate = _rate(story.organisation.stories["mobile"], "risk_accepted", story.week(deployment.created_at))
        if chance.happens(rate):
            lines += ["", str(chance.pick(texts["risk_accepted"])).replace("{thing}", chance.pick(service.things))]
    created = deployment.created_at - chance.randrange(10 * MINUTE, 3 * HOUR)
    published = deployment.created_at - chance.randrange(MINUTE, 8 * MINUTE)
    story.releases.append(Release(service.name, deployment.version, deployment.sha, deployment.triggered_by, created,
                                  published, "\n".join(lines)))  # fmt: skip


def _train_ticket(story: Story, team: Team, deployment: Deployment, chance: Chance) -> None:
    """Write the train's own ticket: readiness, order of steps, and more and more often a risk that is accepted there."""
    manager, at, texts = deployment.triggered_by, deployment.created_at, story.organisation.wording["release"]
    ticket = Ticket("REL", "Release", f"Mobile train {deployment.version}", manager, at - 4 * DAY, "mobile-api", team.name)
    ticket.fields, ticket.assignee = {"service": "mobile-api"}, manager
    share = _rate(story.organisation.stories["mobile"], "risk_talk", story.week(at))
    for _ in range(2 + chance.count(1.2)):
        kind = "risk_talk" if chance.happens(share) else "talk"
        who = manager if chance.happens(0.7) else chance.pick(team.people).login
        ticket.comments.append((at - chance.randrange(HOUR, 3 * DAY), who, str(chance.pick(texts[kind]))))
    ticket.comments.sort()
    ticket.move(at - 30 * MINUTE, manager, "In progress")
    ticket.move(deployment.finished_at + HOUR, manager, "Done")
    ticket.resolved_at, ticket.resolution = deployment.finished_at + HOUR, "Done"
    story.tickets.append(ticket)


def _staging(line: Line, deployment: Deployment, chance: Chance) -> None:
    """Record the night in staging before a train's production."""
    at = deployment.created_at - 15 * HOUR - chance.randrange(0, HOUR)
    if deployment.created_at % DAY and any(pull.change_type == "emergency" for pull in deployment.carries):
        return
    trial = Deployment(deployment.service, "staging", deployment.sha, deployment.version, at, deployment.creator,
                       deployment.triggered_by, deployment.trigger, description=deployment.description)  # fmt: skip
    trial.statuses = [(at + 3, "IN_PROGRESS", ""), (at + 12 * MINUTE, "SUCCESS", "Staging is up")]
    trial.steps = [Step("deploy", at + 3, at + 10 * MINUTE), Step("smoke test", at + 10 * MINUTE, at + 12 * MINUTE)]
    line.done.append(trial)
