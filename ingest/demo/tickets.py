"""Change tickets of the demo: the board's of the ledger team, and those of payments.

Owns a ticket's life: written, submitted, discussed, approved (perhaps with conditions, late, by the requester), carried
out, closed, reviewed. Refuses to know how a tracker writes it down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.demo.calendar import DAY, HOUR, MINUTE, iso
from ingest.demo.chance import Chance, rate
from ingest.demo.model import Approval, Deployment, PullRequest, Story, Ticket
from ingest.demo.organisation import Service, Team

SUBMITTED, APPROVED, IMPLEMENTING, DONE = "Awaiting approval", "Approved", "Implementing", "Completed"
SLOT = HOUR
_STANDARD = 0.13
_SHARED = 0.92
# Between what one ticket asks for.
_AND = "; "


@dataclass
class Desk:
    """Where a team's change tickets are written; remembers which pull requests have one."""

    story: Story
    team: Team
    service: Service
    chance: Chance
    project: str
    known: set[str] = field(default_factory=set)

    def pick(self, *roles: str) -> str:
        """Return the login of somebody with one of these roles."""
        return self.chance.pick(self.team.having(*roles)).login


def board_tickets(desk: Desk, deployment: Deployment) -> None:
    """Write the board's tickets for what a ledger deployment carries."""
    for pull in deployment.carries:
        if pull.merge_sha in desk.known or pull.ticket:
            continue
        desk.known.add(pull.merge_sha)
        first = next((other.ticket for other in deployment.carries if other.ticket), None)
        if first and pull.change_type == "normal" and desk.chance.happens(_SHARED):
            join(first, pull)
            continue
        ticket = _draft(desk, pull, deployment)
        if pull.change_type == "emergency":
            _emergency(desk, ticket, deployment)
        elif desk.chance.happens(_STANDARD):
            _standard(desk, ticket)
        else:
            _by_the_board(desk, ticket, pull, deployment)
    deployment.tickets = list({id(p.ticket): p.ticket for p in deployment.carries if p.ticket}.values())


def approved_by(desk: Desk, pull: PullRequest, deployment: Deployment, approver: str) -> Ticket:
    """Write a payments ticket that one person approved before the merge."""
    ticket = _draft(desk, pull, deployment)
    at = max(ticket.created_at + HOUR, pull.ready_at - desk.chance.randrange(0, 6 * HOUR))
    ticket.move(at, pull.author, SUBMITTED)
    decided = min(desk.team.calendar.later(at, desk.chance.around(5 * HOUR)), max(pull.merged_at - 60, at + 60))
    _approve(desk, ticket, at, decided, [(approver, "approved")], "Change approval")
    if desk.chance.happens(0.3):
        _conditions(desk, ticket, decided, approver, deployment)
    return ticket


def join(ticket: Ticket, pull: PullRequest) -> None:
    """Let a ticket ask for one more pull request of its release, and say so: it is named by all that it asks for."""
    pull.ticket = ticket
    if pull.title not in ticket.title.split(_AND):
        ticket.title += _AND + pull.title
        ticket.description = f"{pull.title}. {ticket.description}"


def complete(desk: Desk, deployment: Deployment) -> None:
    """Record that a deployment's tickets were carried out."""
    start, end = deployment.created_at, deployment.finished_at
    share = (end - start) // max(1, len(deployment.tickets))
    for place, ticket in enumerate(deployment.tickets):
        if ticket.resolved_at:
            continue
        ticket.move(start, deployment.triggered_by, IMPLEMENTING)
        ticket.fields["actual"] = (start + place * share, start + (place + 1) * share)
        closed = desk.team.calendar.later(end, desk.chance.around(3 * HOUR))
        ticket.fields["outcome"] = "Successful with issues" if desk.chance.happens(0.06) else "Successful"
        ticket.move(closed, deployment.triggered_by, DONE)
        ticket.resolved_at, ticket.resolution = closed, "Done"


def backed_out(deployment: Deployment) -> None:
    """Record that what a deployment carried was taken back."""
    for ticket in deployment.tickets:
        ticket.fields["outcome"] = "Backed out"


def tickets_without_release(desk: Desk) -> None:
    """Write tickets that never came to a deployment: turned down, taken back, or approved and left lying."""
    shares = desk.story.organisation.stories["ledger"]
    own = [t for t in desk.story.tickets if t.project == desk.project and t.service == desk.service.name]
    for fate, end in (("rejected", _turn_down), ("withdrawn", _take_back), ("shelved", _leave_lying)):
        for model in desk.chance.sample(own, round(len(own) * float(shares[fate]))):
            ticket = _second_proposal(desk, model)
            end(desk, ticket)
            desk.story.tickets.append(ticket)


