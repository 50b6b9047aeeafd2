"""Parquet files and spreadsheets: typed cells as text.

Owns how a typed cell is written as text. Refuses to guess types: a number stays the number, a formula is whatever the
program that saved the file stored as its result, and nothing is ever calculated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

from ingest.files.mapping import FileMapping
from ingest.files.rows import (
    BATCH_ROWS,
    BadLine,
    Batch,
    Wanted,
    cell_text,
    require_columns,
    table_of,
    unique_names,
)
from models.errors import InputError


def read_parquet(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the rows of a Parquet file.

    Raises:
        InputError: No Parquet, compressed with Brotli, or a column is missing.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"The file is not Parquet: {error}.",
            where=str(path),
            kept="nothing was stored",
            next_step="export it again, or as CSV; the file may have been cut short when it was copied",
        ) from error
    with file:
        _refuse_brotli(path, file)
        names = unique_names(file.schema_arrow.names)
        require_columns(path, names, wanted[""], mapping.optional_columns)
        total, line = file.metadata.num_rows or 1, 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            columns = [_texts(column) for column in batch.columns]
            yield _batch(names, wanted[""], range(line + 1, line + 1 + batch.num_rows), columns, line / total)
            line += batch.num_rows


def _refuse_brotli(path: Path, file: pq.ParquetFile) -> None:
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(column)
            if chunk.compression.upper() == "BROTLI":
                raise InputError(
                    f"The column '{chunk.path_in_schema}' is compressed with Brotli, which is not read.",
                    where=str(path),
                    kept="nothing was stored",
                    next_step="write the file again with zstd, snappy or gzip compression",
                )


def _texts(column: pa.Array) -> list[str | None]:
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [cell_text(_plain(value)) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    return list(column.cast(pa.string()).to_pylist())


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a nested column can hold
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def read_xlsx(path: Path, mapping: FileMapping, wanted: Wanted) -> Iterator[Batch]:
    """Yield the rows of one sheet of a spreadsheet file.

    Raises:
        InputError: No spreadsheet, no such sheet, an empty sheet, or a column is missing.
    """
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            if not book.sheet_names:
                raise InputError(
                    "The file has no sheet.", where=str(path), kept="nothing was stored",
                    next_step="export the file again",
                )  # fmt: skip
            sheet = book.get_sheet_by_name(mapping.sheet or book.sheet_names[0])
            first_line = (sheet.start or (0, 0))[0] + 1
            rows = sheet.to_python(skip_empty_area=True)
            names_of_sheets = ", ".join(book.sheet_names)
    except WorksheetNotFound:
        with CalamineWorkbook.from_path(str(path)) as book:
            names_of_sheets = ", ".join(book.sheet_names)
        raise InputError(
            f"There is no sheet '{mapping.sheet}'; there are: {names_of_sheets}.",
            where=str(path),
            kept="nothing was stored",
            next_step="set sheet in the mapping",
        ) from None
    except (CalamineError, OSError) as error:
        raise InputError(
            f"The file is not XLSX: {error}.",
            where=str(path),
            kept="nothing was stored",
            next_step="save it again as .xlsx or CSV; a file with a password is not read",
        ) from error
    yield from _sheet_batches(path, mapping, wanted, rows, first_line)


def leading_rows(path: Path, count: int = 50) -> list[list[str]]:
    """Return the texts of the first rows of a workbook's first sheet; none where it cannot be read."""
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            rows = book.get_sheet_by_index(0).to_python(skip_empty_area=True, nrows=count) if book.sheet_names else []
    except (CalamineError, OSError):
        return []
    return [[_cell(cell) for cell in row] for row in rows]


def _sheet_batches(
    path: Path, mapping: FileMapping, wanted: Wanted, rows: list[list[Any]], first_line: int
) -> Iterator[Batch]:
    rows = rows[mapping.dialect.skip_lines :]
    first_line += mapping.dialect.skip_lines
    if not rows:
        raise InputError("The sheet is empty.", where=str(path), kept="nothing was stored", next_step="set sheet")
    if mapping.dialect.header:
        names = unique_names(_cell(cell) for cell in rows[0])
        rows, first_line = rows[1:], first_line + 1
    else:
        names = list(mapping.dialect.columns) or unique_names([""] * len(rows[0]))
    require_columns(path, names, wanted[""], mapping.optional_columns)
    for start in range(0, max(len(rows), 1), BATCH_ROWS):
        texts = [[_cell(cell) for cell in row] for row in rows[start : start + BATCH_ROWS]]
        numbered = [(first_line + start + n, row) for n, row in enumerate(texts) if any(row)]
        columns: list[Sequence[str | None]] = [[row[n] for _, row in numbered] for n in range(len(names))]
        done = min(1.0, (start + BATCH_ROWS) / (len(rows) or 1))
        yield _batch(names, wanted[""], [line for line, _ in numbered], columns, done)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a cell can hold
    """Return a spreadsheet's cell as text; whole numbers without a fraction, times as ISO."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return "" if value is None else str(value)


def _batch(
    names: Sequence[str],
    wanted: Sequence[str],
    lines: Sequence[int],
    columns: Sequence[Sequence[str | None]],
    done: float,
) -> Batch:
    """Return a batch of text columns; a row with a NUL byte is set aside, since no text may hold one."""
    order = sorted(range(len(names)), key=lambda place: names[place])
    sorted_names = [names[place] for place in order]
    cells = zip(*(columns[place] for place in order), strict=True)
    rows = [orjson.dumps(dict(zip(sorted_names, row, strict=True))) for row in cells]
    bad = [n for n, row in enumerate(rows) if b"\\u0000" in row and any("\0" in (c[n] or "") for c in columns)]
    set_aside = [BadLine(lines[n], rows[n].decode(), "the line holds a NUL byte") for n in bad]
    kept = [n for n in range(len(rows)) if n not in set(bad)] if bad else range(len(rows))
    picked = [[columns[names.index(name)][n] for n in kept] if name in names else [None] * len(kept) for name in wanted]
    table = table_of([lines[n] for n in kept], [rows[n] for n in kept], picked)
    return Batch({"": table}, set_aside, len(rows), min(1.0, done))
