"""Runs one staging model over a raw store, the way a build does, and checks the promises of its header."""

from __future__ import annotations

from typing import Any

from ingest.store import RawStore
from models.records import KINDS, plural
from sql.check import check_rows, portability_problems
from sql.engines import for_duckdb, parse
from sql.header import ROOT, read_model


def staged(store: RawStore, source_type: str, kind: str) -> list[dict[str, Any]]:
    """Return the rows of ``stg_<source type>_<kind plural>`` as dictionaries, by the record's key."""
    name = f"stg_{source_type}_{plural(kind)}"
    model = read_model(ROOT / "staging" / source_type / f"{name}.sql", "staging")
    tree = parse(model.select)
    assert portability_problems(tree) == []
    store.con.execute("set TimeZone = 'UTC'")
    store.con.execute(f"create or replace temp table {name} as {for_duckdb(tree, model.select)}")
    assert check_rows(store.con, model, name) == []
    cursor = store.con.execute(f"select * from {name} order by key")
    columns = [column[0] for column in cursor.description]
    assert columns == ["source", "source_event_id", *KINDS[kind].model_fields]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    store.con.execute(f"drop table {name}")
    return rows
