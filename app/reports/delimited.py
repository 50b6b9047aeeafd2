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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.wording import harmless

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_QUOTED = re.compile(r'[",\r\n]')
# What :func:`app.wording.harmless` looks for, in SQL, whose regular expressions cannot look ahead: a formula's start
# is consumed, so that of two in a row only every other is found at a time, and a second pass finds the rest.
_STARTS_FORMULA = r"(^|[;\t\r\n])([ \"]*)([=+\-@\t\r＝＋－＠])"  # noqa: RUF001 (full-width on purpose)
_BATCH = 20_000
# A cell of a pack may be longer than what the library takes by default; no cell is longer than what DuckDB loads.
LONGEST_CELL = 1 << 26


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


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows as they come, heading first, and return how many there are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        for count, row in enumerate(rows, start=1):  # noqa: B007 (how many there were)
            file.write(",".join(map(encoded, row)) + "\n")
    return count


@dataclass(frozen=True)
class Written:
    """What a query wrote: how many rows, and its columns with their types."""

    rows: int
    columns: tuple[tuple[str, str], ...]


def write_query(con: DuckDBPyConnection, query: str, path: Path, values: Sequence[Any] = ()) -> Written:
    """Write a query's rows, sorted by all their columns, a batch at a time.

    Cells are made by SQL, since there are millions of them; they are the ones that :func:`encoded` makes.
    """
    described = con.execute(f"select * from ({query}\n) limit 0", list(values)).description or []
    columns = tuple((str(column[0]), str(column[1])) for column in described)
    names = [f"c{number}" for number in range(len(columns))]
    cursor = con.execute(_lines(query, names, [kind for _, kind in columns]), list(values))
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(name for name, _ in columns) + "\n")
        while rows := cursor.fetchmany(_BATCH):
            file.writelines(row[0] + "\n" for row in rows)
            count += len(rows)
    return Written(count, columns)


def _lines(query: str, names: Sequence[str], kinds: Sequence[str]) -> str:
    """Return SQL that makes a query's rows the lines of a file, sorted.

    What is done to a text is said once for all texts of a row: said for every column, it would take longer to plan
    than most tables of a pack to write.
    """
    texts = [name for name, kind in zip(names, kinds, strict=True) if not _is_plain(kind)]
    rows = f"({query}\n) rows({', '.join(names)})"
    if texts:
        given = ", ".join(f"cast({name} as varchar)" for name in texts)
        rows = f"(select *, list_transform([{given}], lambda given: {_text_cell('given')}) as texts from {rows}) rows"
    made = (
        f"texts[{texts.index(name) + 1}]" if name in texts else _plain_cell(name, kind)
        for name, kind in zip(names, kinds, strict=True)
    )
    return f"select concat_ws(',', {', '.join(made)}) from {rows} order by {', '.join(names)}"


def _is_plain(kind: str) -> bool:
    return kind in {"BOOLEAN", "DATE", "INTEGER", "DOUBLE", "FLOAT", "TIMESTAMP"} or kind.endswith("INT")


def _plain_cell(name: str, kind: str) -> str:
    """Return SQL that makes the cell of a column that is no text; never null."""
    text = f"cast({name} as varchar)"
    if kind in {"DOUBLE", "FLOAT"}:
        return f"case when {name} is null then '' when {name} = 0 then '0.0' else {text} end"
    if kind == "TIMESTAMP":
        whole = f"case when length({text}) > 19 then rpad({text}, 26, '0') else {text} end"
        return f"coalesce(replace({whole}, ' ', 'T') || 'Z', '')"
    return f"coalesce({text}, '')"


def _text_cell(text: str) -> str:
    """Return SQL that makes a text's cell; never null."""
    starts = "'" + _STARTS_FORMULA + "'"
    once = f"regexp_replace({{}}, {starts}, '\\1''\\2\\3', 'g')"
    safe = f"case when regexp_matches({text}, {starts}) then {once.format(once.format(text))} else {text} end"
    return (
        f"case when {text} is null then '' when {text} = '' then '\"\"' when regexp_matches({text}, '[\",\\r\\n]') "
        f"then '\"' || replace({safe}, '\"', '\"\"') || '\"' else {safe} end"
    )


def cells(path: Path) -> Iterator[list[str]]:
    """Yield a CSV file's rows, its heading first, every cell as text, null and empty alike as ``''``."""
    # The limit is the library's, not a reader's; set where it is needed rather than wherever this is imported.
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, strict=True)


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return a small CSV file's heading and rows."""
    rows = list(cells(path))
    return (rows[0], rows[1:]) if rows else ([], [])


def count_rows(path: Path) -> int:
    """Return how many rows a CSV file has below its heading."""
    return max(sum(1 for _ in cells(path)) - 1, 0)
