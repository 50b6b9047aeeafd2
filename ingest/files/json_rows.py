"""JSON Lines and JSON documents: objects as rows, nested lists as rows of their own.

Owns how a path reads an object. Refuses to know what a value means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import orjson

from ingest.files.documents import document_bytes
from ingest.files.mapping import FileMapping
from ingest.files.rows import BATCH_ROWS, MISSING, BadLine, Batch, Wanted, at, cell_text, require_columns, table_of
from models.errors import InputError

LARGEST_DOCUMENT = 256 * 1024 * 1024
_PARENT = "parent."
_DOCUMENT = "document."
# A batch's objects are held until it is handed over, and a line may be long.
_BATCH_BYTES = 64 * 1024 * 1024


def read_json_lines(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the objects of a file that holds one JSON object per line.

    Raises:
        InputError: No object has a column that the mapping reads; the text is not UTF-8.
    """
    size = path.stat().st_size or 1
    collected = _Collected(path, mapping, wanted)
    done = 0
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):
            done += len(text)
            if line == 1:
                text = text.removeprefix(b"\xef\xbb\xbf")
            if not text.strip():
                continue
            if not collected.is_begun and (text.lstrip().startswith(b"[") or text.strip() == b"{"):
                raise InputError(
                    "The file is one JSON document, not one object per line.",
                    where=str(path),
                    kept="nothing was stored",
                    next_step='set format = "json" in the mapping',
                )
            collected.add_text(line, text)
            if collected.is_full:
                yield collected.close(done / size)
    yield collected.close(1.0)


