"""Approval latency, and what a change has instead that has none."""

from __future__ import annotations

from datetime import datetime

from tests.metrics.reference.approvals import Change, Decision
from tests.metrics.reference.basics import seconds


def latency(change: Change, is_collectable: bool) -> tuple[float | None, str | None]:
    """Return value and, where it is not judged, why."""
    value = None
    if change.type != "standard" and change.effective_at is not None and change.requested_at is not None:
        value = seconds(change.requested_at, change.effective_at)
    return value, reason(change, value, is_collectable)


def reason(change: Change, value: float | None, is_collectable: bool) -> str | None:
    """Name why a change has no latency that can be judged."""
    valid = [item for item in change.approvals if item.in_force]
    if change.type == "standard":
        return "standard change, approved in advance"
    if not is_collectable:
        return "not collectable: the source keeps no approvals"
    if change.effective is not None and change.basis == "policy":
        return "approved by a named policy"
    if change.effective is not None and value is not None:
        return "approved before it was asked for" if value < 0 else None
    if change.effective is not None:
        return "not collectable: no instant of the request"
    return why_unapproved(change, valid)


def why_unapproved(change: Change, valid: list[Decision]) -> str:
    """Name what a change without an effective approval has instead."""
    known = {item.person.name for item in valid if change.is_independent(item) and item.held_from is not None}
    if is_untimed(change):
        return "not collectable: no record states whether an approval held in time"
    is_possible = possible_at(change, valid) is not None
    fallen = [item for item in change.approvals if change.is_independent(item) and item.held_from]
    if not is_possible and not known and fallen:
        is_withdrawn = any(item.covers for item in fallen)
        return "the approval was taken back" if is_withdrawn else "approved for another revision only"
    if known and not is_possible:
        is_pending = change.state == "open" and change.requested_at is not None
        return "still pending" if is_pending else "fewer approvals than required"
    if is_possible:
        return "not collectable: approved by somebody who is not known"
    if any(item.person.name and item.person.name == change.requester.name and item.at for item in change.approvals):
        return "approved by the requester only"
    if change.state == "open" and change.row["is_draft"]:
        return "a draft, which waits for nobody"
    if change.state == "open" and change.requested_at is not None:
        return "still pending"
    return "ended without approval" if change.state in ("rejected", "withdrawn", "closed") else "no approval recorded"


def possible_at(change: Change, valid: list[Decision]) -> datetime | None:
    """When enough may have approved, should everybody whom nobody knows, or who is written alike, be another."""
    if change.effective is not None:
        return None
    firsts: dict[str, datetime] = {}
    unknown = []
    for item in valid:
        at = item.held_from
        if at is not None and change.is_independent(item):
            firsts[str(item.person.name)] = min(at, firsts.get(str(item.person.name), at))
        elif at is not None and item.person.name is None:
            unknown.append(at)
    instants = sorted([*firsts.values(), *unknown])
    return instants[change.required - 1] if len(instants) >= change.required else None


def why_not_pending(change: Change, as_of: datetime) -> str | None:
    """Name why it cannot be said that an open, unapproved change waits."""
    if change.requested_at is not None and change.requested_at > as_of:
        return "asked for after the build"
    if change.row["is_draft"]:
        return "a draft, which waits for nobody"
    why = why_unapproved(change, [item for item in change.approvals if item.in_force])
    return why if why.startswith("not collectable") else None


def is_untimed(change: Change) -> bool:
    """Whether too few who state an instant approved what shipped, but with those who state none it may be enough."""
    if change.effective is not None:
        return False
    if any(item.person.is_bot for item in change.uncertain):
        return True
    valid = [item for item in change.approvals if item.in_force]
    people = {item.person.name for item in valid if item.held_from is not None and change.is_independent(item)}
    unknown = sum(item.person.name is None and item.held_from is not None for item in valid)
    others = {item.person.name or item.key for item in change.uncertain} - people
    return bool(others) and len(people) + unknown + len(others) >= change.required
