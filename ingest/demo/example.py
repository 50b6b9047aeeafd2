"""The guided example: one payments change walked through both tracks, the same for every seed.

Owns ticket ``PAY-500``, pull request ``payments#1200``, its release, deployment, verification and staged rollout under
the approval's four conditions. Everything is written as records, at fixed local times of a fixed week, and takes the
way of all other records. ``docs/scenarios/worked-example.md`` tells it.
"""

from __future__ import annotations

from datetime import timedelta

from ingest.demo.calendar import DAY, HOUR, MINUTE
from ingest.demo.chance import Chance
from ingest.demo.deployments import EXAMPLE, Line
from ingest.demo.model import (
    Approval,
    Commit,
    Deployment,
    FlagFlip,
    PullRequest,
    Review,
    Story,
    Ticket,
)

SERVICE = "payments"
TICKET_NUMBER, ISSUE_ID, PULL_REQUEST_NUMBER, DEPLOYMENT_NUMBER = 500, 20_500, 1200, 501_000
TICKET_KEY = f"PAY-{TICKET_NUMBER}"
FLAG = "payments.refunds-new-ledger"
WEEK_OF_EXAMPLE = 50

_TITLE = "Move refund payouts to the new ledger interface"
_REQUESTER, _REVIEWER, _LEAD, _RISK = "icarvalho", "lwisniewski", "mkoehler", "hachebe"
_LEDGER, _SUPPORT, _CAPTAIN, _AFTERWARDS = "bvogel", "kboateng", "fwagner", "creuter"
CONDITIONS = (
    "Behind feature flag payments.refunds-new-ledger, off at deployment",
    "Roll out to 1 % for 48 h before going further",
    "Support team briefed before the rollout",
    "Reconciliation of refunds tested against last month",
)
# (share of traffic, day after the Monday of the example's week, hour): the staged rollout.
_ROLLOUT = (("1 %", 3, 15), ("10 %", 7, 10), ("50 %", 8, 10), ("100 %", 9, 10))
_WORDS = (
    "Refunds are posted through the new ledger interface instead of the nightly file. "
    "1,900 refunds a day, customers see them a day earlier."
)


def propose(line: Line, pulls: list[PullRequest]) -> PullRequest:
    """Add the example's pull request to its service, and keep everything else out of its deployment and rollout."""
    pull = _pull_request(line)
    pull.ticket = _ticket(line, pull)
    line.story.tickets.append(pull.ticket)
    line.story.pull_requests[SERVICE].append(pull)
    deploy = _at(line, 3, 14, 5)
    line.slots = [slot for slot in line.slots if not pull.merged_at - HOUR <= slot[0] <= _at(line, 9, 12)]
    line.slots.sort()
    line.slot(pull.merged_at - 2 * HOUR, kind=EXAMPLE)
    line.slot(deploy, pull.merged_at, EXAMPLE)
    for other in pulls:
        if pull.merged_at - 2 * HOUR - MINUTE <= other.merged_at <= deploy:
            other.merged_at = other.closed_at = other.merged_at + DAY + 3 * HOUR
    return pull


def release(line: Line) -> None:
    """Complete the example once its deployment is known: release notes, rollout, conditions, closing."""
    story = line.story
    pull = next(p for p in story.pull_requests[SERVICE] if p.ticket and p.ticket.title == _TITLE)
    deployment = next(d for d in line.done if pull in d.carries)
    ticket = pull.ticket
    if ticket is None:
        return
    deployment.description = f"Deploy payments {deployment.version} at 0 %, flag {FLAG} off"
    finished, state, _ = deployment.statuses[-1]
    deployment.statuses[-1] = (finished, state, "Live at 0 % of traffic, flag off")
    share = "0 %"
    for following, day, hour in _ROLLOUT:
        at = _at(line, day, hour)
        deployment.statuses.append((at, "SUCCESS", f"Rolled out to {following} of traffic"))
        words = f"Staged rollout of {TICKET_KEY}"
        story.flips.append(FlagFlip(FLAG, SERVICE, "production", _CAPTAIN, at, share, following, words, TICKET_KEY))
        share = following
    _notes(line, deployment)
    _carry_out(line, ticket, deployment)