def read_json_document(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the objects of a list in a JSON document, at the path ``items`` of the mapping.

    Raises:
        InputError: The document is no JSON, too large to be read whole, or has no list at that path.
    """
    if path.stat().st_size > LARGEST_DOCUMENT:
        raise InputError(
            f"A JSON document is read whole, and this one is larger than {LARGEST_DOCUMENT // 2**20} MB.",
            where=str(path),
            kept="nothing was stored",
            next_step=f"write one object per line: jq -c '.{mapping.items}[]' {path.name} > {path.stem}.jsonl",
        )
    try:
        document = orjson.loads(document_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"The file is not a JSON document: {error}.",
            where=str(path),
            kept="nothing was stored",
            next_step='for one object per line set format = "jsonl" in the mapping',
        ) from error
    items = at(document, mapping.items) if mapping.items else document
    if not isinstance(items, list):
        keys = ", ".join(document) if isinstance(document, dict) else "none"
        raise InputError(
            f"There is no list at '{mapping.items}' in the document." if mapping.items else "The document is no list.",
            where=f"{path}, keys: {keys}",
            kept="nothing was stored",
            next_step="set items in the mapping to the path of the list",
        )
    collected = _Collected(path, mapping, wanted, document)
    for number, item in enumerate(items, start=1):
        collected.add(number, item)
        if collected.is_full:
            yield collected.close(number / len(items))
    yield collected.close(1.0)


def _found(chains: Sequence[Sequence[Any]], document: object, column: str) -> list[Any]:
    """Return a column's value of each row; a chain is the row's object and the objects around it, innermost first.

    All chains have the same length.
    """
    depth = 0
    while column.startswith(_PARENT) and depth + 1 < len(chains[0]):
        column, depth = column.removeprefix(_PARENT), depth + 1
    if column.startswith(_DOCUMENT):
        return [at(document, column.removeprefix(_DOCUMENT))] * len(chains)
    values = [chain[depth].get(column, MISSING) for chain in chains]
    if "." in column and MISSING in values:
        return [
            at(chain[depth], column) if value is MISSING else value for chain, value in zip(chains, values, strict=True)
        ]
    return values


def _cells(values: list[Any]) -> list[str | None]:
    """Return a column's values as texts of cells; most columns hold nothing but texts."""
    if set(map(type, values)) <= {str, NoneType}:
        return values
    return [value if type(value) is str else None if value is MISSING else cell_text(value) for value in values]


class _Collected:
    """Objects of the batch at hand, per list path."""

    def __init__(self, path: Path, mapping: FileMapping, wanted: Wanted, document: object = None) -> None:
        self.path, self.mapping, self.wanted, self.document = path, mapping, wanted, document
        self.seen: dict[str, set[str]] = {name: set() for name in wanted}
        self.keys: set[str] = set()
        self.is_first = True
        self.is_begun = False
        self.consumed = {name.partition(".")[0] for name in wanted if name}
        self._clear()

    def _clear(self) -> None:
        self.lines: dict[str, list[int]] = {name: [] for name in self.wanted}
        self.rows: dict[str, list[bytes]] = {name: [] for name in self.wanted}
        self.chains: dict[str, list[Sequence[Any]]] = {name: [] for name in self.wanted}
        self.bad: list[BadLine] = []
        self.count = self.taken = self.bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the batch should be handed over."""
        return self.count >= BATCH_ROWS or self.taken >= 2 * BATCH_ROWS or self.bytes >= _BATCH_BYTES

    def add_text(self, line: int, text: bytes) -> None:
        """Take one line of JSON."""
        self.is_begun = True
        try:
            self.add(line, orjson.loads(text))
        except orjson.JSONDecodeError as error:
            self.count += 1
            shown = text.rstrip(b"\r\n").decode("utf-8", errors="replace")
            self.bad.append(BadLine(line, shown, f"the line is not JSON: {error}"))

    def add(self, line: int, item: object) -> None:
        """Take one object, with the nested lists that sections read."""
        self.count += 1
        if not isinstance(item, dict):
            self.bad.append(BadLine(line, orjson.dumps(item).decode(), "not a JSON object"))
            return
        own = {key: value for key, value in item.items() if key not in self.consumed} if self.consumed else item
        if b"\\u0000" in (row := orjson.dumps(own, option=orjson.OPT_SORT_KEYS)) and has_nul(item):
            self.bad.append(BadLine(line, row.decode(), "the line holds a NUL byte"))
            return
        self.keys.update(item)
        self._take("", line, row, (item,))
        for list_path in self.wanted:
            if list_path:
                self._descend(list_path, list_path.split("."), line, [item])

    def _descend(self, list_path: str, steps: list[str], line: int, chain: list[Any]) -> None:
        nested = at(chain[0], steps[0])
        if nested is MISSING or nested is None:
            return
        for item in nested if isinstance(nested, list) else [nested]:
            if not isinstance(item, dict):
                item = {"item": item}
            if len(steps) > 1:
                self._descend(list_path, steps[1:], line, [item, *chain])
            elif has_nul(item):
                self.bad.append(BadLine(line, orjson.dumps(item).decode(), "the line holds a NUL byte"))
            else:
                self._take(list_path, line, self._nested_row(list_path, item, chain), [item, *chain])

    def _nested_row(self, list_path: str, item: dict[str, Any], chain: list[Any]) -> bytes:
        """Return an item with what the mapping reads of the objects around it, and without lists read apart."""
        deeper = {
            name[len(list_path) + 1 :].partition(".")[0] for name in self.wanted if name.startswith(list_path + ".")
        }
        row = {key: value for key, value in item.items() if key not in deeper}
        for column in self.wanted[list_path]:
            if column.startswith((_PARENT, _DOCUMENT)):
                (value,) = _found([[item, *chain]], self.document, column)
                row[column] = None if value is MISSING else value
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)

    def _take(self, list_path: str, line: int, row: bytes, chain: Sequence[Any]) -> None:
        self.lines[list_path].append(line)
        self.rows[list_path].append(row)
        self.chains[list_path].append(chain)
        self.taken += 1
        self.bytes += len(row)

    def _columns(self, list_path: str) -> list[list[str | None]]:
        """Return the wanted columns of a list's rows, and remember which of them any row has."""
        columns = []
        for column in self.wanted[list_path]:
            values = _found(self.chains[list_path], self.document, column)
            if any(value is not MISSING for value in values):
                self.seen[list_path].add(column)
            columns.append(_cells(values))
        return columns

    def close(self, done: float) -> Batch:
        """Return the batch and start the next one."""
        tables = {
            name: table_of(self.lines[name], self.rows[name], self._columns(name))
            for name in self.wanted
            if self.lines[name]
        }
        if self.is_first:
            self._require_columns()
        self.is_first = False
        batch = Batch(tables, self.bad, self.count, min(1.0, done))
        self._clear()
        return batch

    def _require_columns(self) -> None:
        """Check the first batch: a column that none of its objects has is a mistake in the mapping."""
        for list_path, columns in self.wanted.items():
            if self.lines[list_path]:
                have = sorted(
                    self.keys if not list_path else {k for r in self.rows[list_path] for k in orjson.loads(r)}
                )
                have += sorted(self.seen[list_path] - set(have))
                require_columns(
                    self.path,
                    have,
                    [c for c in columns if c not in self.seen[list_path]],
                    self.mapping.optional_columns,
                )


def has_nul(value: object) -> bool:
    """Whether a JSON value holds a NUL character anywhere, which no text column may."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(has_nul(item) for item in value)
