"""What the webhooks of PagerDuty and Opsgenie become in the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ingest.push.spool import Spool
from ingest.store import RawStore
from tests.ingest.push.delivering import NOON, push, taken
from tests.staging import staged


def pagerduty(event: str, at: str, status: str, agent: dict[str, str] | None = None) -> dict[str, Any]:
    data = {
        "id": "P1",
        "type": "incident",
        "html_url": "https://x.pagerduty.com/incidents/P1",
        "status": status,
        "created_at": "2026-07-01T09:00:00Z",
        "title": "Checkout fails",
        "urgency": "high",
        "service": {"summary": "shop"},
        "teams": [{"summary": "Payments"}],
        "priority": {"summary": "P1"},
    }
    return {
        "event": {
            "id": f"{event}@{at}",
            "event_type": f"incident.{event}",
            "occurred_at": at,
            "agent": agent,
            "data": data,
        }
    }


def test_pagerduty_incidents_open_resolve_and_open_again(store: RawStore, spool: Spool) -> None:
    """One row per incident; its resolution is the time of the event, and is gone once it is open again."""
    person = {"type": "user_reference", "summary": "Eve"}
    told = [
        pagerduty("resolved", "2026-07-01T09:40:00.5Z", "resolved"),
        pagerduty("triggered", "2026-07-01T09:00:01Z", "triggered", person),
    ]
    for minutes, body in enumerate(told):  # in the wrong order
        push(spool, "pagerduty", body, minutes=minutes)
    push(
        spool,
        "pagerduty",
        {"event": {"id": "note", "event_type": "incident.annotated", "data": {"type": "incident_note"}}},
    )
    assert taken(store, spool).unread == {"pagerduty incident.annotated": 1}
    (row,) = staged(store, "pagerduty", "incident")
    assert (row["title"], row["severity"], row["service"], row["team"], row["status"]) == (
        "Checkout fails",
        "P1",
        "shop",
        "Payments",
        "resolved",
    )
    assert (row["opened_by"], row["opened_by_type"]) == ("Eve", "human")
    assert row["resolved_at"] == datetime(2026, 7, 1, 9, 40, 0, 500_000)
    push(spool, "pagerduty", pagerduty("reopened", "2026-07-01T10:00:00Z", "triggered"), minutes=9)
    taken(store, spool)
    (row,) = staged(store, "pagerduty", "incident")
    assert (row["status"], row["resolved_at"]) == ("triggered", None)


def opsgenie(action: str, minute: int, **alert: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of an alert
    created = int(NOON.timestamp() * 1000)
    known = {
        "alertId": "A1",
        "message": "Disk full",
        "priority": "P2",
        "createdAt": created,
        "entity": "db-1",
        "updatedAt": (created + minute * 60_000) * 1_000_000 + 1,
        "username": "eve@example.com",
    }
    return {"action": action, "integrationName": "twotrack", "alert": {**known, **alert}}


def test_an_opsgenie_alert_is_an_incident_until_it_is_closed(store: RawStore, spool: Spool) -> None:
    """Notes and custom actions do not change its state; instants come in milliseconds or nanoseconds."""
    push(spool, "opsgenie", opsgenie("Close", 30))
    push(spool, "opsgenie", opsgenie("Create", 0))
    push(spool, "opsgenie", opsgenie("AddNote", 45))
    taken(store, spool)
    (row,) = staged(store, "opsgenie", "incident")
    assert (row["key"], row["severity"], row["component"], row["status"]) == ("A1", "P2", "db-1", "closed")
    assert (row["created_at"], row["resolved_at"]) == (datetime(2026, 7, 1, 12), datetime(2026, 7, 1, 12, 30))
