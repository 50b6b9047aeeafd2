"""What goes into the raw store: payloads, payloads set aside, the page they came on, and the run that brought them.

Owns their shape and a payload's canonical form. Refuses to know the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from models.errors import InputError
from models.streams import Stream


@dataclass(frozen=True)
class RawRecord:
    """One payload on its way into the store.

    Args:
        stream: Where it belongs.
        key: The source's own identity of the record, unique within source and stream.
        payload: What the source returned: an object, or its JSON text.
        version_at: The source's own last-updated instant, if the payload states one (aware or UTC).
        fetched_at: When it was read from the source; the page's time when ``None``.
    """

    stream: Stream
    key: str
    payload: dict[str, Any] | str
    version_at: datetime | None = None
    fetched_at: datetime | None = None


@dataclass(frozen=True)
class Rejected:
    """A payload set aside, with its reason; kept verbatim so that it can be replayed after a fix."""

    stream: Stream
    payload: str
    reason: str
    key: str | None = None


@dataclass
class Page:
    """What one request (or one batch of a file) brought, written in one transaction with its watermark.

    Args:
        stream: The stream the page was asked for; child records of other streams may come with it.
        scope: What within the source it covers, such as a repository; part of the watermark's key.
        requests: Requests it took, retries included.
        reported: How many records the source says exist in the asked-for window, where it says so.
        watermark: New high-water mark of the stream, or ``None`` to leave it.
        cursor: Where to continue after a kill; ``None`` once the stream is complete.
    """

    stream: Stream
    records: Sequence[RawRecord] = ()
    rejected: Sequence[Rejected] = ()
    scope: str = ""
    request_url: str = ""
    fetched_at: datetime | None = None
    requests: int = 1
    reported: int | None = None
    watermark: str | None = None
    cursor: str | None = None
    window: tuple[datetime | None, datetime | None] = (None, None)
    is_last: bool = False


@dataclass
class Run:
    """One execution of a command against one source.

    ``logged`` holds which (stream, scope) have their row on the run log, ``marked`` which have a watermark's: a plain
    UPDATE of a row that is known to be there takes a fifth of the time of an upsert, and every page needs several.
    """

    run_id: str
    source: str
    source_type: str
    counts: dict[str, int] = field(default_factory=lambda: {"received": 0, "stored": 0, "unchanged": 0, "rejected": 0})
    logged: set[tuple[str, str]] = field(default_factory=set)
    marked: set[tuple[str, str]] = field(default_factory=set)


def canonical_json(payload: dict[str, Any] | str) -> tuple[str, str]:
    """Return a payload's JSON text as received and the SHA-256 (hex) of its canonical form (sorted keys, no spaces).

    Raises:
        InputError: The text is not JSON.
    """
    try:
        value = orjson.loads(payload) if isinstance(payload, str) else payload
        text = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
        return text, hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise InputError(
            f"The payload is not JSON: {error}.", kept="nothing of it was stored", next_step="export or record it again"
        ) from error


def utc_naive(value: datetime) -> datetime:
    """Return an instant as the naive UTC datetime that the store keeps."""
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
