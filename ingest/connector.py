"""What every connector is: routes that turn a response into raw records, and a sync that asks for the responses.

A recorded response and one from the network go through the same route, so a replay exercises the code that will
talk to the source. Refuses to know any source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ingest.store_records import RawRecord, Rejected
from models.streams import Stream


@dataclass(frozen=True)
class Response:
    """One answer of a source: parsed JSON ``body``, the ``url`` without secrets, and what was asked in ``request``."""

    url: str
    body: Any
    fetched_at: datetime
    request: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """What a response held: records (of the route's stream and of nested ones), rejects and the source's own count."""

    stream: Stream
    scope: str
    records: Sequence[RawRecord] = ()
    rejected: Sequence[Rejected] = ()
    reported: int | None = None

    def with_rest(self, parts: Iterable[Parsed]) -> Parsed:
        """Return this with the records and rejects of the further answers that its items needed."""
        further = list(parts)
        records = [record for part in (self, *further) for record in part.records]
        rejected = [reject for part in (self, *further) for reject in part.rejected]
        return replace(self, records=records, rejected=rejected)


@dataclass(frozen=True)
class Route:
    """A kind of response, known by its address.

    Args:
        pattern: Matched (``search``) against the request's URL; a GraphQL request's URL carries ``#<operation>``.
        parse: Turns the response into raw records. Must not raise on a bad item: it goes to ``rejected``.
        wrap: For replays: how the API wraps a list of items, the inverse of what ``parse`` takes apart.
    """

    pattern: re.Pattern[str]
    parse: Callable[[Response], Parsed]
    wrap: Callable[[Sequence[Any]], Any] = list


def route_for(routes: Sequence[Route], url: str) -> Route | None:
    """Return the first route whose pattern is found in ``url``, or ``None``."""
    return next((route for route in routes if route.pattern.search(url)), None)
