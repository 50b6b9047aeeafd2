"""What deployments did to versions and stages: moves of a version, promotions, freezes, days with and without."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta

from tests.metrics.reference.approvals import Change
from tests.metrics.reference.basics import Row, seconds
from tests.metrics.reference.deployments import PRODUCTION, Deployment, in_sequence, sequences, tickets
from tests.metrics.reference.failures import WINDOW, Failure
from tests.metrics.reference.limits import Limits
from tests.metrics.reference.rates import Metric, judged, timed
from tests.metrics.reference.windows import Window

STAGES = {"staging", "stage", "stg", "preprod", "pre-production", "preproduction", "uat"}
ON_THE_WAY = "alpha|beta|dev|m|pre|preview|rc|snapshot"
FORM = re.compile(
    rf"((?:[a-z][a-z0-9]*[_/ -])*)v?([0-9]+(?:[._-][0-9]+)*)(?:[._-]?({ON_THE_WAY})[._-]?([0-9]*))?(?:\+.*)?", re.DOTALL
)
Version = tuple[str, list[int], tuple[int, str, int]]


def parsed(version: str | None) -> Version | None:
    """Return series, parts and stage of a version that numbers itself; what is on the way comes before the version."""
    match = FORM.fullmatch((version or "").strip().lower())
    if match is None:
        return None
    parts = [int(part) for part in re.split(r"[._-]", match[2])]
    while parts and parts[-1] == 0:
        parts.pop()
    return match[1], parts, (0, match[3], int(match[4] or 0)) if match[3] else (1, "", 0)


def moves(found: dict[str, Deployment]) -> dict[str, dict[str, object]]:
    """Tell increase, same, rollback, re-release and out of order; null where nothing compares."""
    moved: dict[str, dict[str, object]] = {}
    for item in found.values():
        if item.outcome == "succeeded" and item.finished_at is not None:
            moved[item.key] = {"move": None, "incomparable_reason": "service or environment unknown"}
    for sequence in sequences(found.values()):
        ran: list[Version] = []
        for place, item in enumerate(sequence):
            before = sequence[place - 1] if place else None
            move, reason = compare(item, before, ran)
            moved[item.key] = {"move": move, "incomparable_reason": reason}
            version = parsed(item.row["version"])
            if version is not None:
                ran.append(version)
    return moved


def compare(item: Deployment, before: Deployment | None, ran: list[Version]) -> tuple[str | None, str | None]:
    """Compare a deployment's version with the one before it there."""
    if before is None:
        return None, "first deployment seen there"
    if item.row["version"] is None or before.row["version"] is None:
        return None, "no version"
    new, old = parsed(item.row["version"]), parsed(before.row["version"])
    if new is None or old is None or new[0] != old[0]:
        return None, "versions that no number compares"
    if new == old:
        return "same", None
    if new > old:
        return "increase", None
    assert item.finished_at is not None
    assert before.finished_at is not None
    is_soon = new in ran and item.finished_at - before.finished_at <= WINDOW
    if item.row["rollback_of_key"] or is_soon:
        return "rollback", None
    return ("re-release" if new in ran else "out of order"), None


def promotions(found: dict[str, Deployment]) -> dict[str, tuple[str | None, str | None, Deployment | None]]:
    """Return promotion, why there is none, and the deployment to the stage below of every production deployment."""
    done = [item for item in found.values() if item.outcome == "succeeded" and item.finished_at is not None]
    staged: dict[tuple[object, object], Deployment] = {}
    known: dict[object, datetime] = {}
    reached: dict[tuple[object, object], Deployment] = {}
    for item in sorted(done, key=in_sequence):
        if item.service is None or item.artifact is None:
            continue
        if item.environment in STAGES:
            staged.setdefault((item.service, item.artifact), item)
            assert item.finished_at is not None
            known.setdefault(item.service, item.finished_at)
        elif item.is_production:
            reached.setdefault((item.service, item.artifact), item)
    promoted: dict[str, tuple[str | None, str | None, Deployment | None]] = {}
    for item in done:
        if item.is_production:
            stage = staged.get((item.service, item.artifact))
            reason = why_no_promotion(item, reached.get((item.service, item.artifact)), known.get(item.service))
            promoted[item.key] = (None if reason else order(item, stage)), reason, stage
    return promoted


