"""Puts deliveries into the spool as the server does, and takes them over into the raw store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.push.receiving import Received, delivery_of
from ingest.push.spool import Outcome, Spool
from ingest.push.takeover import Taken, take_over
from ingest.store import RawStore

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def push(
    spool: Spool,
    receiver: str,
    body: Any,  # noqa: ANN401 - any JSON
    event: str = "",
    key: str | None = None,
    minutes: int = 0,
) -> Outcome:
    """Put a delivery into the spool as the server does, received so many minutes after noon."""
    headers = {"content-type": "application/json"}
    if receiver == "github":
        headers |= {"x-github-event": event, "x-github-delivery": key or f"guid-{event}-{minutes}"}
    kind = {"deploys": "records"}.get(receiver, receiver)
    received = Received(receiver, kind, headers, json.dumps(body).encode(), NOON + timedelta(minutes=minutes))
    return spool.add([delivery_of(received)])[0]


def taken(store: RawStore, spool: Spool) -> Taken:
    path = Path(spool._con.execute("pragma database_list").fetchone()[2])
    return take_over(store, path, "test")


def stored(store: RawStore) -> dict[str, int]:
    """Return how often each delivery is in the raw store."""
    rows = store.con.execute("select record_key, count(*) from raw.push_deliveries group by 1").fetchall()
    return {str(key): int(count) for key, count in rows}


def github(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a webhook
    sender = {"login": "ana", "type": "User"}
    return {
        "action": name,
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "sender": sender,
        **fields,
    }
