"""From answers of a source to staging rows, for tests: through the routes, the raw store and the SQL models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.connector import Parsed, Response, Route, route_for
from ingest.items import Json
from ingest.replay import replay
from ingest.store import Page, RawStore, Run
from sql.check import check_rows, portability_problems
from sql.engines import for_duckdb, parse
from sql.header import ROOT, read_model

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
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


def staged(store: RawStore, name: str) -> list[dict[str, Any]]:
    """Run one staging model over the store, check its header's promises, and return its rows in its own order."""
    source_type = name.split("_")[1]
    model = read_model(ROOT / "staging" / source_type / f"{name}.sql", "staging")
    tree = parse(model.select)
    assert portability_problems(tree) == []
    store.con.execute("set TimeZone = 'UTC'")
    store.con.execute(f"create or replace temp table {name} as {for_duckdb(tree, {})}")
    assert check_rows(store.con, model, name) == []
    frame = store.con.execute(f"select * from {name} order by {model.order_by}")
    names = [column[0] for column in frame.description or ()]
    return [dict(zip(names, row, strict=True)) for row in frame.fetchall()]
