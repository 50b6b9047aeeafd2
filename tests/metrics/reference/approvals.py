"""Approvals: when approval was asked for, who decided what, and when what shipped was approved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any

from tests.metrics.reference.basics import People, Person, Row, alike, by, earliest, latest, same_revision

OPPOSED = ("changes_requested", "rejected", "withdrawn")
STATES = {
    "merged": "merged",
    "open": "open",
    "closed": "closed",
    "implemented": "closed",
    "done": "closed",
    "rejected": "rejected",
    "cancelled": "withdrawn",
}
OUTCOMES = {
    "Successful": "successful",
    "Successful with issues": "successful_with_issues",
    "Unsuccessful": "unsuccessful",
    "Backed out": "backed_out",
    "Cancelled": "cancelled",
}


@dataclass
class Decision:
    """One decision on a change, with how long it held."""

    key: str
    at: datetime | None
    person: Person
    verdict: str
    revision: str | None
    policy: str | None
    until: datetime | None = None
    covers: bool = True
    in_force: bool = False
    decider: str | None = None
    is_contradicted: bool = False

    @property
    def held_from(self) -> datetime | None:
        """From when it held; nobody knows of what its giver declined at the same instant, or hides what it was."""
        return self.at if self.is_certain else None

    @property
    def is_certain(self) -> bool:
        """Whether it is an approval, and its giver did not decline at the same instant."""
        return self.verdict == "approved" and not self.is_contradicted


@dataclass
class Change:
    """A change with all that the definitions of approval say of it."""

    row: Row
    key: str
    state: str
    type: str | None
    requester: Person
    requested_at: datetime | None
    decisions: list[Decision] = field(default_factory=list)
    required: int = 1
    first_response_at: datetime | None = None
    effective_at: datetime | None = None
    effective: Decision | None = None
    basis: str | None = None

    @property
    def approvals(self) -> list[Decision]:
        """Its approvals of any kind."""
        return [decision for decision in self.decisions if decision.verdict == "approved"]

    @property
    def hidden(self) -> list[Decision]:
        """What was taken back and may have been an approval: no record says what it was."""
        return [decision for decision in self.decisions if decision.verdict == "dismissed"]

    @property
    def uncertain(self) -> list[Decision]:
        """What a policy or anybody but the requester may have approved, and no record tells whether in time."""
        return [
            item
            for item in [*self.approvals, *self.hidden]
            if item.in_force
            and item.held_from is None
            and (item.policy is not None if item.person.is_bot else not is_own(self, item))
        ]

    def is_independent(self, decision: Decision) -> bool:
        """Whether another human gave it; an unresolved requester is not shown to be the same person."""
        return decision.person.is_human and decision.person.name != self.requester.name


def state(row: Row) -> str:
    """The state that the record's word means, else whether it is closed or says how it ended."""
    is_over = row["closed_at"] is not None or row["outcome"] is not None
    return STATES.get(row["state"], "closed" if is_over else "open")


def outcome(row: Row) -> str | None:
    """How it ended; what is open again has not."""
    return None if row["state"] == "open" and row["merged_at"] is None else OUTCOMES.get(str(row["outcome"]))


def change_type(row: Row) -> str | None:
    """The record's own type, else a label, else review's default."""
    stated = str(row["change_type"] or "").lower()
    for name in ("emergency", "standard", "normal"):
        if name in stated:
            return name
    if row["labels"] == "hotfix":
        return "emergency"
    return "normal" if row["record_type"] == "pull_request" else None


def requested_at(row: Row, events: list[Row]) -> datetime | None:
    """The later of the first sign of each kind, else the opening of a pull request; a ticket's first waiting status."""
    firsts = [
        earliest(event["occurred_at"] for event in events if event["verb"] == verb)
        for verb in ("ready_for_review", "review_requested")
    ]
    stated: datetime | None = row["requested_at"]
    if row["record_type"] == "pull_request":
        if row["is_draft"] and not row["ready_at"] and firsts[0] is None:
            return None
        created: datetime | None = row["created_at"]
        return latest([row["ready_at"], stated, *firsts]) or created
    return stated or earliest(event["occurred_at"] for event in events if event["new_value"] == "Awaiting approval")


