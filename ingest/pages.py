"""A parsed answer as the page that the store writes.

Owns nothing but that step, which all connectors share. Refuses to ask and to store.
"""

from __future__ import annotations

from datetime import datetime

from ingest.connector import Parsed, Response
from ingest.http import Client
from ingest.store_records import Page


def page(
    client: Client,
    response: Response,
    parsed: Parsed,
    scope: str,
    *,
    watermark: str | None = None,
    cursor: str | None = None,
    window: tuple[datetime | None, datetime | None] = (None, None),
    is_last: bool = False,
) -> Page:
    """Return the page of an answer; it carries all requests that were sent since the page before."""
    return Page(
        parsed.stream,
        parsed.records,
        parsed.rejected,
        scope=scope,
        request_url=response.url,
        fetched_at=response.fetched_at,
        requests=client.take_requests(),
        reported=parsed.reported,
        watermark=watermark,
        cursor=cursor,
        window=window,
        is_last=is_last,
    )
