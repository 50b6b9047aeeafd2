"""Delimited text files: dialect, encoding, line numbers, and the lines that are no rows.

Owns how a line becomes cells. A bad line never costs its neighbours: after an unclosed quote reading goes on at the
next line. Refuses to know what a column means.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import orjson

from ingest.files.mapping import Dialect, FileMapping
from ingest.files.rows import BATCH_ROWS, BadLine, Batch, Wanted, require_columns, table_of, unique_names
from models.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_CELL = 1 << 24


def delimiter_of(path: Path, dialect: Dialect) -> str:
    """Return the mapping's delimiter, else the one the file's extension stands for."""
    return dialect.delimiter or ("\t" if path.suffix.lower() in {".tsv", ".tab"} else ",")


def read_csv(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the rows of a delimited text file.

    Raises:
        InputError: Wrong delimiter, a missing column, a wrong encoding.
    """
    with path.open(encoding=_codec(mapping.dialect), newline="") as file:
        rows = _Rows(file, path, mapping.dialect)
        try:
            yield from _batches(rows, path, mapping, list(wanted[""]))
        except UnicodeDecodeError as error:
            raise InputError(
                f"The file is not {mapping.dialect.encoding} text: byte 0x{error.object[error.start]:02x} after line "
                f"{rows.line} does not fit.",
                where=str(path),
                kept="nothing was stored",
                next_step="set dialect.encoding in the mapping; exports of spreadsheet programs are often windows-1252",
            ) from error


def column_names(path: Path, mapping: FileMapping) -> list[str]:
    """Return the names of a file's columns, in order; raises as ``read_csv``."""
    with path.open(encoding=_codec(mapping.dialect), newline="") as file:
        return _header(_Rows(file, path, mapping.dialect), path, mapping, [])[0]


def _codec(dialect: Dialect) -> str:
    """Return the encoding to open with; of UTF-8 the one that drops a byte-order mark."""
    return "utf-8-sig" if dialect.encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else dialect.encoding


