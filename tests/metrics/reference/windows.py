"""Windows: what is wrong with each, how much notice it gave, and which of them overlap in which scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median

from tests.metrics.reference.approvals import Change, change_type, state
from tests.metrics.reference.basics import People, Row, seconds
from tests.metrics.reference.limits import Limits

Span = tuple[datetime, datetime]


@dataclass
class Window:
    """One window; ``planned`` and ``actual`` are its spans where they can be compared."""

    key: str
    row: Row
    kind: str
    change: str | None
    is_withdrawn: bool
    planned_end_at: datetime | None = None
    planned_end_basis: str | None = None
    actual_end_at: datetime | None = None
    problem: str | None = None
    is_running: bool = False
    scopes: dict[str, set[str]] = field(default_factory=dict)

    def span(self, basis: str) -> Span | None:
        """Return start and end, none where either is missing or they are the wrong way round."""
        start = self.row[f"{basis}_start_at"]
        end = self.planned_end_at if basis == "planned" else self.actual_end_at
        return (start, end) if start is not None and end is not None and start <= end else None


def windows(records: dict[str, list[Row]], people: People, limits: Limits) -> dict[str, Window]:
    """Return every window by its id: the records of windows, and the plans of changes that have none for their work."""
    found = {}
    withdrawn = {row["key"] for row in records["change"] if state(row) in ("rejected", "withdrawn")}
    planned = {row["change_key"] for row in records["window"] if row["kind"] in (None, "change")}
    for row in records["window"]:
        found[f"window:{row['key']}"] = Window(
            f"window:{row['key']}", row, row["kind"] or "change", row["change_key"],
            str(row["state"]).lower() in ("cancelled", "rejected") or row["change_key"] in withdrawn,
        )  # fmt: skip
    for row in records["change"]:
        is_window = row["planned_start_at"] or row["planned_end_at"] or row["actual_start_at"]
        if is_window and row["key"] not in planned:
            plan = {**row, "release_key": None, "implementer": None}
            found[f"change:{row['key']}"] = Window(
                f"change:{row['key']}", plan, "change", row["key"], row["key"] in withdrawn
            )
    types = {row["key"]: change_type(row) for row in records["change"]}
    lengths: dict[object, list[timedelta]] = {}
    for window in found.values():
        start, stop = window.row["planned_start_at"], window.row["planned_end_at"]
        if start and stop and start < stop and window.row["service"]:
            lengths.setdefault(alike(window, types), []).append(stop - start)
    for window in found.values():
        like = lengths.get(alike(window, types), []) if window.row["service"] else []
        usual = median(like) if len(like) >= limits.median_minimum else None
        end(window, limits, usual)
        window.scopes = scopes(window.row, people)
    return found


def alike(window: Window, types: dict[str, str | None]) -> object:
    """What a window's usual length depends on: what it is, its service, and the type of its change."""
    own = str(window.row["change_type"] or "").lower() or None
    return window.kind, window.row["service"], types.get(str(window.change)) or own


def end(window: Window, limits: Limits, usual: timedelta | None) -> None:
    """Fill a missing end and say what is wrong."""
    row = window.row
    start, stated, started, ended = (
        row[name] for name in ("planned_start_at", "planned_end_at", "actual_start_at", "actual_end_at")
    )
    if stated is not None:
        window.planned_end_at, window.planned_end_basis = stated, "stated"
    elif start is not None and ended is not None and ended > start:
        window.planned_end_at, window.planned_end_basis = ended, "actual"
    elif start is not None:
        window.planned_end_at = start + (usual or limits.default_window)
        window.planned_end_basis = "median" if usual else "default"
    window.is_running = ended is None and started is not None and started <= limits.as_of
    window.actual_end_at = limits.as_of if window.is_running else ended
    is_reversed = start is not None and window.planned_end_at is not None and window.planned_end_at < start
    if start is None and started is None:
        window.problem = "unschedulable"
    elif is_reversed or (started is not None and ended is not None and ended < started):
        window.problem = "reversed"
    elif start is not None and window.planned_end_at == start:
        window.problem = "zero_length"


def scopes(row: Row, people: People) -> dict[str, set[str]]:
    """Return what the window names, scope by scope."""
    named = {
        "component": set(str(row["component"] or "").split("|")) - {""},
        "service": {row["service"]} - {None},
        "environment": {row["environment"]} - {None},
        "implementer": {people.who(row["implementer"]).name} - {None},
    }
    return {scope: {value.lower() for value in values} for scope, values in named.items()}


def overlap(one: Span, other: Span, buffer: timedelta) -> tuple[datetime, datetime] | None:
    """Half-open; an instant overlaps only what strictly contains it; closer than the buffer conflicts without time."""
    (a_start, a_end), (b_start, b_end) = one, other
    later, sooner = max(a_start, b_start), min(a_end, b_end)
    is_instant = a_start == a_end, b_start == b_end
    if all(is_instant) or (any(is_instant) and later in (a_start, a_end) and later in (b_start, b_end)):
        meets = False
    elif any(is_instant):
        meets = later == sooner
    else:
        meets = later < sooner
    if meets:
        return later, sooner
    gap = later - sooner
    return (later, later) if timedelta(0) <= gap < buffer else None


