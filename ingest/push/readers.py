"""What a stored delivery brings: itself, verbatim, and the records of its source that we know how to read.

Owns which reader a receiver's type has. Refuses to receive and to store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ingest.connector import Response
from ingest.github.webhooks import read_webhook
from ingest.items import Intake
from ingest.push import own_records
from ingest.push.incident_tools import OPSGENIE_EVENTS, PAGERDUTY_EVENTS, opsgenie_records, pagerduty_records
from ingest.push.spool import Delivery
from ingest.store_records import RawRecord, Rejected
from models.streams import Stream

DELIVERIES = Stream("push", "deliveries")


@dataclass(frozen=True)
class Read:
    """What was read of a delivery."""

    records: Sequence[RawRecord] = ()
    rejected: Sequence[Rejected] = ()


def read(delivery: Delivery) -> Read:
    """Return the delivery as a raw record, and the records it brings; what does not fit is among the rejects."""
    body = orjson.loads(delivery.body)
    brought = _READERS[delivery.receiver_type](delivery, body)
    return Read([_verbatim(delivery, len(brought.records)), *brought.records], brought.rejected)


def request_url(delivery: Delivery) -> str:
    """Return what the raw store names as the origin of a delivery's records."""
    return f"push:{delivery.receiver}/{delivery.event}#{delivery.key}"


def _verbatim(delivery: Delivery, records: int) -> RawRecord:
    """Return the delivery with what tells it apart; the body's text is exactly what was received."""
    about = {
        "event": delivery.event,
        "receiver_type": delivery.receiver_type,
        "received_at": delivery.received_at,
        "records": records,
        "body_sha256": delivery.body_sha256,
        "headers": orjson.loads(delivery.headers),
    }
    payload = f'{orjson.dumps(about).decode()[:-1]},"body":{delivery.body}}}'
    return RawRecord(DELIVERIES, delivery.key, payload, fetched_at=delivery.received_at)


def _github(delivery: Delivery, body: Any) -> Read:  # noqa: ANN401 - parsed JSON
    parsed = read_webhook(delivery.event, Response(request_url(delivery), body, delivery.received_at))
    return Read(_timed(delivery, parsed.records), parsed.rejected) if parsed else Read()


def _pagerduty(delivery: Delivery, body: Any) -> Read:  # noqa: ANN401 - parsed JSON
    intake = Intake()
    intake.read(PAGERDUTY_EVENTS, [body], pagerduty_records)
    return Read(_timed(delivery, intake.records), intake.rejected)


def _opsgenie(delivery: Delivery, body: Any) -> Read:  # noqa: ANN401 - parsed JSON
    intake = Intake()
    intake.read(OPSGENIE_EVENTS, [body], opsgenie_records)
    return Read(_timed(delivery, intake.records), intake.rejected)


def _records(delivery: Delivery, body: Any) -> Read:  # noqa: ANN401 - parsed JSON
    values = body if isinstance(body, list) else [body]
    return Read([own_records.raw_record(value, delivery.received_at) for value in values])


def _timed(delivery: Delivery, records: Sequence[RawRecord]) -> list[RawRecord]:
    """Return records as seen when the delivery arrived, not when it was taken over."""
    return [RawRecord(r.stream, r.key, r.payload, r.version_at, delivery.received_at) for r in records]


_READERS: dict[str, Callable[[Delivery, Any], Read]] = {
    "github": _github,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "records": _records,
}