def _second_proposal(desk: Desk, model: Ticket) -> Ticket:
    """Return a submitted ticket much like one that was carried out, planned for a week later."""
    at = model.created_at + desk.chance.randrange(-2 * DAY, 2 * DAY)
    ticket = Ticket(
        desk.project, "Change", f"{model.title} (second proposal)", model.reporter, at, model.service, model.team
    )
    ticket.description = model.description
    kept = ("change_type", "impact", "rollback", "tests", "stakeholders", "service")
    ticket.fields = {name: model.fields[name] for name in kept}
    ticket.fields |= {"change_type": "Normal", "risk": "High"}
    planned = model.fields["planned"][0] + 7 * DAY
    ticket.fields["planned"] = (planned, planned + SLOT)
    ticket.move(at + desk.chance.randrange(HOUR, DAY), ticket.reporter, SUBMITTED)
    return ticket


def _turn_down(desk: Desk, ticket: Ticket) -> None:
    submitted = ticket.moves[-1][0]
    decided, chair = _next_board(desk, submitted) + desk.chance.randrange(0, HOUR), desk.team.having("chair")[0].login
    ticket.approvals.append(Approval("Change board", submitted, decided, "declined", [(chair, "declined")]))
    _discuss(desk, ticket, decided, 2)
    reason = str(desk.chance.pick(desk.story.organisation.wording["reviews"]["declined"]))
    ticket.comments.append((decided, chair, reason))
    ticket.move(decided, chair, "Declined")
    ticket.resolved_at, ticket.resolution = decided, "Declined"


def _take_back(desk: Desk, ticket: Ticket) -> None:
    at = desk.team.calendar.later(ticket.moves[-1][0], desk.chance.around(DAY))
    ticket.comments.append(
        (at - MINUTE, ticket.reporter, "Withdrawn: the board's questions showed that we need finance first.")
    )
    ticket.move(at, ticket.reporter, "Withdrawn")
    ticket.resolved_at, ticket.resolution = at, "Withdrawn"


def _leave_lying(desk: Desk, ticket: Ticket) -> None:
    submitted = ticket.moves[-1][0]
    decided, chair = _next_board(desk, submitted) + desk.chance.randrange(0, HOUR), desk.team.having("chair")[0].login
    _discuss(desk, ticket, decided, 2)
    _approve(desk, ticket, submitted, decided, [(chair, "approved"), (desk.pick("board"), "approved")], "Change board")


def _draft(desk: Desk, pull: PullRequest, deployment: Deployment) -> Ticket:
    chance = desk.chance
    created = pull.created_at - chance.around(30 * HOUR, 0.9) if pull.change_type == "normal" else pull.created_at - 300
    author = pull.author if pull.author in desk.story.organisation.people else desk.pick("engineer")
    ticket = Ticket(desk.project, "Change", pull.title, author, created, desk.service.name, desk.team.name)
    planned = deployment.created_at - deployment.created_at % (30 * MINUTE)
    ticket.fields = {
        "change_type": pull.change_type.capitalize(),
        "risk": pull.risk.capitalize(),
        "impact": chance.pick(("Minor / localised", "Moderate / limited", "Significant / large")),
        "rollback": "" if chance.happens(0.12) else "Deploy the previous version; data stays readable by both.",
        "tests": "" if chance.happens(0.15) else "Automated tests, and a run against last night's copy of production.",
        "stakeholders": chance.pick(("", "Finance", "Customer support", "Finance, Audit", "Payments, Ledger")),
        "service": desk.service.name,
        "planned": (planned, planned + SLOT),
    }
    ticket.description = f"{pull.title}. Goes with {deployment.service} {deployment.version}."
    ticket.assignee = author
    pull.ticket = ticket
    desk.story.tickets.append(ticket)
    return ticket


def _standard(desk: Desk, ticket: Ticket) -> None:
    ticket.fields["change_type"] = "Standard"
    ticket.fields["risk"] = "Low"
    ticket.fields["template"] = "Routine ledger release"
    ticket.fields["template_version"] = "3" if desk.story.week(ticket.created_at) < 44 else "4"
    ticket.move(ticket.created_at + 10 * MINUTE, ticket.reporter, APPROVED)


def _emergency(desk: Desk, ticket: Ticket, deployment: Deployment) -> None:
    chance, chair = desk.chance, desk.team.having("chair")[0].login
    is_late = chance.happens(float(desk.story.organisation.stories["ledger"]["retroactive_emergency"]))
    if chance.happens(float(desk.story.organisation.stories["ledger"]["planned_emergency"])):
        # Called an emergency although there was time: written days ahead.
        ticket.created_at -= chance.randrange(55 * HOUR, 100 * HOUR)
    asked = ticket.created_at + 5 * MINUTE
    late = deployment.created_at + chance.randrange(2 * HOUR, 60 * HOUR)
    decided = late if is_late else max(asked + MINUTE, deployment.created_at - chance.randrange(2, 12) * MINUTE)
    ticket.move(asked, ticket.reporter, SUBMITTED)
    _approve(desk, ticket, asked, decided, [(chair, "approved")], "Emergency approval")
    if chance.happens(0.75):
        ticket.fields["reviewed"] = decided + chance.randrange(DAY, 9 * DAY)
        ticket.fields["reviewer"] = desk.pick("board")


