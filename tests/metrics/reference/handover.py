"""Hand-over and separation of duties: was each carried change authorised at the start, by others than its makers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.metrics.reference.approvals import (
    OPPOSED,
    Change,
    Decision,
    is_implemented,
    surely_different,
)
from tests.metrics.reference.basics import People, Row, alike, seconds
from tests.metrics.reference.conditions import Condition
from tests.metrics.reference.deployments import Deployment, in_production, sequences, tickets
from tests.metrics.reference.latency import is_untimed, possible_at, why_unapproved
from tests.metrics.reference.limits import Limits
from tests.metrics.reference.windows import Window

SKEW = 120
EMERGENCY = 48 * 3600
WORST = ("never", "retroactive", "not_collectable", "retroactive_emergency_in_sla", "within_skew", "prior")


@dataclass
class Carried:
    """A change in a production deployment, judged by the record whose approval counts."""

    deployment: Deployment
    change: Change
    governing: Change
    lead: float | None
    cls: str
    reason: str | None
    gate: set[str] = field(default_factory=set)


def handover(
    records: dict[str, list[Row]],
    deployments: dict[str, Deployment],
    changes: dict[str, Change],
    windows: dict[str, Window],
    conditions: list[Condition],
    gates: dict[str, set[str]],
    expiry: timedelta | None,
) -> list[Carried]:
    """Judge every change of every production deployment that began and was not called off."""
    ticket = tickets(records)
    planned: dict[str, list[Window]] = {}
    for window in windows.values():
        if window.change is not None and window.kind != "freeze" and not window.is_withdrawn:
            planned.setdefault(window.change, []).append(window)
    found = []
    for item in deployments.values():
        if not item.is_production or item.outcome == "cancelled" or item.started_at is None:
            continue
        for key in sorted(item.carried | {ticket[key] for key in item.carried if key in ticket}):
            governing = changes[ticket.get(key, key)]
            lead = None if governing.effective_at is None else seconds(governing.effective_at, item.started_at)
            gate = gates.get(item.key, set())
            cls = class_of(governing, lead, item.started_at, gate)
            is_unmet = any(one.change is governing and one.is_unmet_at(item.started_at) for one in conditions)
            reason = why_not(governing, cls, item.started_at, planned.get(governing.key, []), is_unmet)
            if reason == "not approved" and gate:
                reason = "approved by the requester only"
            is_old = expiry is not None and lead is not None and lead > expiry.total_seconds()
            is_old = is_old and governing.basis != "standard" and cls == "prior"
            if is_old and not lets_through(governing, gate):
                reason = "approval expired"
            is_by_gate = governing.basis != "standard" and lets_through(governing, gate)
            is_by_gate = is_by_gate and (lead is None or lead < -SKEW or is_old)
            found.append(Carried(item, changes[key], governing, lead, cls, reason, gate if is_by_gate else set()))
    return found


def authorised_before(deployments: dict[str, Deployment], changes: dict[str, Change], carried: list[Carried]) -> None:
    """Mark what brings an artifact again that had run there only without any authorisation."""
    for sequence in sequences(deployments.values()):
        seen: dict[str | None, bool] = {}
        for item in sequence:
            item.was_never_authorised = item.came_again and seen.get(item.artifact, False)
            brought = [one for one in carried if one.deployment is item]
            is_unauthorised = bool(item.is_production) and (
                worst(brought) == "never" if brought else bool(item.started_at) and is_comparable(item, changes)
            )
            seen[item.artifact] = seen.get(item.artifact, True) and is_unauthorised


def is_comparable(item: Deployment, changes: dict[str, Change]) -> bool:
    """Whether change records of its service exist by then, so that it is known to carry none of them."""
    known = [
        change.row["merged_at"] or change.row["created_at"]
        for change in changes.values()
        if change.row["service"] == item.service is not None
    ]
    return any(at is not None and item.started_at is not None and at <= item.started_at for at in known)


def gated(records: dict[str, list[Row]], people: People) -> dict[str, set[str]]:
    """Return who let each deployment go in its pipeline: humans who are known and did not decline it later."""
    found: dict[str, set[str]] = {}
    gates = [(row, people.who(row["decided_by"])) for row in records["decision"] if row["deployment_key"] is not None]
    for row, person in gates:
        is_taken_back = any(
            other["deployment_key"] == row["deployment_key"]
            and other_person.name == person.name
            and other["verdict"] in OPPOSED
            and None not in (row["decided_at"], other["decided_at"])
            and other["decided_at"] >= row["decided_at"]
            for other, other_person in gates
        )
        if row["verdict"] == "approved" and person.is_human and not is_taken_back:
            found.setdefault(row["deployment_key"], set()).add(str(person.name))
    return found


def lets_through(change: Change, gate: set[str]) -> bool:
    """Whether somebody other than the requester, by whatever spelling, let the deployment go."""
    return any(name != change.requester.name and not alike(name, change.requester.name) for name in gate)


def class_of(change: Change, lead: float | None, started_at: datetime, gate: set[str]) -> str:
    """Tell when it was approved: before, within the clocks' skew, afterwards, or never."""
    is_late = lead is None or lead < -SKEW
    if change.basis == "standard" or (is_late and lets_through(change, gate)):
        return "prior"
    if is_late and any(alike(name, change.requester.name) for name in gate):
        # The requester under another spelling, or somebody else.
        return "not_collectable"
    if lead is None:
        at = possible_at(change, [item for item in change.approvals if item.in_force])
        # An emergency may have been approved in its time; whatever else was approved afterwards was not before.
        limit = timedelta(seconds=EMERGENCY if change.type == "emergency" else SKEW)
        if is_untimed(change) or (at is not None and at <= started_at + limit):
            return "not_collectable"
        return "never" if at is None else "retroactive"
    if lead >= 0:
        return "prior"
    if lead >= -SKEW:
        return "within_skew"
    return "retroactive_emergency_in_sla" if change.type == "emergency" and lead >= -EMERGENCY else "retroactive"


