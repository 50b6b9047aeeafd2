"""What every reader of files hands over: batches of rows as text, and lines that are no rows.

Owns the shape of a batch and the errors about columns. Refuses to know any file format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from models.errors import InputError
from models.nearest import nearest

BATCH_ROWS = 20_000
# What a path leads to where it leads nowhere; a value of null is something else.
MISSING: Any = object()


@dataclass(frozen=True)
class BadLine:
    """A line that is no row: its number in the file, its text and what is wrong with it."""

    line: int
    text: str
    problem: str


@dataclass
class Batch:
    """Some rows of a file.

    Args:
        tables: Per list path a table with ``line``, ``row`` (JSON text) and the wanted columns as ``c0``, ``c1``, …
        bad_lines: Lines set aside.
        rows: Rows of the file it covers, those set aside included.
        done: Share of the file that has been read, 0 to 1, where it is known.
    """

    tables: dict[str, pa.Table]
    bad_lines: list[BadLine] = field(default_factory=list)
    rows: int = 0
    done: float | None = None


Wanted = Mapping[str, Sequence[str]]
Reader = Callable[..., Iterable[Batch]]


def table_of(lines: Sequence[int], rows: Sequence[bytes], columns: Sequence[Sequence[str | None]]) -> pa.Table:
    """Return the Arrow table of a batch: line numbers, JSON of the rows, and the wanted columns' texts."""
    arrays = [pa.array(lines, pa.int64()), pa.array(rows, pa.binary()).cast(pa.string())]
    arrays += [pa.array(column, pa.string()) for column in columns]
    return pa.table(arrays, names=["line", "row", *(f"c{place}" for place in range(len(columns)))])


def cell_text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON can hold
    """Return a JSON value as the text of a cell; a list of plain values is joined by ``|``."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(not isinstance(item, dict | list) for item in value):
        return "|".join(text for item in value if (text := cell_text(item)))
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if isinstance(value, dict | list) else str(value)


def at(value: Any, path: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what a dotted path leads to; a key that holds the dots itself wins. ``MISSING`` when it leads nowhere.

    Through a list of objects it leads to what each of them holds.
    """
    if isinstance(value, dict) and path in value:
        return value[path]
    parts = path.split(".")
    for place, part in enumerate(parts):
        if value is None:
            return None
        if isinstance(value, list) and place:
            held = [at(one, ".".join(parts[place:])) for one in value]
            found = [one for one in held if one is not None and one is not MISSING]
            return found if found or not value or None in held else MISSING
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def unique_names(header: Iterable[str]) -> list[str]:
    """Return column names that differ: blank ones are ``column_3``, a second ``note`` is ``note_2``."""
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = plain = cell.strip() or f"column_{place}"
        number = 1
        while name in names:
            number += 1
            name = f"{plain}_{number}"
        names.append(name)
    return names


def require_columns(path: Path, have: Sequence[str], wanted: Iterable[str], optional: Iterable[str]) -> None:
    """Check that the file has every column the mapping reads.

    Raises:
        InputError: One is missing; its nearest neighbours are named.
    """
    missing = [name for name in wanted if name not in have and name not in set(optional)]
    if not missing:
        return
    named = []
    for name in missing:
        shown = nearest(name, have)
        named.append(f"'{name}'" + (f" (nearest: {', '.join(repr(column) for column in shown)})" if shown else ""))
    raise InputError(
        f"The file has no column {', '.join(named)}, which the mapping reads.",
        where=f"{path}, columns: {', '.join(have)}",
        kept="nothing was stored",
        next_step="correct the mapping, or list the column in optional_columns",
    )
