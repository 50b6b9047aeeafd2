"""Hand-over and separation of duties: was each carried change authorised at the start, by others than its makers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.metrics.reference.approvals import Change, Decision, is_untimed, possible_at, why_unapproved
from tests.metrics.reference.basics import People, Row, seconds
from tests.metrics.reference.conditions import Condition
from tests.metrics.reference.deployments import Deployment, tickets
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


def handover(
    records: dict[str, list[Row]],
    deployments: dict[str, Deployment],
    changes: dict[str, Change],
    windows: dict[str, Window],
    conditions: list[Condition],
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
            cls = class_of(governing, lead, item.started_at)
            is_unmet = any(one.change is governing and one.is_unmet_at(item.started_at) for one in conditions)
            reason = why_not(governing, cls, item.started_at, planned.get(governing.key, []), is_unmet)
            found.append(Carried(item, changes[key], governing, lead, cls, reason))
    return found


def class_of(change: Change, lead: float | None, started_at: datetime) -> str:
    """Tell when it was approved: before, within the clocks' skew, afterwards, or never."""
    if change.basis == "standard":
        return "prior"
    if lead is None:
        at = possible_at(change, [item for item in change.approvals if item.in_force])
        is_open = is_untimed(change) or (at is not None and at <= started_at + timedelta(seconds=SKEW))
        return "not_collectable" if is_open else "never"
    if lead >= 0:
        return "prior"
    if lead >= -SKEW:
        return "within_skew"
    return "retroactive_emergency_in_sla" if change.type == "emergency" and lead >= -EMERGENCY else "retroactive"


def why_not(change: Change, cls: str, started_at: datetime, planned: list[Window], is_unmet: bool) -> str | None:
    """Name why there was no valid authorisation at the start."""
    if cls == "never":
        # Whoever is not known approved after the start, if at all: that is looked away from here.
        known = [item for item in change.approvals if item.in_force and item.person.name is not None]
        why = why_unapproved(change, known)
        words = {"approved for another revision only": "other revision"}
        return words.get(why, why if why == "approved by the requester only" else "not approved")
    if cls == "retroactive":
        return "approved after the start"
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
) -> Iterator[tuple[str, str, str]]:
    """Yield record, test and result."""
    ticket = tickets(records)
    shipped = {key for item in deployments.values() if item.is_finished_in_production for key in item.carried}
    shipped |= {ticket[key] for key in shipped if key in ticket}
    makers = {key: contributors(records, change, people) for key, change in changes.items()}
    bypassed = {event["subject_key"] for event in records["event"] if event["verb"] == "bypassed"}
    judged = {}
    for key, change in changes.items():
        is_over = change.state in ("merged", "closed") and change.row["outcome"] != "Cancelled"
        if not is_over or not (change.row["merged_at"] or change.effective_at or key in shipped):
            continue
        judged[key] = change
        for test, result in change_tests(change, makers[key], people).items():
            yield key, test, result
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
    if item.is_rerelease:
        return "exempt"
    if any(change.row["merged_at"] or change.row["record_type"] == "change" for change in brought):
        return "pass"
    known = [
        change.row["merged_at"] or change.row["created_at"]
        for change in changes.values()
        if change.row["service"] == item.service is not None
    ]
    is_comparable = brought or any(at is not None and at <= item.started_at for at in known)
    return "fail" if is_comparable else "not_collectable"


def independent(change: Change, makers: set[str]) -> bool:
    """Whether everybody who contributed has a valid approval by another human."""
    valid = {item.person.name for item in timed(change) if item.in_force and item.person.is_human}
    return len(valid) >= 2 or (len(valid) == 1 and not valid & makers)


def timed(change: Change) -> list[Decision]:
    return [item for item in change.approvals if item.at is not None]


def change_tests(change: Change, makers: set[str], people: People) -> dict[str, str]:
    """Return the tests of who approved and who merged; an unresolved identity never passes."""
    if change.basis in ("standard", "policy"):
        return dict.fromkeys(("sod_1_strict", "sod_1_effective", "sod_4"), "exempt") | (
            {"sod_5": "exempt"} if change.row["merged_at"] else {}
        )
    given = timed(change)
    names = {item.person.name for item in change.approvals}
    is_unknown = change.requester.name is None or None in names
    has_valid = any(item.in_force and item.person.is_human for item in given)
    tests = {
        "sod_1_strict": "fail"
        if names & (makers | {change.requester.name} - {None})
        else "indeterminate"
        if is_unknown
        else "pass",
        "sod_4": "fail"
        if change.requester.name is not None and change.requester.name in names
        else "indeterminate"
        if is_unknown
        else "pass",
    }
    if change.requester.name is None and has_valid:
        tests["sod_1_effective"] = "indeterminate"
    elif independent(change, makers):
        tests["sod_1_effective"] = "pass"
    else:
        tests["sod_1_effective"] = "indeterminate" if None in names or is_untimed(change) else "fail"
    if change.row["merged_at"]:
        merger = people.who(change.row["merged_by"]).name
        if merger is None or change.requester.name is None:
            tests["sod_5"] = "indeterminate"
        else:
            is_alone = merger == change.requester.name and not independent(change, makers)
            tests["sod_5"] = "pass" if not is_alone else "indeterminate" if is_untimed(change) else "fail"
    return tests


def deployment_tests(item: Carried, makers: set[str]) -> dict[str, str]:
    """Return the tests of who deployed."""
    if item.change.basis in ("standard", "policy"):
        return {"sod_2": "exempt", "sod_3": "exempt"}
    deployer = item.deployment.deployer
    if deployer.is_bot:
        return {"sod_2": "pass", "sod_3": "pass"}
    if deployer.name is None:
        return {"sod_2": "indeterminate", "sod_3": "indeterminate"}
    authorising = [one for one in timed(item.governing) if one.in_force and item.governing.is_independent(one)]
    is_alone = not independent(item.change, makers)
    is_unknown_maker = item.change.requester.name is None
    tests = {"sod_2": "fail" if any(one.person.name == deployer.name for one in authorising) else "pass"}
    if any(one.in_force and one.person.name is None for one in timed(item.governing)) and tests["sod_2"] == "pass":
        tests["sod_2"] = "indeterminate"
    if deployer.name in makers and is_alone:
        tests["sod_3"] = "indeterminate" if is_untimed(item.change) else "fail"
    else:
        tests["sod_3"] = "indeterminate" if is_alone and is_unknown_maker else "pass"
    return tests