def why_no_promotion(item: Deployment, first: Deployment | None, known_since: datetime | None) -> str | None:
    if first is None:
        return "service or artifact unknown"
    if first is not item:
        return "re-release of an artifact that ran before"
    if known_since is None:
        return "the service has no stage below"
    if item.started_at is None:
        return "start unknown"
    return "before the first deployment seen in the stage below" if known_since > item.started_at else None


def order(item: Deployment, stage: Deployment | None) -> str:
    if stage is None or stage.finished_at is None or item.started_at is None:
        return "without the stage below"
    return "before the stage below" if stage.finished_at > item.started_at else "in order"


def stage_lead(found: dict[str, Deployment]) -> Metric:
    """From the first success in the stage below to the first in production."""
    metric = {}
    for key, (promotion, why, stage) in promotions(found).items():
        reason = why or (None if promotion == "in order" else f"reached production {promotion}")
        finished = found[key].finished_at
        is_timed = reason is None and stage is not None and stage.finished_at is not None and finished is not None
        metric[key] = timed(seconds(stage.finished_at, finished) if is_timed else None, reason)  # type: ignore[union-attr,arg-type]
    return metric


def frozen(
    records: dict[str, list[Row]],
    found: dict[str, Deployment],
    changes: dict[str, Change],
    windows: dict[str, Window],
    reasons: list[Failure],
    limits: Limits,
) -> dict[tuple[str, str], bool]:
    """Return (deployment, freeze) → whether it is exempt: by the type of every change, or it takes a release back."""
    back = [item for item in reasons if item.reason in ("rollback", "return")]
    taken_back = {item.evidence for item in back if item.exclusion != "put back"}
    put_back = {item.evidence for item in back if item.exclusion == "put back"}
    ticket = tickets(records)
    inside: dict[tuple[str, str], bool] = {}
    for item in found.values():
        if not item.is_production or item.outcome == "cancelled" or item.started_at is None:
            continue
        is_rollback = item.key in taken_back or (bool(item.row["rollback_of_key"]) and item.key not in put_back)
        carried = item.carried | {ticket[key] for key in item.carried if key in ticket}
        # Code goes as the change request that governs it.
        types = {changes[ticket.get(key, key)].type for key in carried if key in changes}
        for name, start, end, exempt, holds in calendars(windows, limits):
            if holds(item) and start <= item.started_at < end:
                is_exempt = is_rollback or (bool(types) and types <= exempt)
                inside[item.key, name] = is_exempt and inside.get((item.key, name), True)
    return inside


def calendars(windows: dict[str, Window], limits: Limits):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Yield every freeze: its name, span, the types that it lets pass, and what it holds."""
    for freeze in limits.freezes:
        yield freeze.name, *freeze.span, freeze.exempt, lambda item, freeze=freeze: item.service in freeze.services
    for window in windows.values():
        span = window.span("planned")
        if window.kind == "freeze" and not window.is_withdrawn and span is not None and span[0] < span[1]:
            name = window.row["title"] or window.key
            yield name, *span, frozenset({"emergency"}), lambda item, window=window: scope_matches(window, item)


def scope_matches(window: Window, item: Deployment) -> bool:
    """Whether a freeze holds a deployment: in everything that it names, production by any of its names."""
    row = window.row
    if row["service"] is not None and row["service"] != item.service:
        return False
    if row["service"] is None and row["team"] is not None and row["team"] != item.row["team"]:
        return False
    environment = (row["environment"] or "").lower()
    if environment and environment != item.environment and environment not in PRODUCTION:
        return False
    components = window.scopes["component"]
    return not components or bool(components & {str(item.row["component"] or "").lower()})


def days(found: dict[str, Deployment]) -> Counter[tuple[str, datetime]]:
    """Return finished production deployments per service and day, days without any from the first to the last too."""
    counted: Counter[tuple[str, datetime]] = Counter()
    for item in found.values():
        if item.is_finished_in_production and item.service is not None and item.finished_at is not None:
            counted[item.service, item.finished_at.replace(hour=0, minute=0, second=0)] += 1
    for service in {service for service, _ in counted}:
        mine = [day for name, day in counted if name == service]
        day = min(mine)
        while day < max(mine):
            counted[service, day] += 0
            day += timedelta(days=1)
    return counted


def rereleases(found: dict[str, Deployment]) -> Metric:
    """Finished production deployments that brought what ran there before."""
    return {
        key: judged(item.came_again, None if item.artifact else "artifact unknown")
        for key, item in found.items()
        if item.is_finished_in_production
    }