def overlaps(found: dict[str, Window], limits: Limits) -> Iterator[tuple[str, str, str, str, str, float]]:
    """Yield basis, scope, its value, the two windows (the earlier first) and the seconds they share."""
    sound = [window for window in found.values() if not window.is_withdrawn and window.kind != "freeze"]
    for basis in ("planned", "actual"):
        spans = {window.key: span for window in sound if (span := window.span(basis)) is not None}
        inside = sorted((window for window in sound if window.key in spans), key=lambda w: (spans[w.key][0], w.key))
        for one, other in combinations(inside, 2):
            shared = overlap(spans[one.key], spans[other.key], limits.adjacent)
            same_change = one.change is not None and one.change == other.change
            release = one.row["release_key"]
            if shared is None or same_change or (release is not None and release == other.row["release_key"]):
                continue
            for scope in one.scopes:
                for value in one.scopes[scope] & other.scopes[scope]:
                    yield basis, scope, value, one.key, other.key, seconds(*shared)
            for service, needed in limits.dependencies:
                if service != needed and {service, needed} == {one.row["service"], other.row["service"]}:
                    yield basis, "dependency", f"{service} → {needed}", one.key, other.key, seconds(*shared)


def comparable(found: dict[str, Window], basis: str, scope: str, limits: Limits) -> int:
    """Count the sound windows that can be compared in a scope."""
    linked = {service for pair in limits.dependencies if pair[0] != pair[1] for service in pair}
    return sum(
        bool(window.row["service"] in linked if scope == "dependency" else window.scopes[scope])
        for window in found.values()
        if not window.is_withdrawn and window.kind != "freeze" and window.span(basis) is not None
    )


def is_known(one: Window, other: Window, changes: dict[str, Change]) -> bool | None:
    """Whether the later approval had both windows in view; unknown while an entry or an approval is."""
    approved = [
        changes[str(window.change)].effective_at if window.change in changes else None for window in (one, other)
    ]
    entered = [window.row["created_at"] for window in (one, other)]
    known = [at for at in approved if at is not None]
    if (
        None in entered
        or not known
        or any(w.change and at is None for w, at in zip((one, other), approved, strict=True))
    ):
        return None
    return bool(max(entered) <= max(known))


def emerged(found: dict[str, Window], changes: dict[str, Change], limits: Limits) -> dict[str, dict[str, object]]:
    """Each planned pair that shares a component, a service or a dependency, once: did it become known only later."""
    pairs = {
        (one, other)
        for basis, scope, _, one, other, _ in overlaps(found, limits)
        if basis == "planned" and scope in ("component", "service", "dependency")
    }
    metric: dict[str, dict[str, object]] = {}
    for one, other in pairs:
        known = is_known(found[one], found[other], changes)
        unknown = {"exclusion_reason": "entry or approval unknown"}
        metric[f"{one}|{other}"] = unknown if known is None else {"exclusion_reason": None, "in_numerator": not known}
    return metric


def scheduled(found: dict[str, Window], limits: Limits) -> dict[str, dict[str, object]]:
    """Scheduled changes, and which of them are in a conflict: one row a change, however many windows it has.

    A conflict is on a component, or on a service where either of the two names no component.
    """
    conflicts: set[str] = set()
    for basis, scope, _, one, other, _ in overlaps(found, limits):
        is_vague = not found[one].scopes["component"] or not found[other].scopes["component"]
        if basis == "planned" and (scope == "component" or (scope == "service" and is_vague)):
            conflicts |= {one, other}
    metric: dict[str, dict[str, object]] = {}
    for key, own in by_change(found).items():
        reasons = [why_unscheduled(window) for window in own]
        is_in_conflict = any(window.key in conflicts for window in own)
        left_out = not any(
            reason is None and window.scopes["component"] | window.scopes["service"]
            for reason, window in zip(reasons, own, strict=True)
        )
        metric[key] = {"is_left_out": left_out} if left_out else {"is_left_out": False, "in_numerator": is_in_conflict}
    return metric


def why_unscheduled(window: Window) -> str | None:
    if window.is_withdrawn:
        return "rejected or cancelled"
    if window.row["planned_start_at"] is None:
        return "unschedulable: no planned start"
    is_reversed = window.planned_end_at is not None and window.planned_end_at < window.row["planned_start_at"]
    return "ends before it starts" if is_reversed else None


