"""Webhooks of incident tools as raw records: PagerDuty's version 3, and Opsgenie's alerts.

Owns which webhooks are about an incident. Each is one event; staging makes an incident of all that were told of it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.items import Item, annotated, at, instant_at, required, text_at
from ingest.store_records import RawRecord
from models.streams import Stream

PAGERDUTY_EVENTS = Stream("pagerduty", "events")
OPSGENIE_EVENTS = Stream("opsgenie", "events")


def pagerduty_records(body: Item) -> list[RawRecord]:
    """Return the event of a webhook about an incident; notes, responders and services bring none.

    Raises:
        UnfitItemError: The event has no identity, incident or time.
    """
    event = body["event"]
    if at(event, "data", "type") != "incident":
        return []
    required(event["data"], "id")
    return [RawRecord(PAGERDUTY_EVENTS, required(event, "id"), event, instant_at(event, "occurred_at"))]


def opsgenie_records(body: Item) -> list[RawRecord]:
    """Return what was done to an alert; the annotation holds its instants, which Opsgenie counts since 1970.

    Raises:
        UnfitItemError: The alert has no identity.
    """
    alert = body["alert"]
    created_at, occurred_at = epoch(alert.get("createdAt")), epoch(alert.get("updatedAt"))
    key = f"{required(alert, 'alertId')}/{text_at(body, 'action') or ''}@{text_at(alert, 'updatedAt') or ''}"
    payload = annotated(body, created_at=_iso(created_at), occurred_at=_iso(occurred_at))
    return [RawRecord(OPSGENIE_EVENTS, key, payload, occurred_at)]


def epoch(value: object) -> datetime | None:
    """Return an instant that Opsgenie counts in milliseconds, microseconds or nanoseconds; its size tells which."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 10**11 < value < 10**19:
        return None
    microseconds = value * 1000 if value < 10**14 else value if value < 10**17 else value // 1000
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
