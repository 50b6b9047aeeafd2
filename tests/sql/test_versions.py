from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingest.store import RawStore
from sql.engines import parse, prepare
from sql.versions import find_latest, read_latest

WINDOW = """row_number() over (partition by source, record_key
    order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc) = 1"""
STREAM = "raw.github_pull_requests"
EARLY = datetime(2026, 1, 5)


@pytest.fixture
def con(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A raw store with records of one and of several versions, some without an instant, in no order."""
    path = tmp_path / "store.duckdb"
    rows = [
        ("a", "one", EARLY, EARLY, "1"),
        ("a", "two", EARLY + timedelta(days=1), EARLY, "1"),
        ("a", "two", EARLY, EARLY + timedelta(days=9), "2"),
        ("b", "two", EARLY, EARLY, "2"),
        ("a", "three", None, EARLY, "1"),
        ("a", "three", None, EARLY + timedelta(days=1), "2"),
        ("a", "four", None, EARLY, "1"),
        ("a", "four", None, EARLY, "2"),
    ]
    with RawStore(path) as store:
        for source, key, version, fetched, sha in rows:
            store.con.execute(
                f"insert into {STREAM} (source, record_key, payload, payload_sha256, version_at, fetched_at, run_id) "
                "values (?, ?, '{}', ?, ?, ?, 'run')",
                [source, key, sha, version, fetched],
            )
    con = duckdb.connect(":memory:")
    con.execute(f"attach '{path}' as store (read_only)")
    con.execute("attach ':memory:' as work")
    con.execute("attach ':memory:' as build")
    prepare(con)
    return con


def test_the_latest_versions_are_those_that_the_window_chooses(con: duckdb.DuckDBPyConnection) -> None:
    """The newest version of each record, by its own instant, then by when it was read, then by its content."""
    find_latest(con, "github_pull_requests")
    columns = "source, record_key, payload_sha256"
    assert (
        con.execute(f"select {columns} from latest.github_pull_requests order by all").fetchall()
        == con.execute(f"select {columns} from {STREAM} qualify {WINDOW} order by all").fetchall()
        == [("a", "four", "2"), ("a", "one", "1"), ("a", "three", "2"), ("a", "two", "1"), ("b", "two", "2")]
    )


def test_a_stream_without_superseded_versions_is_read_as_it_is(con: duckdb.DuckDBPyConnection) -> None:
    """Where every record has one version there is nothing to leave out."""
    find_latest(con, "github_issues")
    assert con.execute("select count(*) from duckdb_tables() where database_name = 'work'").fetchall() == [(0,)]
    assert con.execute("select count(*) from latest.github_issues").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("select", "streams"),
    [
        (f"select record_key from {STREAM} qualify {WINDOW}", {"github_pull_requests"}),
        (f"select k from (select record_key as k from {STREAM} p qualify {WINDOW}) x", {"github_pull_requests"}),
        (f"select record_key from {STREAM} where record_key > 'a' qualify {WINDOW}", set()),
        (f"select record_key from {STREAM} qualify {WINDOW.replace('desc', 'asc')}", set()),
        (f"select record_key from {STREAM} qualify {WINDOW.replace('source, ', '')}", set()),
        (f"select record_key from staging.stg_github_changes qualify {WINDOW}", set()),
    ],
)
def test_only_the_plain_choice_of_latest_versions_is_read_so(select: str, streams: set[str]) -> None:
    """A filter before the choice, another order or another key chooses other rows."""
    tree = parse(select)
    before = tree.sql()
    assert read_latest(tree) == streams
    assert (tree.sql() == before) is not bool(streams)