def outside(found: dict[str, Window]) -> dict[str, dict[str, object]]:
    """Work that began early or ended late; one side is enough to know, neither is needed to be unknown."""
    metric: dict[str, dict[str, object]] = {}
    for key, own in by_change(found).items():
        judged = [outside_of(window) for window in own]
        if any(reason is None and is_outside for reason, is_outside in judged):
            metric[key] = {"exclusion_reason": None, "in_numerator": True}
            continue
        reasons = {reason for reason, _ in judged}
        order = ("no actual times", "still running", None, "ends before it starts", "rejected or cancelled")
        reason = next(reason for reason in order if reason in reasons)
        metric[key] = {"exclusion_reason": reason} if reason else {"exclusion_reason": None, "in_numerator": False}
    return metric


def outside_of(window: Window) -> tuple[str | None, bool]:
    """Return why a window is not judged, and whether its work was outside it."""
    row = row_of(window)
    early, late = row["early_seconds"], row["late_seconds"]
    is_outside = bool(early) or bool(late)
    if window.is_withdrawn:
        return "rejected or cancelled", False
    if window.problem == "reversed":
        return "ends before it starts", False
    if not is_outside and (early is None or late is None):
        return "no actual times", False
    return ("still running" if not is_outside and window.is_running else None), is_outside


def by_change(found: dict[str, Window]) -> dict[str, list[Window]]:
    """Group windows by the change that they are of; one without a change stands for itself."""
    grouped: dict[str, list[Window]] = {}
    for window in found.values():
        if window.kind != "freeze":
            grouped.setdefault(str(window.change or window.key), []).append(window)
    return grouped


def notice(found: dict[str, Window], of_entry: bool) -> dict[str, dict[str, object]]:
    """The least notice that a change's windows gave, or whether one was entered after its own start."""
    metric: dict[str, dict[str, object]] = {}
    for key, own in by_change(found).items():
        kept = [window.row for window in own if not window.is_withdrawn]
        given = [
            seconds(row["created_at"], row["planned_start_at"]) if row["created_at"] else None
            for row in kept
            if row["planned_start_at"]
        ]
        known = [value for value in given if value is not None]
        is_late = any(value < 0 for value in known)
        reason = None
        if not kept:
            reason = "rejected or cancelled"
        elif is_late and not of_entry:
            reason = "entered after its start"
        elif not is_late and (not given or None in given):
            reason = "entry or start unknown"
        judged: dict[str, object] = {}
        if reason is None:
            judged = {"in_numerator": is_late} if of_entry else {"value": min(known)}
        metric[key] = {"exclusion_reason": reason, **judged}
    return metric


def attributed(found: dict[str, Window], changes: dict[str, Change]) -> dict[str, dict[str, object]]:
    """Service and type of every change that has windows: of the first sound window that names one."""
    expected: dict[str, dict[str, object]] = {}
    for key, own in by_change(found).items():
        ordered = sorted(own, key=in_order)
        types = [changes[key].type if key in changes else None] + [
            str(window.row["change_type"] or "").lower() or None for window in ordered
        ]
        expected[key] = {
            "service": next((window.row["service"] for window in ordered if window.row["service"]), None),
            "change_type": next((name for name in types if name), None),
        }
    return expected


def in_order(window: Window) -> tuple[bool, datetime, str]:
    """Sound ones before withdrawn and reversed ones, by start as planned, else in fact."""
    start = window.row["planned_start_at"] or window.row["actual_start_at"] or datetime.max
    return window.is_withdrawn or window.problem == "reversed", start, window.key


def row_of(window: Window) -> dict[str, object]:
    """What the published row of the window must say."""
    row = window.row
    start, created = row["planned_start_at"], row["created_at"]
    started, ended = row["actual_start_at"], window.actual_end_at
    late_by = seconds(window.planned_end_at, ended) if window.planned_end_at and ended else None
    return {
        "kind": window.kind,
        "is_withdrawn": window.is_withdrawn,
        "planned_end_at": window.planned_end_at,
        "planned_end_basis": window.planned_end_basis,
        "actual_end_at": ended,
        "problem": window.problem,
        "notice_seconds": seconds(created, start) if created and start else None,
        "is_created_after_start": created > start if created and start else None,
        "early_seconds": max(seconds(started, start), 0.0) if start and started else None,
        "late_seconds": None if late_by is None else max(late_by, 0.0),
    }  # fmt: skip


def concurrency(found: dict[str, Window]) -> dict[tuple[str, str, str, datetime], int]:
    """Return how many windows are open at each instant at which one of them starts or ends, by a plain count."""
    counted: dict[tuple[str, str, str, datetime], int] = {}
    sound = [window for window in found.values() if not window.is_withdrawn and window.kind != "freeze"]
    for basis in ("planned", "actual"):
        by_value: dict[tuple[str, str], list[Span]] = {}
        for window in sound:
            span = window.span(basis)
            if span is not None and span[0] < span[1]:
                for scope, values in window.scopes.items():
                    for value in values:
                        by_value.setdefault((scope, value), []).append(span)
        for (scope, value), spans in by_value.items():
            for instant in {instant for span in spans for instant in span}:
                counted[basis, scope, value, instant] = sum(start <= instant < stop for start, stop in spans)
    return counted