def why_not(change: Change, cls: str, started_at: datetime, planned: list[Window], is_unmet: bool) -> str | None:
    """Name why there was no valid authorisation at the start."""
    if cls == "never":
        why = why_unapproved(change, [item for item in change.approvals if item.in_force])
        words = {"approved for another revision only": "other revision"}
        return words.get(why, why if why == "approved by the requester only" else "not approved")
    if cls == "retroactive":
        return "approved after the start" + (", by somebody who is not known" if change.effective is None else "")
    if cls in ("not_collectable", "retroactive_emergency_in_sla"):
        return None
    stated = [
        (window.row["planned_start_at"], window.row["planned_end_at"])
        for window in planned
        if window.row["planned_start_at"] or window.row["planned_end_at"]
    ]
    if stated and not any(
        (start is None or start <= started_at) and (end is None or started_at < end) for start, end in stated
    ):
        return "outside window"
    return "condition unmet" if is_unmet else None


def worst(carried: list[Carried]) -> str | None:
    """Return the class of the worst change; null where none is carried."""
    return min((item.cls for item in carried), key=WORST.index, default=None)


def contributors(records: dict[str, list[Row]], change: Change, people: People) -> set[str]:
    """Return everybody whose work is in the change, automation and the platform's own committer left out."""
    logins = [change.row["requested_by"], *str(change.row["contributors"] or "").split("|")]
    for commit in records["commit"]:
        if commit["change_key"] == change.key:
            logins += [commit["author"], commit["committer"], *str(commit["co_authors"] or "").split("|")]
    return {str(people.who(login or None).name) for login in logins if people.who(login or None).is_human}