def last_asked(change: Change, events: list[Row]) -> datetime | None:
    """Return the last request before the approval: the request itself, or whatever asked again."""
    if change.requested_at is None:
        return None
    again = [
        event["occurred_at"]
        for event in events
        if event["subject_key"] == change.key
        and (event["verb"] in ("review_requested", "ready_for_review") or event["new_value"] == "Awaiting approval")
        and (change.effective_at is None or event["occurred_at"] <= change.effective_at)
    ]
    return latest([change.requested_at, *again])


def changes(
    records: dict[str, list[Row]],
    people: People,
    as_of: datetime,
    first_started: dict[str, datetime | None],
    required: int = 1,
) -> dict[str, Change]:
    """Return every change by its key; ``first_started`` says when the first production deployment of each began."""
    decisions, events = by(records["decision"], "change_key"), by(records["event"], "subject_key")
    commits = by(records["commit"], "change_key")
    found = {}
    for row in records["change"]:
        key = row["key"]
        change = Change(
            row=row, key=key, state=state(row), type=change_type(row), requester=people.who(row["requested_by"]),
            requested_at=requested_at(row, events.get(key, [])), required=required,
        )  # fmt: skip
        change.decisions = [decision(stated, people) for stated in told(decisions.get(key, []))]
        for item in change.decisions:
            item.decider, item.person = item.person.name, known_from(item.person, change.requester)
        if row["approved_at"] is not None and not is_repeated(change, row, people):
            # The fields of a refused record hold when and by whom it was refused.
            verdict = "rejected" if STATES.get(row["state"]) == "rejected" else "approved"
            by_whom = people.who(row["approved_by"])
            known = known_from(by_whom, change.requester)
            change.decisions.append(Decision(key, row["approved_at"], known, verdict, None, None, decider=by_whom.name))
        pushes = [event["occurred_at"] for event in events.get(key, []) if event["verb"] == "pushed"]
        pushes += [commit["committed_at"] for commit in commits.get(key, []) if not is_merge(commit, row)]
        # What is open, again too, was closed once at most.
        closed_at = row["closed_at"] if change.state != "open" else None
        went_at = row["merged_at"] or first_started.get(key) or closed_at or as_of
        judge(change, decisions.get(key, []), pushes, went_at, has_gone=went_at != as_of)
        found[key] = change
    return found


def is_merge(commit: Row, row: Row) -> bool:
    """Whether the commit is what the change became by being merged, and not its own last one."""
    became = row["merge_revision"]
    return became is not None and commit["revision"] == became and became != row["head_revision"]


def is_repeated(change: Change, row: Row, people: People) -> bool:
    """Whether the field only repeats an approval that is a record of its own."""
    approver = people.who(row["approved_by"]).name
    return approver is not None and any(
        (approval.at, approval.decider) == (row["approved_at"], approver) for approval in change.approvals
    )


def told(stated: list[Row]) -> list[Row]:
    """Leave out what nobody named said at no instant, where somebody or some instant says the same."""
    vague = [row for row in stated if row["decided_by"] is None and row["decided_at"] is None and row["policy"] is None]
    rest = {row["verdict"] for row in stated if row["decided_by"] is not None or row["decided_at"] is not None}
    return [row for row in stated if row not in vague or row["verdict"] not in rest]


def known_from(person: Person, requester: Person) -> Person:
    """Return who decided; nobody is known behind what may be the requester under another spelling."""
    return Person(None) if alike(person.name, requester.name) else person


def decision(row: Row, people: People) -> Decision:
    return Decision(
        row["key"], row["decided_at"], people.who(row["decided_by"]), row["verdict"], row["revision"], row["policy"]
    )