def is_example(ticket: Ticket | None) -> bool:
    """Return whether a ticket is the example's."""
    return ticket is not None and ticket.title == _TITLE


def _at(line: Line, day: int, hour: int, minute: int = 0) -> int:
    """Return a local time of payments, counted from the Monday of the example's week."""
    first = line.story.organisation.first + timedelta(weeks=WEEK_OF_EXAMPLE, days=day)
    return line.team.calendar.local(first, hour, minute)


def _pull_request(line: Line) -> PullRequest:
    chance = Chance(line.story.seed, "worked example")
    opened = _at(line, 1, 15, 10)
    pull = PullRequest(SERVICE, _TITLE, _REQUESTER, opened, opened, "high", "normal", branch="refunds-new-ledger")
    pull.body = (
        f"## What\n{_WORDS}\n\n## Risk\nHigh: money moves. Behind `{FLAG}`, off at deployment.\n\n"
        "## Rollback\nTurn the flag off; the nightly file is still written for a month.\n\n"
        "## Test plan\nReconciliation of last month's refunds, contract tests with ledger."
    )
    pull.labels, pull.size = ["ledger-interface"], (412, 96)
    for day, hour, message in (
        (0, 16, "Post refunds through the new interface"),
        (1, 11, "Flag and fallback to the file"),
    ):
        at = _at(line, day, hour, 20)
        pull.commits.append(Commit(chance.sha(), at, _REQUESTER, message, opened))
    pull.commits.append(
        Commit(chance.sha(), _at(line, 2, 9, 24), _REQUESTER, "Idempotency key per refund", _at(line, 2, 9, 30))
    )
    first, last = pull.commits[1].sha, pull.commits[2].sha
    pull.requests = [(opened + 120, _REQUESTER, _REVIEWER), (_at(line, 2, 9, 35), _REQUESTER, _REVIEWER)]
    pull.reviews = [
        Review(
            _REVIEWER,
            _at(line, 1, 16, 40),
            "CHANGES_REQUESTED",
            "A retry posts a refund twice, please add an idempotency key.",
            first,
        ),
        Review(_REVIEWER, _at(line, 2, 11, 5), "APPROVED", "Key is per refund now, checked the retry test.", last),
    ]
    pull.merged_at = pull.closed_at = _at(line, 2, 16, 2)
    pull.merged_by = pull.closed_by = _REQUESTER
    pull.merge_sha = chance.sha()
    return pull


def _ticket(line: Line, pull: PullRequest) -> Ticket:
    """Write the request: what, why, risk, stakeholders, the questions asked, the approval and its conditions."""
    ticket = Ticket("PAY", "Change", _TITLE, _REQUESTER, _at(line, 0, 9, 40), SERVICE, "payments", description=_WORDS)
    ticket.assignee = _CAPTAIN
    planned = (_at(line, 3, 14), _at(line, 3, 15))
    ticket.fields = {
        "change_type": "Normal",
        "risk": "High",
        "impact": "Significant / large",
        "rollback": "Turn the flag off; the nightly file is still written for a month.",
        "tests": "Reconciliation of last month's refunds; contract tests with ledger.",
        "stakeholders": "Ledger, Customer support, Finance, Risk",
        "service": SERVICE,
        "planned": planned,
        "conditions": "\n".join(f"{place}. {text}" for place, text in enumerate(CONDITIONS, start=1)),
        "fates": ["met"] * len(CONDITIONS),
    }
    decided = _at(line, 2, 15, 30)
    ticket.edit(_at(line, 0, 11, 15), _RISK, "Change risk", "Medium", "High")
    ticket.comments = [
        (_at(line, 0, 11, 16), _RISK, "Risk raised to high: money moves, and a mistake shows only at reconciliation."),
        (_at(line, 0, 14), _LEDGER, "Ledger consulted: it takes refunds since January. Please test reconciliation."),
        (
            _at(line, 1, 10, 20),
            _SUPPORT,
            "Impact on customers: they will ask why refunds come earlier. Support needs a briefing.",
        ),
        (decided + 60, _LEAD, "Approved with conditions:\n" + str(ticket.fields["conditions"])),
    ]
    submitted = _at(line, 2, 13)
    ticket.move(submitted, _REQUESTER, "Awaiting approval")
    answers = [(_LEAD, "approved"), (_RISK, "approved")]
    ticket.approvals = [Approval("Change approval", submitted, decided, "approved", answers)]
    ticket.edit(decided, _LEAD, "Approval conditions", "", str(ticket.fields["conditions"]))
    ticket.move(decided + 5, _LEAD, "Approved")
    # Set now, so that the team's usual closing of tickets leaves it alone.
    ticket.resolved_at, ticket.resolution = _at(line, 9, 11), "Done"
    ticket.labels = ["worked-example"]
    return ticket