def duties(
    records: dict[str, list[Row]],
    deployments: dict[str, Deployment],
    changes: dict[str, Change],
    carried: list[Carried],
    people: People,
    limits: Limits,
) -> Iterator[tuple[str, str, str]]:
    """Yield record, test and result."""
    shipped = in_production(records, deployments)
    makers = {key: contributors(records, change, people) for key, change in changes.items()}
    bypassed = {event["subject_key"] for event in records["event"] if event["verb"] == "bypassed"}
    judged = {}
    for key, change in changes.items():
        if not is_implemented(change, shipped, limits.as_of):
            continue
        judged[key] = change
        for test, result in change_tests(change, makers[key], people).items():
            yield key, test, result
        yield key, "sod_8", entitled(change, limits)
        if change.row["merged_at"]:
            yield key, "sod_6", "fail" if key in bypassed else "pass" if bypassed else "not_collectable"
    for item in carried:
        if item.change.key in judged and not item.deployment.is_rerelease:
            record = f"{item.deployment.key}|{item.change.key}"
            for test, result in deployment_tests(item, makers[item.change.key]).items():
                yield record, test, result
    for item in deployments.values():
        if item.is_production and item.outcome != "cancelled" and item.started_at is not None:
            yield item.key, "sod_7", recorded(item, [one.change for one in carried if one.deployment is item], changes)


def recorded(item: Deployment, brought: list[Change], changes: dict[str, Change]) -> str:
    """Whether a production commit has a merged change or a change request; what ran there before needs no other."""
    if item.came_again:
        return "exempt"
    if any(change.row["merged_at"] or change.row["record_type"] == "change" for change in brought):
        return "pass"
    return "fail" if brought or is_comparable(item, changes) else "not_collectable"


def valid_people(change: Change) -> set[str]:
    """Return the humans whose approval held for what shipped."""
    return {str(item.person.name) for item in timed(change) if item.in_force and item.person.is_human}


def independent(change: Change, makers: set[str]) -> bool:
    """Whether everybody who contributed has a valid approval by another human, whoever is spelled alike."""
    valid = valid_people(change)
    others = [name for name in valid if name not in makers and not any(alike(name, maker) for maker in makers)]
    return bool(others) or surely_different(sorted(valid)) >= 2


def is_open(change: Change, makers: set[str]) -> bool:
    """Whether it cannot be said that somebody has none: an approval that held is of nobody knows whom, or when."""
    if independent(change, makers):
        return False
    valid = valid_people(change)
    is_unknown = any(item.in_force and item.person.name is None and not item.policy for item in timed(change))
    is_alike = any(alike(name, maker) for name in valid - makers for maker in makers)
    return is_unknown or may_be_independent(change, makers) or is_alike or len(valid) > 1


def may_be_independent(change: Change, makers: set[str]) -> bool:
    """Whether everybody has an approval by another human, should those have held of which nobody knows."""
    people = {item.person.name for item in change.uncertain if not item.person.is_bot}
    is_by_another = any(item.person.is_bot or item.person.name not in makers for item in change.uncertain)
    return is_by_another or (bool(people) and len(people | valid_people(change)) > 1)


def timed(change: Change) -> list[Decision]:
    return [item for item in change.approvals if item.held_from is not None]


