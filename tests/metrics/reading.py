"""Reads the files of real sets, and single values of their builds, for tests that compare the two."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

csv.field_size_limit(sys.maxsize)


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Return the rows of a CSV file as Python's own reader sees them."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:  # noqa: ANN401 - whatever the query returns
    row = con.execute(query).fetchone()
    assert row is not None
    return row if len(row) > 1 else row[0]


def naive(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None)
