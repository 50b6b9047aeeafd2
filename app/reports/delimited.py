"""CSV files of a pack: typed, sorted, the same bytes for the same rows, and harmless in a spreadsheet.

Owns how a cell is written and read back. Knows no table.

RFC 4180 with LF line ends and UTF-8. Null is nothing between the commas, an empty text is ``""``. Instants are UTC in
ISO 8601 with ``Z``. Text that a spreadsheet would run as a formula gets a leading apostrophe; all of a pack is computed
from the text as it stands in the pack, so an apostrophe never makes two files disagree.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_QUOTED = re.compile(r'[",\r\n]')
# A formula starts a cell, or starts what another list separator would make a cell; full-width signs count too.
_FORMULA = re.compile(r"(^|[;\t\r\n])([ \"]*)(?=[=+\-@\t\r＝＋－＠])")  # noqa: RUF001 (full-width on purpose)
_BATCH = 20_000


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs, whatever list separator it assumes; a harmless one is returned as is."""
    return _FORMULA.sub(r"\1'\2", text)


def encoded(value: object) -> str:
    """Return one value as a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = harmless(value)
        return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text
    return plain(value)


def plain(value: object) -> str:
    """Return a value that is neither text nor null as it stands in a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # Adding zero turns minus zero into zero: engines differ in which of the two they return.
        return repr(value + 0.0) if math.isfinite(value) else str(value)
    return str(value)


def document(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as one CSV text, heading first."""
    out = io.StringIO()
    out.write(",".join(columns) + "\n")
    for row in rows:
        out.write(",".join(map(encoded, row)) + "\n")
    return out.getvalue()


def write_query(con: DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows, sorted by all their columns, and return how many there are."""
    cursor = con.execute(f"select * from ({query}\n) order by all")
    columns = [column[0] for column in cursor.description or ()]
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        while rows := cursor.fetchmany(_BATCH):
            file.writelines(",".join(map(encoded, row)) + "\n" for row in rows)
            count += len(rows)
    return count


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return a CSV file's heading and rows, every cell as text, null and empty alike as ``''``."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    return (rows[0], rows[1:]) if rows else ([], [])