def change_tests(change: Change, makers: set[str], people: People) -> dict[str, str]:
    """Return the tests of who approved and who merged; an unresolved identity never passes."""
    if change.basis in ("standard", "policy"):
        return dict.fromkeys(("sod_1_strict", "sod_1_effective", "sod_4"), "exempt") | (
            {"sod_5": "exempt"} if change.row["merged_at"] else {}
        )
    given = timed(change)
    names = {item.person.name for item in change.approvals}
    hidden = {item.person.name for item in change.hidden} - {None}
    is_unknown = change.requester.name is None or any(
        item.person.name is None for item in [*change.approvals, *change.hidden]
    )
    may_have_made = any(alike(name, maker) for name in names | hidden for maker in makers)
    has_valid = any(item.in_force and item.person.is_human for item in given)
    tests = {
        "sod_1_strict": "fail"
        if names & (makers | {change.requester.name} - {None})
        else "indeterminate"
        if is_unknown or may_have_made or hidden & (makers | {change.requester.name})
        else "pass",
        "sod_4": "fail"
        if change.requester.name is not None and change.requester.name in names
        else "indeterminate"
        if is_unknown or change.requester.name in hidden
        else "pass",
    }
    if change.requester.name is None and has_valid:
        tests["sod_1_effective"] = "indeterminate"
    elif independent(change, makers):
        tests["sod_1_effective"] = "pass"
    else:
        tests["sod_1_effective"] = "indeterminate" if is_open(change, makers) else "fail"
    if change.row["merged_at"]:
        merger = people.who(change.row["merged_by"]).name
        if merger is None or change.requester.name is None:
            tests["sod_5"] = "indeterminate"
        else:
            is_alone = not independent(change, makers)
            is_own = is_alone and merger == change.requester.name
            tests["sod_5"] = "fail" if is_own and not is_open(change, makers) else "pass"
            if (is_own and is_open(change, makers)) or (is_alone and alike(merger, change.requester.name)):
                tests["sod_5"] = "indeterminate"
    return tests


def entitled(change: Change, limits: Limits) -> str:
    """Return the test of whether the approver was entitled to it when they approved."""
    if change.basis in ("standard", "policy"):
        return "exempt"
    if not limits.entitlements:
        return "not_collectable"
    if change.effective is None or change.effective_at is None:
        return "indeterminate"
    at, service = change.effective_at, str(change.row["service"])
    scopes = {service, limits.teams.get(service, ""), "*"} - {""}
    mine = [one for one in limits.entitlements if one.person == change.effective.person.name and one.to in scopes]
    reach = {one.covers(risk(change.row)) for one in mine if one.holds(at)}
    return "pass" if True in reach else "indeterminate" if None in reach else "fail"


def risk(row: Row) -> str | None:
    """The record's own risk, else a label's."""
    stated: str | None = row["risk"]
    return stated or ("low" if "risk:low" in str(row["labels"]).split("|") else None)


def deployment_tests(item: Carried, makers: set[str]) -> dict[str, str]:
    """Return the tests of who deployed."""
    if item.change.basis in ("standard", "policy"):
        return {"sod_2": "exempt", "sod_3": "exempt"}
    deployer = item.deployment.deployer
    if deployer.is_bot:
        return {"sod_2": "pass", "sod_3": "pass"}
    if deployer.name is None:
        return {"sod_2": "indeterminate", "sod_3": "indeterminate"}
    # Who approved is known also where no record says when.
    given = [one for one in item.governing.approvals if one.in_force and one.is_certain]
    names = {str(one.person.name) for one in given if item.governing.is_independent(one)}
    doubtful = [one for one in item.governing.uncertain if not one.is_certain]
    may_be = names | {str(one.person.name) for one in doubtful if item.governing.is_independent(one)}
    # Where nothing but the gate authorised it, who let it go is its approver; with two, another did, if they are two.
    let_go = bool(item.gate) and all(name == deployer.name or alike(name, deployer.name) for name in item.gate)
    gate = item.gate if item.gate == {deployer.name} else set()
    is_alone = not independent(item.change, makers)
    is_unknown_maker = item.change.requester.name is None
    tests = {"sod_2": "fail" if deployer.name in names | gate else "pass"}
    is_unknown = any(one.person.name is None for one in [*given, *doubtful])
    is_alike = any(name == deployer.name or alike(deployer.name, name) for name in may_be)
    if tests["sod_2"] == "pass" and (is_unknown or let_go or is_alike):
        tests["sod_2"] = "indeterminate"
    if deployer.name in makers and is_alone:
        tests["sod_3"] = "indeterminate" if is_open(item.change, makers) else "fail"
    else:
        is_maybe = is_unknown_maker or any(alike(deployer.name, maker) for maker in makers)
        tests["sod_3"] = "indeterminate" if is_alone and is_maybe else "pass"
    return tests
