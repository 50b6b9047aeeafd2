"""How the time from the request to production divides: response, rework, approval, merge, deployment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from tests.metrics.reference.approvals import Change
from tests.metrics.reference.basics import Row, earliest, latest, seconds
from tests.metrics.reference.deployments import Deployment

ANSWERS = ("pushed", "review_requested", "ready_for_review")


def answered_at(change: Change, records: dict[str, list[Row]]) -> datetime | None:
    """Return the end of the author's last turn before approval: asked for changes until pushed or asked again."""
    if change.effective_at is None:
        return None
    answers: list[datetime] = [
        event["occurred_at"]
        for event in records["event"]
        if event["subject_key"] == change.key and event["verb"] in ANSWERS
    ]
    answers += [commit["committed_at"] for commit in records["commit"] if commit["change_key"] == change.key]
    turns = [item.at for item in change.decisions if item.verdict in ("changes_requested", "rejected") and item.at]
    ends = [earliest(answer for answer in answers if answer > turn) for turn in turns]
    return latest(end for end in ends if end is not None and end <= change.effective_at)


def in_order(start: datetime, instants: Iterable[datetime | None]) -> list[datetime]:
    """Return the instants, each not before the one before it; what is missing takes no time."""
    found = [start]
    for instant in instants:
        found.append(max(found[-1], instant or found[-1]))
    return found


def stages(change: Change, first: dict[str, Deployment], records: dict[str, list[Row]]) -> dict[str, object] | None:
    """Return the five stages and the whole; none where nothing followed the request."""
    start, response = change.requested_at, change.first_response_at
    merged: datetime | None = change.row["merged_at"]
    deployed = first[change.key].finished_at if change.key in first else None
    reached = [at for at in (response, change.effective_at, merged, deployed) if at is not None]
    if start is None or not reached:
        return None
    if response is not None and response < start:
        response = None
    response = response or change.effective_at or merged or deployed
    instants = in_order(start, (response, answered_at(change, records), change.effective_at, merged, deployed))
    parts = [seconds(one, other) for one, other in pairwise(instants)]
    names = ("first_response", "rework", "approval", "merge", "deploy")
    return {f"{name}_seconds": part for name, part in zip(names, parts, strict=True)} | {
        "whole_seconds": sum(parts),
        "ended_at": instants[-1],
        "is_reordered": any(
            one is not None and other is not None and one < other
            for one, other in (
                (merged, change.effective_at), (deployed, merged), (change.effective_at, start), (merged, start),
            )
        ),
    }  # fmt: skip
