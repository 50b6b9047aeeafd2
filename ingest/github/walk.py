"""Reading a GraphQL list newest first, page by page, as far back as needed.

Owns the size of a page (halved when GitHub chokes on it, doubled again after success), where a reading stops, and how
it goes on after a kill. Refuses to know what is in the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingest.connector import Parsed, Response
from ingest.github.api import GitHub
from ingest.http_errors import ForbiddenError, OverloadedError, UnreadableAnswerError
from ingest.pages import page
from ingest.source import Position
from ingest.store_records import Page

# An update may become visible after a later one; the next reading starts this much before the last one's newest.
OVERLAP = timedelta(minutes=10)


@dataclass
class PageSize:
    """How much to ask for at once."""

    size: int
    maximum: int = 0
    _failures: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Start at the largest size."""
        self.maximum = self.maximum or self.size

    def ask(self, github: GitHub, request: Callable[[int, int | None], Response]) -> Response:
        """Return what ``request(size, attempts)`` answers, asking for less each time GitHub chokes.

        At size 1 the client's own patience decides. A size that failed twice is not tried again.
        """
        while True:
            try:
                response = request(self.size, 1 if self.size > 1 else None)
            except (OverloadedError, UnreadableAnswerError):
                if self.size == 1:
                    raise
                self._failures[self.size] += 1
                if self._failures[self.size] > 1:
                    self.maximum = self.size // 2
                self.size //= 2
                github.client.clock.sleep(github.client.policy.backoff)
                continue
            self.size = min(self.maximum, self.size * 2)
            return response


@dataclass(frozen=True)
class Walk:
    """A list to read newest first.

    Args:
        operation: Name of the query.
        query: Text with variables owner, name, size and after.
        connection: The list's field in ``repository``.
        ordered_by: The instant it is ordered by, descending.
        parse: Turns an answer into records.
        rest_of: Asks for what the answer's nested lists left out.
        size: Largest page.
        lists: Nested lists that every item must have: a missing one would look like an empty one.
    """

    operation: str
    query: str
    connection: str
    ordered_by: str
    parse: Callable[[Response], Parsed]
    rest_of: Callable[[GitHub, str, list[Mapping[str, Any]]], Iterable[Parsed]] = lambda github, repository, nodes: ()
    size: int = 100
    lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    """Where a reading is: the page to ask for next, the newest instant seen at its start, and where to stop."""

    after: str | None = None
    newest: str | None = None
    stop: str | None = None

    @classmethod
    def of(cls, position: Position) -> _Place:
        """Go on where a reading was cut off, else begin; a wish to read again from ``since`` begins anew."""
        stop = iso(position.since) if position.since else None
        if position.cursor:
            left = cls(**orjson.loads(position.cursor))
            if stop is None or left.stop == stop:
                return left
        if stop is None and position.watermark:
            stop = iso(datetime.fromisoformat(position.watermark) - OVERLAP)
        return cls(stop=stop)

    def cursor(self) -> str:
        return orjson.dumps({"after": self.after, "newest": self.newest, "stop": self.stop}).decode()


def walk_pages(github: GitHub, walk: Walk, repository: str, position: Position) -> Iterator[Page]:
    """Yield the pages of a list from its newest item back to what an earlier reading covered."""
    owner, _, name = repository.partition("/")
    place, size = _Place.of(position), PageSize(walk.size)
    while True:

        def request(first: int, attempts: int | None, after: str | None = place.after) -> Response:
            variables = {"owner": owner, "name": name, "size": first, "after": after}
            return github.ask(walk.operation, walk.query, variables, attempts=attempts)

        response = size.ask(github, request)
        connection = response.body["data"]["repository"][walk.connection]
        nodes = _readable(walk, connection, repository)
        parsed = walk.parse(response).with_rest(walk.rest_of(github, repository, nodes))
        if place.stop is not None:
            # The list's own count is of everything, so it says nothing about a reading that stops half-way.
            parsed = replace(parsed, reported=None)
        instants = [str(node[walk.ordered_by]) for node in nodes]
        newest = place.newest or max(instants, default=None)
        is_past = place.stop is not None and bool(instants) and min(instants) < place.stop
        is_last = is_past or not connection["pageInfo"]["hasNextPage"]
        place = _Place(connection["pageInfo"]["endCursor"], newest, place.stop)
        yield page(
            github.client,
            response,
            parsed,
            repository,
            watermark=newest if is_last else None,
            cursor=None if is_last else place.cursor(),
            is_last=is_last,
        )
        if is_last:
            return


def _readable(walk: Walk, connection: Mapping[str, Any] | None, repository: str) -> list[Mapping[str, Any]]:
    """Return a page's items; GitHub puts null in place of what the credential may not read."""
    if connection is None:
        raise ForbiddenError(
            f"The credential may not read {walk.connection}.",
            where=repository,
            next_step="grant the token read access to it",
        )
    nodes = [node for node in connection["nodes"] if node]
    for field_name in walk.lists:
        if any(node[field_name] is None for node in nodes):
            raise ForbiddenError(
                f"The credential may not read {field_name} of {walk.connection}.",
                where=repository,
                next_step="grant the token read access to it",
            )
    return nodes


def iso(instant: datetime) -> str:
    """Return an instant as GitHub writes it, so that the two compare as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
