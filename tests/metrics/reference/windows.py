"""Windows: what is wrong with each, how much notice it gave, and which of them overlap in which scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from tests.metrics.reference.approvals import state
from tests.metrics.reference.basics import People, Row, seconds

DEFAULT = timedelta(hours=1)
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
    scopes: dict[str, set[str]] = field(default_factory=dict)

    def span(self, basis: str) -> Span | None:
        """Return start and end, none where either is missing or they are the wrong way round."""
        start = self.row[f"{basis}_start_at"]
        end = self.planned_end_at if basis == "planned" else self.actual_end_at
        return (start, end) if start is not None and end is not None and start <= end else None


def windows(records: dict[str, list[Row]], people: People, as_of: datetime) -> dict[str, Window]:
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
        if row["planned_start_at"] is not None and row["key"] not in planned:
            plan = {**row, "release_key": None, "implementer": None}
            found[f"change:{row['key']}"] = Window(
                f"change:{row['key']}", plan, "change", row["key"], row["key"] in withdrawn
            )
    for window in found.values():
        end(window, as_of)
        window.scopes = scopes(window.row, people)
    return found


def end(window: Window, as_of: datetime) -> None:
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
        window.planned_end_at, window.planned_end_basis = start + DEFAULT, "default"
    window.actual_end_at = ended or (as_of if started is not None and started <= as_of else None)
    if start is None:
        window.problem = None if started is not None else "unschedulable"
    elif (window.planned_end_at is not None and window.planned_end_at < start) or (
        started is not None and ended is not None and ended < started
    ):
        window.problem = "reversed"
    elif window.planned_end_at == start:
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


def overlap(one: Span, other: Span) -> tuple[datetime, datetime] | None:
    """Half-open; an instant overlaps only what strictly contains it."""
    (a_start, a_end), (b_start, b_end) = one, other
    if a_start == a_end and b_start == b_end:
        return None
    if not (a_start < b_end and b_start < a_end):
        return None
    return max(a_start, b_start), min(a_end, b_end)


def overlaps(found: dict[str, Window]) -> Iterator[tuple[str, str, str, str, str, float]]:
    """Yield basis, scope, its value, the two windows (the earlier first) and the seconds they share."""
    sound = [window for window in found.values() if not window.is_withdrawn and window.kind != "freeze"]
    for basis in ("planned", "actual"):
        spans = {window.key: span for window in sound if (span := window.span(basis)) is not None}
        inside = sorted((window for window in sound if window.key in spans), key=lambda w: (spans[w.key][0], w.key))
        for one, other in combinations(inside, 2):
            shared = overlap(spans[one.key], spans[other.key])
            same_change = one.change is not None and one.change == other.change
            release = one.row["release_key"]
            if shared is None or same_change or (release is not None and release == other.row["release_key"]):
                continue
            for scope in one.scopes:
                for value in one.scopes[scope] & other.scopes[scope]:
                    yield basis, scope, value, one.key, other.key, seconds(*shared)


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
