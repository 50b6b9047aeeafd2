"""Replaying recorded responses through the code that talks to the sources, instead of the network.

Owns which connector a recorded address belongs to and what becomes of recordings nobody understands. Refuses to know
the file formats (``ingest.recordings``) and the sources (their routes).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from ingest.connector import Parsed, Response, Route, route_for
from ingest.progress import Progress, Report, silent
from ingest.recordings import Recording, Unreadable, read_recordings
from ingest.secrets import Scrubber
from ingest.store import RawStore
from ingest.store_records import Page, Rejected, Run

RunFactory = Callable[[str, str], Run]
_FAILED = 400


@dataclass(frozen=True)
class StreamCount:
    """What a replay brought for one stream of one source."""

    source: str
    stream: str
    received: int
    stored: int
    unchanged: int
    rejected: int


@dataclass
class ReplayResult:
    """What a replay did.

    Args:
        streams: Counts per source and stream.
        unrouted: Addresses no connector understands, numbers replaced by ``0``, with the count of their items.
        failed: Recorded refusals and failures of a source, by status.
        unreadable: Files and lines that are no recording.
    """

    streams: Sequence[StreamCount] = ()
    responses: int = 0
    unrouted: Counter[str] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)


def replay(
    store: RawStore,
    run_factory: RunFactory,
    directory: Path,
    connectors: Mapping[str, Sequence[Route]],
    report: Report = silent,
) -> ReplayResult:
    """Feed every recorded response under ``directory`` to the route that would have parsed it from the network.

    Watermarks are left alone: a replay says nothing about what the source holds now.

    Args:
        store: Open for writing, under the workspace's writer lock.
        run_factory: Opens a run for (source name, source type); called once per source type that occurs.
        directory: Folder of recordings, searched to any depth.
        connectors: Routes by source type; the source's name is its type.
        report: Called after every response.

    Raises:
        InputError: There is no such folder.
    """
    result = ReplayResult()
    runs: dict[str, Run] = {}
    began, received = monotonic(), 0
    for recording in read_recordings(directory):
        if isinstance(recording, Unreadable):
            result.unreadable.append(recording)
            continue
        if recording.status >= _FAILED:
            result.failed[recording.status] += 1
            continue
        source_type, route = _connector_for(connectors, recording.url)
        if route is None:
            size = 1 if recording.items is None else len(recording.items) + len(recording.malformed)
            result.unrouted[_shape(recording.url)] += size
            continue
        run = runs.get(source_type) or runs.setdefault(source_type, run_factory(source_type, source_type))
        page = page_of(recording, route)
        received += store.write_page(run, page)["received"]
        result.responses += 1
        report(Progress(run.source, str(page.stream), page.scope, received, result.responses, monotonic() - began))
    for run in runs.values():
        store.finish_run(run)
    result.streams = tuple(count for run in runs.values() for count in _counts(store, run))
    return result


def page_of(recording: Recording, route: Route) -> Page:
    """Return the page that a recorded response makes, malformed items among the rejects."""
    body = recording.body if recording.items is None else route.wrap(recording.items)
    url = Scrubber().url(recording.url)
    fetched_at = recording.fetched_at or datetime.now(UTC)
    parsed: Parsed = route.parse(Response(url, body, fetched_at, recording.request, recording.headers))
    malformed = [Rejected(parsed.stream, text, reason) for text, reason in recording.malformed]
    return Page(
        stream=parsed.stream,
        scope=parsed.scope,
        records=parsed.records,
        rejected=[*parsed.rejected, *malformed],
        request_url=url,
        fetched_at=fetched_at,
        requests=0,
        reported=parsed.reported,
    )


def _connector_for(connectors: Mapping[str, Sequence[Route]], url: str) -> tuple[str, Route | None]:
    for source_type, routes in connectors.items():
        if route := route_for(routes, url):
            return source_type, route
    return "", None


def _shape(url: str) -> str:
    """Return an address without its query and with numbers as ``0``, so that alike ones are counted together."""
    return (
        re.sub(r"(?<=[/-])\d+(?=[/.]|$)", "0", re.split(r"[?\s(]", Scrubber().url(url), maxsplit=1)[0])
        or "(no address)"
    )


def _counts(store: RawStore, run: Run) -> list[StreamCount]:
    rows = store.con.execute(
        "select stream, sum(received)::bigint, sum(stored)::bigint, sum(unchanged)::bigint, sum(rejected)::bigint "
        "from raw.run_streams where run_id = ? group by stream order by stream",
        [run.run_id],
    ).fetchall()
    return [StreamCount(run.source, *row) for row in rows]
