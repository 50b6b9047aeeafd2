"""The six teams of the demo, each with its way of deciding and delivering: what product stories are made of.

Owns which team does what, and from when on it does something else. Rates and dates come from ``stories.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ingest.demo import example, tickets
from ingest.demo.calendar import HOUR, MINUTE, instant
from ingest.demo.captains import by_the_captain
from ingest.demo.chance import Chance, rate
from ingest.demo.deployments import (
    GATE,
    Delivery,
    Line,
    continuous_slots,
    deliver,
    train_slots,
    working_slots,
)
from ingest.demo.failures import emergencies_in_freezes, went_wrong
from ingest.demo.model import Deployment, PullRequest, Story
from ingest.demo.organisation import Service, Team
from ingest.demo.pull_requests import pull_requests
from ingest.demo.releases import release, staging, train_ticket
from ingest.demo.reviews import Deciding, Habit, by_nobody, by_peer, by_policy, by_stamp

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
        by_the_captain(desk, deployment)

    def settled(deployment: Deployment) -> None:
        tickets.complete(desk, deployment)
        release(story, deployment, chance, has_plan=True)

    rates = story.organisation.stories["payments"]
    delivery = Delivery("workflow_dispatch", float(rates["failed"]), 16, _CAPTAIN, prepare, settled)
    line = Line(story, team, service, delivery, chance)
    working_slots(line, service.releases)
    if service.name == example.SERVICE:
        proposed = example.propose(line, pulls)
        desk.known.add(proposed.merge_sha)
        pulls.append(proposed)
    _run(line, pulls)
    if service.name == example.SERVICE:
        example.release(line)


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
    delivery = Delivery("workflow_dispatch", float(rates["failed"]), 24, steps, prepare, settled, most=2)
    line = Line(story, team, service, delivery, chance)
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
        if chance.happens(rate(rates, "undecided", story.week(pull.ready_at))):
            by_nobody(deciding, pull, manager)
        else:
            by_peer(deciding, pull, team.having("engineer", "lead"))
    delivery = Delivery("workflow_dispatch", float(rates["failed"]), 30, _CAPTAIN, _nothing, _nothing)
    line = Line(story, team, service, delivery, chance)

    def prepare(deployment: Deployment) -> None:
        deployment.creator = deployment.triggered_by = manager
        day = instant(deployment.created_at)
        deployment.version = f"{day:%G.%V}.{sum(d.version.startswith(f'{day:%G.%V}.') for d in line.good)}"
        deployment.description = f"Train {deployment.version}"

    def settled(deployment: Deployment) -> None:
        if trial := staging(deployment, chance):
            line.done.append(trial)
        release(story, deployment, chance, has_plan=True)
        if service.name == _LAST_OF_TRAIN:
            train_ticket(story, team, deployment, chance)

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
        if chance.happens(float(rates["direct_commit"])):
            # Somebody pushed a last fix straight to the branch, past every pull request.
            deployment.sha = chance.sha()

    def settled(deployment: Deployment) -> None:
        release(story, deployment, chance, has_plan=False)

    delivery = Delivery("workflow_dispatch", float(rates["failed"]), 12, _PLAIN, prepare, settled)
    line = Line(story, team, service, delivery, chance)
    working_slots(line, service.releases)
    _run(line, pulls)


def staff_tools(story: Story, team: Team, service: Service, chance: Chance) -> None:
    """Four people, one service, low risk: a colleague looks, the merge deploys."""
    deciding = Deciding(story, team, chance, Habit(first_answer=2 * HOUR, request_changes=0.08))
    pulls = _opened(story, team, service, chance)
    for pull in pulls:
        by_peer(deciding, pull, team.people)
    rates = story.organisation.stories["staff_tools"]
    delivery = Delivery("push", float(rates["failed"]), 5, _PLAIN, _nothing, _nothing)
    line = Line(story, team, service, delivery, chance)
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
