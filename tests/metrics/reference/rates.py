"""Rates over change records: emergencies, reviews after them, completeness, closure, lead times, what never shipped."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.metrics.reference.approvals import Change, is_implemented, is_own, row_of
from tests.metrics.reference.basics import People, Person, Row, by, earliest, seconds
from tests.metrics.reference.deployments import Deployment, in_sequence, tickets
from tests.metrics.reference.latency import why_unapproved
from tests.metrics.reference.limits import Limits
from tests.metrics.reference.windows import Window

AHEAD = 48 * 3600
SLA = timedelta(days=5)
WEIGHTS = {"description": 3, "title": 1, "service": 2, "stakeholders": 2, "risk": 3, "back-out plan": 2}
ANSWERS = ("approved", "changes_requested", "rejected")
Metric = dict[str, dict[str, object]]


def judged(hit: bool, reason: str | None) -> dict[str, object]:
    """One contributing record: where it is left out, it is in no numerator."""
    return {"exclusion_reason": reason} if reason else {"exclusion_reason": None, "in_numerator": hit}


def timed(value: float | None, reason: str | None) -> dict[str, object]:
    return {"exclusion_reason": reason} if reason else {"exclusion_reason": None, "value": value}


def first_in_production(records: dict[str, list[Row]], found: dict[str, Deployment]) -> dict[str, Deployment]:
    """Return the first finished production deployment of each change, that of a ticket with what implements it."""
    ticket = tickets(records)
    first: dict[str, Deployment] = {}
    for item in found.values():
        if not item.is_finished_in_production:
            continue
        for key in item.carried | {ticket[key] for key in item.carried if key in ticket}:
            if key not in first or in_sequence(item) < in_sequence(first[key]):
                first[key] = item
    return first


def first_of_services(found: dict[str, Deployment]) -> dict[str, Deployment]:
    """Return the first production deployment seen of each service."""
    first: dict[str, Deployment] = {}
    for item in found.values():
        if item.is_finished_in_production and item.service is not None:
            known = first.get(item.service)
            if known is None or in_sequence(item) < in_sequence(known):
                first[item.service] = item
    return first


def emergencies(changes: dict[str, Change], first: dict[str, Deployment], as_of: datetime) -> Metric:
    """Emergency ÷ implemented; of an unknown type nothing can be said."""
    return {
        key: judged(
            change.type == "emergency",
            "not implemented"
            if not is_implemented(change, first, as_of)
            else None
            if change.type
            else "change type unknown",
        )
        for key, change in changes.items()
    }


def planned_emergencies(changes: dict[str, Change], windows: dict[str, Window]) -> Metric:
    """Scheduled more than 48 hours ahead: from the creation to the first planned start."""
    found = {}
    for key, change in changes.items():
        if change.type == "emergency":
            start = earliest(
                window.row["planned_start_at"]
                for window in windows.values()
                if window.change == key and not window.is_withdrawn and window.kind != "freeze"
            )
            created = change.row["created_at"]
            reason = "not scheduled" if start is None else "creation unknown" if created is None else None
            found[key] = judged(bool(start and created and seconds(created, start) > AHEAD), reason)
    return found


def reviews(
    records: dict[str, list[Row]],
    changes: dict[str, Change],
    first: dict[str, Deployment],
    windows: dict[str, Window],
    people: People,
    limits: Limits,
) -> Metric:
    """A review after the implementation, within the time, by somebody known who had no hand in it."""
    told = by([event for event in records["event"] if event["verb"] == "post_reviewed"], "subject_key")
    found = {}
    for key, change in changes.items():
        if change.type != "emergency":
            continue
        row = change.row
        deployed_at = first[key].finished_at if key in first else None
        # A record is often closed by the review itself: its closing says only when it was over at the latest.
        sure = deployed_at or row["actual_end_at"] or row["merged_at"]
        implemented = sure or (change.state != "open" and row["closed_at"]) or row["created_at"]
        hands = {change.requester, people.who(row["merged_by"])}
        hands |= {first[key].deployer} if key in first else set()
        hands |= {people.who(window.row["implementer"]) for window in windows.values() if window.change == key}
        said = [(event["occurred_at"], people.who(event["actor"])) for event in told.get(key, [])]
        if row["post_review_at"] is not None:
            said.append((row["post_review_at"], people.who(row["post_review_by"])))
        reason = "not implemented" if not is_implemented(change, first, limits.as_of) else None
        if reason is None and implemented is not None and implemented + SLA >= limits.as_of:
            reason = "still within the limit"
        found[key] = judged(any(is_done(at, by_whom, implemented, sure, hands) for at, by_whom in said), reason)
    return found


def is_done(
    at: datetime, by_whom: Person, implemented: datetime | None, sure: datetime | None, hands: set[Person]
) -> bool:
    """Whether a review counts."""
    if by_whom.name is None or by_whom.name in {person.name for person in hands} or implemented is None:
        return False
    return (sure is None or at >= sure) and at <= implemented + SLA


def completeness(changes: dict[str, Change]) -> dict[str, dict[str, object]]:
    """Weight of what is present over the weight of what applies, and whether the critical parts are all there."""
    found: dict[str, dict[str, object]] = {}
    for key, change in changes.items():
        row, stated = change.row, row_of(change)
        is_light = row["record_type"] == "pull_request" or change.type == "standard"
        applies = {
            name: weight for name, weight in WEIGHTS.items() if not is_light or name not in ("risk", "back-out plan")
        }
        present = {
            "description": bool(str(row["description"] or "").strip()),
            "title": row["title"] is not None,
            "service": row["service"] is not None,
            "stakeholders": row["stakeholders"] is not None or bool(stated["approvals"] or stated["declines"]),
            "risk": row["risk"] is not None or "risk:low" in str(row["labels"]).split("|"),
            "back-out plan": row["rollback_plan"] is not None,
        }
        missing = [name for name in applies if not present[name]]
        found[key] = {
            "completeness": sum(w for name, w in applies.items() if present[name]) / sum(applies.values()),
            "is_complete": not set(missing) & {"description", "service", "risk", "back-out plan"},
            "missing": ", ".join(missing) or None,
        }
    return found


def closures(changes: dict[str, Change], bad: set[str]) -> Metric:
    """Closed changes by their own closure code."""
    found = {}
    for key, change in changes.items():
        outcome = row_of(change)["outcome"]
        reason = None if outcome else "not collectable: no closure code"
        if change.state in ("open", "rejected", "withdrawn") or outcome == "cancelled":
            reason = "not implemented"
        found[key] = judged(outcome in bad, reason)
    return found


def lead_times(
    records: dict[str, list[Row]],
    changes: dict[str, Change],
    first: dict[str, Deployment],
    service_first: dict[str, Deployment],
    from_commit: bool,
) -> Metric:
    """From the merge or the first commit to production; what came before the first deployment is unknown."""
    commits = by(records["commit"], "change_key")
    found = {}
    for key, change in changes.items():
        merged = change.row["merged_at"]
        if merged is None:
            continue
        committed = earliest(
            [
                change.row["first_commit_at"],
                *(row["authored_at"] or row["committed_at"] for row in commits.get(key, [])),
            ]
        )
        start = committed if from_commit else merged
        reason = value = None
        if key not in first:
            reason = "not seen in production"
        elif start is None:
            reason = "not collectable: no commits known"
        else:
            item = first[key]
            earlier = service_first.get(str(item.service))
            assert item.finished_at is not None
            if earlier is None or earlier is item or merged < earlier.finished_at:  # type: ignore[operator]
                reason = "first deployment seen of the service: backlog, unknown"
            elif item.finished_at < start:
                reason = "deployed before its first commit" if from_commit else "deployed before the merge"
            else:
                value = seconds(start, item.finished_at)
        found[key] = timed(value, reason)
    return found


def never_shipped(
    changes: dict[str, Change], first: dict[str, Deployment], service_first: dict[str, Deployment], as_of: datetime
) -> Metric:
    """Approved and never shipped, by age."""
    found = {}
    for key, change in changes.items():
        if change.effective_at is None or key in first:
            continue
        earlier = service_first.get(str(change.row["service"]))
        merged, reason = change.row["merged_at"], None
        if change.state in ("rejected", "withdrawn"):
            reason = "rejected or withdrawn after approval"
        elif change.effective_at > as_of:
            reason = "approved after the build"
        elif earlier is None:
            reason = "not collectable: no production deployments of the service known"
        elif merged is not None and earlier.finished_at is not None and merged < earlier.finished_at:
            reason = "before the first deployment seen of the service: unknown"
        found[key] = timed(seconds(change.effective_at, as_of), reason)
    return found


def waits(changes: dict[str, Change], as_of: datetime) -> Metric:
    """Time to approval, censored at the build while pending, at the end where it ended without."""
    found = {}
    for key, change in changes.items():
        row = change.row
        end = as_of if change.state == "open" else row["merged_at"] or row["closed_at"]
        end = change.effective_at or end
        requested = change.requested_at
        found[key] = {
            "in_numerator": change.effective_at is not None,
            "value": seconds(requested, end) if requested and end else None,
        }
    return found


def why_no_wait(change: Change, value: object) -> str | None:
    """Name why a wait is not judged."""
    if change.type == "standard" or (change.effective is not None and change.basis == "policy"):
        return "approved in advance or by a named policy"
    if change.effective is None:
        why = why_unapproved(change, [item for item in change.approvals if item.in_force])
        if why.startswith("not collectable"):
            return why
    if change.requested_at is None:
        return "not collectable: no instant of the request"
    if value is None:
        return "not collectable: no instant of its end"
    return "ended before it was asked for" if isinstance(value, float) and value < 0 else None


def response(change: Change) -> dict[str, object]:
    """From the request to the first decision of another human."""
    answered, requested = change.first_response_at, change.requested_at
    if answered is None:
        others = [item for item in change.decisions if item.at is None and item.verdict in ANSWERS]
        is_answered = any(not item.person.is_bot and not is_own(change, item) for item in others)
        return timed(None, "not collectable: no instant of the response" if is_answered else "no response recorded")
    if requested is None:
        return timed(None, "not collectable: no instant of the request")
    return timed(seconds(requested, answered), "answered before it was asked for" if answered < requested else None)


def reconciled(
    records: dict[str, list[Row]], changes: dict[str, Change], found: dict[str, Deployment]
) -> list[tuple[object, bool, bool, bool]]:
    """Tickets, merged changes and production deployments, each record in exactly one bucket.

    A change is deployed with its ticket where a deployment names the ticket itself.
    """
    ticket = tickets(records)
    done = [item for item in found.values() if item.is_production and item.outcome == "succeeded"]
    named = {key for item in done for key in item.carried}
    shipped = named | {ticket[key] for key in named if key in ticket}
    merged = {key for key, change in changes.items() if change.state == "merged"}
    implemented = {ticket[key] for key in merged if key in ticket}
    alone = {
        key
        for key, change in changes.items()
        if change.row["record_type"] == "change"
        and key not in implemented | merged
        and (change.state == "closed" or key in shipped)
    }
    buckets: list[tuple[object, bool, bool, bool]] = [
        (changes[key].row["service"], key in ticket, True, key in named or ticket.get(key) in named) for key in merged
    ]
    buckets += [(changes[key].row["service"], True, False, key in shipped) for key in alone]
    for item in done:
        brought = item.carried | {ticket[key] for key in item.carried if key in ticket}
        if not brought & (merged | alone) and not item.carried & implemented:
            buckets.append((item.service, False, False, True))
    return buckets