def _notes(line: Line, deployment: Deployment) -> None:
    """Write the release candidate's notes with plan and readiness checklist."""
    found = next(r for r in line.story.releases if r.service == SERVICE and r.version == deployment.version)
    found.created_at, found.published_at = _at(line, 2, 16, 45), _at(line, 3, 13, 50)
    found.notes = (
        f"- {TICKET_KEY}: {_TITLE}\n\n"
        "Plan: Thursday 14:00 deploy at 0 %, verify, 1 % from 15:00 for 48 h, then 10 %, 50 %, 100 %.\n"
        "- [x] on-call informed\n- [x] runbook and dashboard checked\n- [x] ledger team available\n"
        "- [x] rollback tried in staging\n- [x] artifact is the one that was tested"
    )


def _carry_out(line: Line, ticket: Ticket, deployment: Deployment) -> None:
    """Record on the ticket what release did and how the conditions were met."""
    said = "Condition {} met: {}"
    ticket.comments += [
        (
            _at(line, 3, 9),
            _CAPTAIN,
            "Scheduled for Thursday 14:00; no other deployment of payments until the rollout is done.",
        ),
        (_at(line, 3, 10, 30), _SUPPORT, said.format(3, "support team briefed, article is online.")),
        (_at(line, 3, 11, 20), _RISK, said.format(4, "reconciliation of last month's refunds tested, no difference.")),
        (_at(line, 3, 13, 20), _CAPTAIN, said.format(1, f"{FLAG} exists and is off in production.")),
        (
            _at(line, 3, 13, 40),
            _CAPTAIN,
            "Readiness checklist done, on-call and runbook too: go for the deployment.",
        ),
        (
            deployment.finished_at + 19 * MINUTE,
            _CAPTAIN,
            "Deployment verified in production at 0 %: smoke test passed, error rate unchanged.",
        ),
        (_at(line, 7, 9, 50), _CAPTAIN, said.format(2, "1 % for 90 h, no deviation.")),
        (_at(line, 9, 11), _CAPTAIN, "Rollout at 100 % since ten o'clock, deployment closed."),
    ]
    ticket.move(deployment.created_at, _CAPTAIN, "Implementing")
    ticket.move(_at(line, 3, 15), _CAPTAIN, "Rolling out")
    ticket.move(_at(line, 9, 11), _CAPTAIN, "Completed")
    ticket.fields |= {
        "actual": (deployment.created_at, deployment.finished_at),
        "outcome": "Successful",
        "reviewed": _at(line, 14, 10),
        "reviewer": _AFTERWARDS,
    }


def first_ticket(story: Story) -> tuple[int, int]:
    """Return the first number and the first issue id, such that the example gets its own among the sorted tickets."""
    place = next(n for n, t in enumerate(t for t in story.tickets if t.project == "PAY") if is_example(t))
    among_all = next(n for n, t in enumerate(story.tickets) if is_example(t))
    return TICKET_NUMBER - place, ISSUE_ID - among_all


def pull_request_shift(pulls: list[PullRequest]) -> int:
    """Return by how much a repository's numbers are shifted: payments' so that the example gets its own."""
    return next((PULL_REQUEST_NUMBER - pull.number for pull in pulls if is_example(pull.ticket)), 0)


def deployment_shift(deployments: list[Deployment]) -> int:
    """Return by how much a repository's deployment numbers are shifted, for the same reason."""
    return next((DEPLOYMENT_NUMBER - d.number for d in deployments if any(is_example(p.ticket) for p in d.carries)), 0)
