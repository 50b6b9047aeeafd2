"""Which deployment caused an incident, and which finished deployment needed immediate intervention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.metrics.reference.basics import Row, earliest, latest, same_revision
from tests.metrics.reference.deployments import Deployment, in_sequence, sequences, tickets

WINDOW = timedelta(hours=24)


@dataclass
class Failure:
    """One reason why a deployment needed intervention; ``exclusion`` says why it is none."""

    deployment: str
    reason: str
    evidence: str
    failed_at: datetime | None
    restored_at: datetime | None
    exclusion: str | None = None


def opened_at(row: Row) -> datetime | None:
    opened: datetime | None = row["started_at"] or row["detected_at"] or row["created_at"]
    return opened


def link(row: Row, deployments: dict[str, Deployment]) -> tuple[str | None, str | None]:
    """Return deployment and basis: the one referred to, else of the same commit or version, else the latest before."""
    opened = opened_at(row)

    def possible(start: datetime | None) -> bool:
        """An incident that began before the deployment did is not caused by it."""
        return opened is None or start is None or start <= opened

    referred = deployments.get(row["deployment_key"])
    if referred is not None and possible(referred.started_at):
        return referred.key, "reference"
    ran = [
        item
        for item in deployments.values()
        if item.is_finished_in_production and possible(item.started_at or item.finished_at)
    ]
    named = [
        item
        for item in ran
        if same_revision(row["revision"], item.row["revision"])
        or (row["version"] and row["version"] == item.row["version"] and row["service"] == item.service is not None)
    ]
    if named:
        return max(named, key=in_sequence).key, "revision"
    before = [
        item
        for item in ran
        if row["service"] is not None
        and item.service == row["service"]
        and opened is not None
        and item.finished_at is not None
        and item.finished_at <= opened <= item.finished_at + WINDOW
        and not is_elsewhere(row, deployments)
    ]
    return (max(before, key=in_sequence).key, "preceding") if before else (None, None)


def is_elsewhere(row: Row, deployments: dict[str, Deployment]) -> bool:
    """Whether it happened in an environment that is known and is not production."""
    others = {name(item.row["environment"]) for item in deployments.values() if item.is_production is False}
    return name(row["environment"]) in others | {"staging", "uat"}


def name(environment: str | None) -> str:
    return (environment or "").strip().lower()


PLANNED = re.compile(r"(^|[|])(planned|temporary)([-_ ]|[|]|$)")
REVERTED = timedelta(hours=72)


@dataclass
class Reversal:
    """A change that takes another one back: how that is known, and whether it is a failure."""

    change: str
    taken: str
    basis: str
    kind: str


def reversals(records: dict[str, list[Row]]) -> dict[str, Reversal]:
    """Return every change that takes another back: by a field or link, by an event of the other, else by its title."""
    rows = {row["key"]: row for row in records["change"]}
    taken: dict[str, tuple[str, str]] = {}
    for key, row in rows.items():
        stated = {row["reverts_key"]} | {
            link["to_key"] for link in records["link"] if (link["relation"], link["from_key"]) == ("reverts", key)
        }
        told = {
            event["subject_key"]
            for event in records["event"]
            if (event["verb"], event["new_value"]) == ("reverted", key)
        }
        for basis, found in (("stated", stated), ("event", told), ("title", titled(row, records["change"]))):
            others = sorted(other for other in found if other in rows and other != key)
            if others:
                taken[key] = others[0], basis
                break
    found_all = {}
    for key, (other, basis) in taken.items():
        if step(key, taken, rows) % 2 == 0:
            kind = "put_back"
        else:
            labels = f"{rows[key]['labels'] or ''}|{rows[other]['labels'] or ''}".lower()
            kind = "planned" if PLANNED.search(labels) else "reversal"
        found_all[key] = Reversal(key, other, basis, kind)
    return found_all


def titled(row: Row, changes: list[Row]) -> set[str]:
    """Return the latest change before this one whose title it says to revert."""
    match = re.fullmatch(r'Revert "(.+)"', row["title"] or "")
    if match is None or row["created_at"] is None:
        return set()
    before = [
        other for other in changes
        if other["title"] == match[1] and other["created_at"] and other["created_at"] < row["created_at"]
    ]  # fmt: skip
    return {max(before, key=lambda other: (other["created_at"], other["key"]))["key"]} if before else set()


def step(key: str, taken: dict[str, tuple[str, str]], rows: dict[str, Row]) -> int:
    """Taking back is the first step, putting back the second, taking back again the third."""
    seen: list[str] = []
    while key in taken:
        if key in seen:
            # Of those that say they take each other back nobody knows which came first: neither puts anything back.
            return 1
        seen.append(key)
        key = taken[key][0]
    return len(seen) + (1 if re.match(r"revert(ing)? ", (rows[key]["title"] or "").lower()) else 0)


def links(
    records: dict[str, list[Row]], deployments: dict[str, Deployment]
) -> dict[str, tuple[str | None, str | None]]:
    """Return deployment and basis of every incident."""
    return {row["key"]: link(row, deployments) for row in records["incident"]}


def rollbacks(deployments: dict[str, Deployment]) -> list[tuple[str, str, str, bool]]:
    """Return every taking back: of which deployment, rollback or return, by which one, whether that puts back."""
    found = []
    for item in deployments.values():
        target = deployments.get(item.row["rollback_of_key"])
        if target is None or not item.is_production:
            continue
        if item.started_at is None or target.started_at is None or item.started_at >= target.started_at:
            found.append((target.key, "rollback", item.key, bool(target.row["rollback_of_key"])))
    for sequence in sequences(deployments.values()):
        returns = [item for item in sequence if item.kind is not None and item.kind != "redeploy"]
        length = 0
        for place_, item in enumerate(returns):
            alternates = (
                length > 0 and item.kind == "return" and place_ >= 2 and item.artifact == returns[place_ - 2].artifact
            )
            length = 0 if item.kind != "return" else length + 1 if alternates else 1
            before = item.previous
            if length == 0 or not item.is_production or item.row["rollback_of_key"]:
                continue
            if before is None or before.artifact is None:
                continue
            assert before.finished_at is not None
            if item.started_at and timedelta(0) <= item.started_at - before.finished_at <= WINDOW:
                found.append((before.key, "return", item.key, length % 2 == 0))
    return found


def reverted(
    records: dict[str, list[Row]], back: dict[str, Reversal], first: dict[str, Deployment]
) -> Iterator[Failure]:
    """Yield what was taken back by a merged change within 72 hours of reaching production."""
    rows = {row["key"]: row for row in records["change"]}
    for one in back.values():
        row, deployment = rows[one.change], first.get(one.taken)
        known_at = row["created_at"] or row["merged_at"]
        if row["merged_at"] is None or deployment is None or deployment.finished_at is None:
            continue
        if timedelta(0) <= known_at - deployment.finished_at <= REVERTED:
            words = {"planned": "planned reversal", "put_back": "put back"}
            brought = first.get(one.change)
            restored_at = brought.finished_at if brought else None
            if restored_at is not None and restored_at < known_at:
                restored_at = None
            yield Failure(deployment.key, "revert", one.change, known_at, restored_at, words.get(one.kind))


def failures(
    records: dict[str, list[Row]], deployments: dict[str, Deployment], first: dict[str, Deployment]
) -> list[Failure]:
    """Return every reason of every finished production deployment, those that an exclusion rules out included."""
    found = []
    for row in records["incident"]:
        key, _ = link(row, deployments)
        if key is not None:
            found.append(
                Failure(key, "incident", row["key"], opened_at(row), row["resolved_at"],
                        "planned reversal" if row["is_planned"] else None)
            )  # fmt: skip
    back, ticket = reversals(records), tickets(records)
    for taken, reason, key, is_put_back in rollbacks(deployments):
        item = deployments[key]
        carried = item.carried | {ticket[one] for one in item.carried if one in ticket}
        kinds = {back[one].kind for one in carried if one in back}
        exclusion = "put back" if is_put_back else None
        if exclusion is None and kinds and "reversal" not in kinds:
            # Every revert that it brought is a planned one, or puts back.
            exclusion = "planned reversal" if "planned" in kinds else "put back"
        restored_at = item.finished_at if item.is_finished_in_production else None
        found.append(Failure(taken, reason, key, item.started_at, restored_at, exclusion))
    found += reverted(records, back, first)
    # A record that calls the reversal planned speaks for the deployment, whatever else took it back.
    planned = {item.deployment for item in found if item.exclusion == "planned reversal"}
    for item in found:
        if item.reason != "incident" and item.exclusion is None and item.deployment in planned:
            item.exclusion = "planned reversal"
    return found


def failed(deployment: Deployment, reasons: list[Failure]) -> bool:
    """Several reasons are one failure; a recovery that fails is no second failure of what it takes back."""
    evidence = [item.exclusion for item in reasons if item.evidence == deployment.key and item.reason != "incident"]
    is_recovery = None in evidence or (bool(deployment.row["rollback_of_key"]) and not evidence)
    return not is_recovery and any(item.exclusion is None for item in reasons if item.deployment == deployment.key)


def recovery(deployment: Deployment, reasons: list[Failure]) -> tuple[datetime | None, datetime | None]:
    """Return when a failure began and when service was restored; unknown while one of its incidents is open.

    Without an incident, what had to be taken back failed from its finish. A revert restores only what nothing else did.
    """
    counted = [item for item in reasons if item.exclusion is None]
    incidents = [item for item in counted if item.reason == "incident"]
    began_at = earliest(item.failed_at for item in counted) if incidents else deployment.finished_at
    if any(item.restored_at is None for item in incidents):
        return began_at, None
    restored_at = latest(item.restored_at for item in counted if item.reason != "revert")
    return began_at, restored_at or latest(item.restored_at for item in counted)