def judge(change: Change, stated: list[Row], pushes: list[datetime], went_at: datetime, *, has_gone: bool) -> None:
    """Work out which approvals held for what shipped when it went, and when the last required one was in force."""
    row = change.row
    dismissed = {item["key"]: item["dismissed_at"] for item in stated}
    for item in [*change.approvals, *change.hidden]:
        ends = [dismissed.get(item.key)]
        if item.verdict == "dismissed" and ends == [None] and not has_gone:
            ends = [item.at or went_at]
        if item.at is not None:
            opposing = [
                other.at
                for other in change.decisions
                if other.verdict in OPPOSED
                and other.decider is not None
                and other.decider == item.decider
                and other.at is not None
            ]
            ends += [at for at in opposing if at > item.at]
            item.is_contradicted = item.at in opposing
            if not (item.revision and row["head_revision"]):
                ends += [push for push in pushes if push > item.at]
        if item.revision and row["head_revision"]:
            item.covers = same_revision(item.revision, row["head_revision"])
        elif item.at is not None:
            item.covers = not any(item.at < push <= went_at for push in pushes)
        item.until = earliest(ends)
        held_to = max(went_at, item.at) if item.at is not None else went_at
        item.in_force = item.covers and not (item.until is not None and item.until <= held_to)
    change.first_response_at = earliest(
        item.at
        for item in change.decisions
        if change.is_independent(item) and item.verdict in ("approved", "changes_requested", "rejected", "dismissed")
    )
    settle(change)


def settle(change: Change) -> None:
    """Find the effective approval: a policy's, or the last required of different independent people."""
    if change.type == "standard" and change.row["template"]:
        change.basis = "standard"
    valid = [item for item in change.approvals if item.in_force]
    policies = [item for item in valid if item.person.is_bot and item.policy]
    firsts: dict[str, Decision] = {}
    for item in sorted(
        (item for item in valid if item.held_from is not None and change.is_independent(item)), key=order
    ):
        firsts.setdefault(str(item.person.name), item)
    enough = sorted(firsts.values(), key=order)
    candidates = [item for item in policies if item.held_from is not None]
    for count, item in enumerate(enough, start=1):
        if surely_different([str(one.person.name) for one in enough[:count]]) >= change.required:
            candidates.append(item)
            break
    if candidates:
        change.effective = min(candidates, key=order)
        change.effective_at = change.effective.at
        change.basis = change.basis or ("policy" if change.effective.person.is_bot else "human")


def surely_different(names: list[str]) -> int:
    """Return how many people they are at least: as many as there are of whom no two may be one."""
    for size in range(len(names), 1, -1):
        for chosen in combinations(names, size):
            if not any(alike(one, other) for one, other in combinations(chosen, 2)):
                return size
    return min(len(names), 1)


def order(item: Decision) -> tuple[datetime, str]:
    assert item.at is not None
    return item.at, item.key


def is_own(change: Change, item: Decision) -> bool:
    """Whether the requester gave it."""
    return item.person.name is not None and item.person.name == change.requester.name


def is_implemented(change: Change, shipped: Collection[str], as_of: datetime) -> bool:
    """Whether it went: merged, in production, or a change request that ended, or of which the work ended."""
    if change.row["merged_at"] or change.key in shipped:
        return True
    if change.row["record_type"] == "pull_request" or change.row["outcome"] == "Cancelled":
        return False
    ended = change.row["actual_end_at"]
    return change.state == "closed" or (change.state == "open" and ended is not None and ended <= as_of)


def row_of(change: Change) -> dict[str, Any]:
    """What the published row of the change must say."""
    return {
        "state": change.state,
        "change_type": change.type,
        "outcome": outcome(change.row),
        "requester": change.requester.name,
        "requested_at": change.requested_at,
        "first_response_at": change.first_response_at,
        "first_approval_at": earliest(item.at for item in change.approvals),
        "first_independent_approval_at": earliest(item.at for item in change.approvals if change.is_independent(item)),
        "effective_approval_at": change.effective_at,
        "effective_approver": None
        if change.effective is None or change.effective.person.is_bot
        else change.effective.person.name,
        "approval_basis": change.basis,
        "approvals": len(change.approvals),
        "declines": sum(item.verdict in ("changes_requested", "rejected") for item in change.decisions),
    }