class _Rows:
    """Cells line by line, remembering the text of the row at hand so that a bad one can be kept as it was."""

    def __init__(self, file: TextIO, path: Path, dialect: Dialect) -> None:
        self.file = file
        self.line = 0
        self.taken: list[str] = []
        self.pending: deque[str] = deque()
        self.options: dict[str, Any] = {"delimiter": delimiter_of(path, dialect), "strict": True}
        self.options |= {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
        csv.field_size_limit(_LONGEST_CELL)
        self.reader = csv.reader(self._lines(), **self.options)

    def _lines(self) -> Iterator[str]:
        taken, pending = self.taken, self.pending
        while pending:
            line = pending.popleft()
            taken.append(line)
            yield line
        for line in self.file:
            taken.append(line)
            yield line

    def skip(self, count: int) -> None:
        """Leave out lines before the header."""
        for _ in range(count):
            self.line += 1 if self.file.readline() else 0

    def __iter__(self) -> Iterator[tuple[int, list[str] | None, str]]:
        """Yield (line number, cells or None, what is wrong); blank lines are passed over."""
        while True:
            try:
                cells = next(self.reader, None)
            except csv.Error as error:
                yield self.line + 1, None, f"the line cannot be read: {error}"
                self.give_back()
                continue
            if cells is None:
                return
            if cells:
                yield self.line + 1, cells, ""
            self.line += len(self.taken)
            self.taken.clear()

    def give_back(self) -> None:
        """Count only the first line of the row at hand as read; the following ones are read again."""
        if self.taken:
            self.line += 1
        self.pending.extendleft(reversed(self.taken[1:]))
        self.taken.clear()
        self.reader = csv.reader(self._lines(), **self.options)

    @property
    def first_line(self) -> str:
        """The first line of the row at hand, as it is in the file."""
        return self.taken[0].rstrip("\r\n") if self.taken else ""


def _header(rows: _Rows, path: Path, mapping: FileMapping, wanted: list[str]) -> tuple[list[str], list[list[str]]]:
    """Return the column names and, when the file has no header, the first row, which is data."""
    rows.skip(mapping.dialect.skip_lines)
    found = next(iter(rows), None)
    if found is None or found[1] is None:
        raise InputError(
            "The file is empty." if found is None else f"The header cannot be read: {found[2]}.",
            where=str(path),
            kept="nothing was stored",
            next_step="export the file again, or correct dialect.skip_lines in the mapping",
        )
    cells = found[1]
    if mapping.dialect.header:
        names = unique_names(cells)
    else:
        names = list(mapping.dialect.columns) or unique_names([""] * len(cells))
    _check_delimiter(rows, path, names, wanted, mapping)
    require_columns(path, names, wanted, mapping.optional_columns)
    return names, [] if mapping.dialect.header else [cells]


def _check_delimiter(rows: _Rows, path: Path, names: list[str], wanted: list[str], mapping: FileMapping) -> None:
    used = rows.options["delimiter"]
    counts = {other: rows.first_line.count(other) for other in DELIMITERS if other != used}
    likely = max(counts, key=lambda other: counts[other])
    if len(names) > 1 or not counts[likely] or all(name in names for name in wanted):
        return
    raise InputError(
        f"Only one column was found with the delimiter {used!r}; the header holds {counts[likely]} of {likely!r}.",
        where=f"{path}, line {rows.line + 1}",
        kept="nothing was stored",
        next_step=f"set dialect.delimiter = {orjson.dumps(likely).decode()} in mapping '{mapping.name}'",
    )


def _batches(rows: _Rows, path: Path, mapping: FileMapping, wanted: list[str]) -> Iterator[Batch]:
    size = path.stat().st_size or 1
    names, first = _header(rows, path, mapping, wanted)
    batch = _Collected(names, wanted)
    fill = mapping.dialect.short_rows == "fill"
    # Cells under blank names at the end of the header may be left out of a row.
    named = [place for place, name in enumerate(names, start=1) if name != f"column_{place}"]
    least = 0 if fill else max(named, default=len(names))
    if first:
        batch.add(rows.line + 1, first[0])
    rows.line += len(rows.taken)
    rows.taken.clear()
    for line, cells, problem in rows:
        if cells is not None and len(cells) != len(names):
            cells, problem = _fitted(cells, len(names), least)
        if cells is None:
            batch.bad.append(BadLine(line, rows.first_line, problem))
            if len(rows.taken) > 1 and not problem.startswith("the line"):
                rows.give_back()
        else:
            batch.add(line, cells)
        if len(batch.lines) + len(batch.bad) >= BATCH_ROWS:
            yield batch.close(min(1.0, rows.file.buffer.tell() / size))
            batch = _Collected(names, wanted)
    yield batch.close(1.0)


def _fitted(cells: list[str], width: int, least: int) -> tuple[list[str] | None, str]:
    """Drop extra blank cells at the end, fill up what may be left out, else say what is wrong."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width], ""
    if least <= len(cells) < width:
        return cells + [""] * (width - len(cells)), ""
    return None, f"{len(cells)} columns where the header has {width}"


class _Collected:
    """Rows of the batch at hand."""

    def __init__(self, names: list[str], wanted: list[str]) -> None:
        order = sorted(range(len(names)), key=lambda place: names[place])
        self.sorted_names = [names[place] for place in order]
        self.sort: Callable[[list[str]], Any] = itemgetter(*order) if len(order) > 1 else list
        self.places = [names.index(name) if name in names else None for name in wanted]
        self.lines: list[int] = []
        self.cells: list[list[str]] = []
        self.rows: list[bytes] = []
        self.bad: list[BadLine] = []

    def add(self, line: int, cells: list[str]) -> None:
        """Take a row; one with a NUL byte is set aside, since no text may hold one."""
        row = orjson.dumps(dict(zip(self.sorted_names, self.sort(cells), strict=True)))
        if b"\\u0000" in row and any("\0" in cell for cell in cells):
            self.bad.append(BadLine(line, row.decode(), "the line holds a NUL byte"))
            return
        self.lines.append(line)
        self.cells.append(cells)
        self.rows.append(row)

    def close(self, done: float) -> Batch:
        """Return the batch."""
        columns: list[list[str | None]] = [
            [None] * len(self.cells) if place is None else [cells[place] for cells in self.cells]
            for place in self.places
        ]
        table = table_of(self.lines, self.rows, columns)
        return Batch({"": table}, self.bad, len(self.lines) + len(self.bad), done)
