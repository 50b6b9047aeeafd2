"""Deployments: how each attempt ended, which artifact it brought, and which changes it carried."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tests.metrics.reference.basics import People, Person, Row, by, earliest, same_revision

PRODUCTION = {"production", "prod", "prd", "live"}
OUTCOMES = {
    "success": "succeeded",
    "inactive": "succeeded",
    "failed": "failed",
    "failure": "failed",
    "cancelled": "cancelled",
    "queued": "in_progress",
    "in_progress": "in_progress",
    "waiting": "in_progress",
}
GATES = {"waiting"}
NOT_BEGUN = GATES | {"queued"}


@dataclass
class Deployment:
    """One attempt, with what its statuses say."""

    row: Row
    key: str
    service: str | None
    environment: str | None
    outcome: str
    started_at: datetime | None
    finished_at: datetime | None
    artifact: str | None
    deployer: Person
    deployer_unknown: bool
    kind: str | None = None
    previous: Deployment | None = None
    carried: set[str] = field(default_factory=set)
    was_never_authorised: bool = False

    @property
    def is_production(self) -> bool | None:
        """Whether its environment is production; null while none is known."""
        return None if self.environment is None else self.environment in PRODUCTION

    @property
    def is_rerelease(self) -> bool:
        """Whether the artifact ran there before, and not only without any authorisation."""
        return self.came_again and not self.was_never_authorised

    @property
    def came_again(self) -> bool:
        """Whether the artifact ran there before."""
        return self.kind in ("redeploy", "return")

    @property
    def is_finished_in_production(self) -> bool:
        """Whether it is judged by the failure rate."""
        return bool(self.is_production) and self.outcome == "succeeded" and self.finished_at is not None


def deployments(records: dict[str, list[Row]], people: People) -> dict[str, Deployment]:
    """Return every deployment by its key, in its sequence and with the changes it carried."""
    statuses = by(records["deployment_status"], "deployment_key")
    found = {row["key"]: attempt(row, statuses.get(row["key"], []), people) for row in records["deployment"]}
    for sequence in sequences(found.values()):
        number(sequence)
    carry(records, found)
    return found


def attempt(row: Row, statuses: list[Row], people: People) -> Deployment:
    """A finish is the first success, never the time a later deployment took its place."""
    ordered = sorted(statuses, key=lambda status: (status["occurred_at"], status["key"]))
    meant = [(OUTCOMES[status["status"]], status) for status in ordered]
    outcome = OUTCOMES.get(str(row["status"]), "unknown")
    finished = row["finished_at"]
    started = row["started_at"] or earliest(
        status["occurred_at"] for status in ordered if status["status"] == "in_progress"
    )
    if any(word == "succeeded" for word, _ in meant):
        outcome = "succeeded"
        finished = earliest(status["occurred_at"] for word, status in meant if word == "succeeded")
    elif not meant and row["status"] is None and finished is not None:
        outcome = "succeeded"
    elif meant:
        outcome = meant[-1][0]
        if outcome != "in_progress":
            finished = finished or ordered[-1]["occurred_at"]
    # What waits has not begun, and what had to be let go began at an instant of its own, not with its creation.
    last = ordered[-1]["status"] if ordered else row["status"]
    is_held = last in NOT_BEGUN or any(status["status"] in GATES for status in ordered)
    deployer = people.who(row["deployed_by"])
    is_automation = deployer.is_bot or row["deployed_by_type"] == "bot"
    if is_automation:
        triggered = people.who(row["triggered_by"])
        if triggered.is_human:
            deployer = triggered
    return Deployment(
        row=row, key=row["key"], service=row["service"],
        environment=row["environment"].lower() if row["environment"] else None, outcome=outcome,
        started_at=started or (None if is_held else row["created_at"]),
        finished_at=None if outcome == "in_progress" else finished,
        artifact=row["artifact_digest"] or row["revision"] or row["version"], deployer=deployer,
        deployer_unknown=deployer.name is None,
    )  # fmt: skip


def sequences(found: object) -> list[list[Deployment]]:
    """Return the successful deployments of each service and environment in order of their finish."""
    groups: dict[tuple[str | None, str | None], list[Deployment]] = defaultdict(list)
    for item in found:  # type: ignore[attr-defined]
        if item.outcome == "succeeded" and item.finished_at is not None and item.service and item.environment:
            groups[item.service, item.environment].append(item)
    return [sorted(group, key=in_sequence)
            for group in groups.values()]  # fmt: skip


def in_sequence(item: Deployment) -> tuple[datetime, datetime, str]:
    """Of those that finish at one instant the one that began last came last."""
    assert item.finished_at is not None
    return item.finished_at, item.started_at or item.finished_at, item.key


def number(sequence: list[Deployment]) -> None:
    """Tell first, new, redeploy and return by the artifacts that ran there before."""
    ran: list[str] = []
    for place, item in enumerate(sequence):
        item.previous = sequence[place - 1] if place else None
        if item.artifact is None:
            continue
        if item.previous is None:
            item.kind = "first"
        elif item.previous.artifact == item.artifact:
            item.kind = "redeploy"
        else:
            item.kind = "return" if item.artifact in ran else "new"
        ran.append(item.artifact)


def carry(records: dict[str, list[Row]], found: dict[str, Deployment]) -> None:
    """Join deployments and changes by what the records state and by equal revisions."""
    links = records["link"]
    for item in found.values():
        if item.row["change_key"]:
            item.carried.add(item.row["change_key"])
        item.carried |= {
            link["to_key"] for link in links if link["relation"] == "carries" and link["from_key"] == item.key
        }
        item.carried |= {
            change["key"]
            for change in records["change"]
            if same_revision(item.row["revision"], change["merge_revision"])
        }
        item.carried |= of_branch(item, records)


def of_branch(item: Deployment, records: dict[str, list[Row]]) -> set[str]:
    """Return the change whose own commit was deployed, as of a branch: its last one, or one that only it has."""
    revision, started = item.row["revision"], item.started_at
    became = {change["merge_revision"] for change in records["change"]}
    if revision is None or started is None or revision in became:
        return set()
    known = [change for change in records["change"] if change["created_at"] and change["created_at"] <= started]
    ending = {change["key"] for change in known if change["head_revision"] == revision}
    holding = {commit["change_key"] for commit in records["commit"] if commit["revision"] == revision}
    found = ending or {change["key"] for change in known if change["key"] in holding}
    return found if len(found) == 1 else set()


def first_starts(records: dict[str, list[Row]], found: dict[str, Deployment]) -> dict[str, datetime | None]:
    """Return when the first production deployment of each change began, that of a ticket with what implements it."""
    ticket = tickets(records)
    starts: dict[str, datetime | None] = {}
    for item in found.values():
        for key in item.carried | {ticket[key] for key in item.carried if key in ticket}:
            if item.is_production:
                starts[key] = earliest((starts.get(key), item.started_at))
    return starts


def in_production(records: dict[str, list[Row]], deployments: dict[str, Deployment]) -> set[str]:
    """Return every change that a finished production deployment carried, tickets with what implements them."""
    ticket = tickets(records)
    shipped = {key for item in deployments.values() if item.is_finished_in_production for key in item.carried}
    return shipped | {ticket[key] for key in shipped if key in ticket}


def tickets(records: dict[str, list[Row]]) -> dict[str, str]:
    """Return pull request → the change request it implements."""
    return {link["from_key"]: link["to_key"] for link in records["link"] if link["relation"] == "implements"}