def _by_the_board(desk: Desk, ticket: Ticket, pull: PullRequest, deployment: Deployment) -> None:
    chance, story = desk.chance, desk.story.organisation.stories["ledger"]
    submitted = min(ticket.created_at + chance.around(5 * HOUR), pull.merged_at - HOUR)
    ticket.created_at = min(ticket.created_at, submitted - 10 * MINUTE)
    ticket.move(submitted, ticket.reporter, SUBMITTED)
    decided = _last_board(desk, deployment.created_at) + chance.randrange(2, 60) * MINUTE
    if decided <= submitted:
        decided = submitted + chance.around(3 * HOUR)
    chair, second = desk.team.having("chair")[0].login, desk.pick("board")
    answers = [(chair, "approved"), (second, "approved")]
    if chance.happens(float(story["self_approved"])):
        answers = [(ticket.reporter, "approved")]
    _discuss(desk, ticket, decided, 1 + chance.count(1.6))
    if chance.happens(0.07):
        _reschedule(desk, ticket, decided, chair)
    if chance.happens(0.06) and ticket.fields["risk"] == "Low":
        ticket.edit(decided - 5 * MINUTE, second, "Change risk", "Low", "Medium")
        ticket.fields["risk"] = "Medium"
    _approve(desk, ticket, submitted, decided, answers, "Change board")
    if chance.happens(float(story["conditions"])):
        _conditions(desk, ticket, decided, chair, deployment)


def _approve(
    desk: Desk, ticket: Ticket, asked: int, decided: int, answers: Sequence[tuple[str, str]], name: str
) -> None:
    ticket.approvals.append(Approval(name, asked, decided, "approved", list(answers)))
    ticket.move(decided + desk.chance.randrange(1, 20), answers[0][0], APPROVED)


def _reschedule(desk: Desk, ticket: Ticket, decided: int, by: str) -> None:
    start, end = ticket.fields["planned"]
    ticket.edit(decided - 10 * MINUTE, by, "Planned start", iso(start - 2 * HOUR), iso(start))
    other = desk.chance.pick([s for s in ("ledger", "settlement", "statements") if s != desk.service.name])
    words = f"Moved by two hours: the window overlaps with the one of {other}."
    ticket.comments.append((decided - 9 * MINUTE, by, words))
    ticket.fields["planned"] = (start, end)


def _discuss(desk: Desk, ticket: Ticket, decided: int, amount: int) -> None:
    """Let the board talk about a ticket, with the share of logistics that its week has."""
    story = desk.story.organisation.stories["ledger"]
    share = rate(story, "logistics", desk.story.week(decided))
    sentences = desk.story.organisation.wording["board"]
    for _ in range(amount):
        kind = "logistics" if desk.chance.happens(share) else "risk"
        at = max(ticket.created_at + MINUTE, decided - desk.chance.randrange(2 * MINUTE, 5 * HOUR))
        ticket.comments.append((at, desk.pick("chair", "board"), str(desk.chance.pick(sentences[kind]))))
    ticket.comments.sort()


def _conditions(desk: Desk, ticket: Ticket, decided: int, by: str, deployment: Deployment) -> None:
    """Attach conditions to an approval; most are met before the deployment, some late, some never."""
    chance = desk.chance
    texts = chance.sample(list(desk.story.organisation.wording["conditions"]["texts"]), 1 + chance.happens(0.35))
    listed = "\n".join(f"{place}. {text}" for place, text in enumerate(texts, start=1))
    ticket.fields["conditions"] = listed
    ticket.edit(decided, by, "Approval conditions", "", listed)
    ticket.comments.append((decided + 30, by, f"Approved with conditions:\n{listed}"))
    for place, text in enumerate(texts, start=1):
        fate = chance.among((("met", 0.72), ("late", 0.13), ("never", 0.15)))
        ticket.fields.setdefault("fates", []).append(fate)
        if fate == "never":
            continue
        before = max(decided + 5 * MINUTE, deployment.created_at - chance.randrange(10 * MINUTE, 8 * HOUR))
        at = before if fate == "met" else deployment.created_at + chance.randrange(2 * HOUR, 3 * DAY)
        ticket.comments.append((at, ticket.assignee, f"Condition {place} met: {text}."))
    ticket.comments.sort()


def _last_board(desk: Desk, before: int) -> int:
    """Return the start of the last board meeting (Wednesday ten o'clock) at least four hours before an instant."""
    day = desk.team.calendar.day_of(before - 4 * HOUR)
    day -= timedelta(days=(day.weekday() - 2) % 7)
    return desk.team.calendar.local(day, 10)


def _next_board(desk: Desk, after: int) -> int:
    return _last_board(desk, after + 7 * DAY + 4 * HOUR)
