"""From answers of a source into the raw store, for tests: through the routes that a sync uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.connector import Parsed, Response, Route, route_for
from ingest.items import Json
from ingest.replay import replay
from ingest.store import RawStore
from ingest.store_records import Page, Run
from tests.conftest import SHARED

RECORDED = SHARED / "devlake-e2e"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def recorded(source_type: str) -> Path:
    """Return the folder of another project's recorded answers, or skip."""
    folder = RECORDED / source_type / "e2e" / "raw_tables"
    if not folder.is_dir():
        pytest.skip("recorded answers (../shared/data/devlake-e2e) are not on this machine")
    return folder


def answer(url: str, body: Json, *, fetched_at: datetime = NOON, **rest: Json) -> Response:
    """Make an answer of a source."""
    return Response(url, body, fetched_at, **rest)


def parsed(routes: Sequence[Route], response: Response) -> Parsed:
    """Read an answer through the route that its address leads to."""
    route = route_for(routes, response.url)
    assert route is not None, f"no route for {response.url}"
    return route.parse(response)


def keep(store: RawStore, routes: Sequence[Route], *responses: Response, source: str = "here") -> Run:
    """Store answers in the order given, as one run."""
    run = store.begin_run(source, "test", "test")
    for response in responses:
        result = parsed(routes, response)
        store.write_page(
            run,
            Page(
                result.stream,
                result.records,
                result.rejected,
                scope=result.scope,
                request_url=response.url,
                fetched_at=response.fetched_at,
            ),
        )
    store.finish_run(run)
    return run


def replayed(store: RawStore, source_type: str, routes: Sequence[Route]) -> None:
    """Store every recorded answer of another project."""
    replay(
        store, lambda name, kind: store.begin_run(name, kind, "replay"), recorded(source_type), {source_type: routes}
    )
