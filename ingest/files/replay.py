"""Rows that were set aside, tried again through a corrected mapping; the file they came from is not needed.

Owns which set-aside rows can be tried: those kept as rows. Lines that never were rows (a wrong number of columns) stay
set aside until the corrected file is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson

from ingest.files.json_rows import has_nul
from ingest.files.mapped import MappedRows
from ingest.files.mapping import FileMapping
from ingest.files.results import ImportResult
from ingest.files.rows import BATCH_ROWS, Batch, cell_text, table_of
from ingest.files.write import store_stream
from ingest.store import RawStore, rejected_payloads
from models.errors import InputError, UserError
from models.streams import Stream

_NAME = "rows set aside"


def replay_rejected(store: RawStore, mapping: FileMapping) -> ImportResult:
    """Try again the rows that were set aside for a mapping's source; those that now fit are stored and closed.

    Raises:
        InputError: There is nothing to try again.
    """
    mapped = MappedRows(store.con, mapping)
    waiting = {stream: _rows(store, mapping, stream) for stream in mapped.streams}
    if not any(waiting.values()):
        raise InputError(
            f"No row of source '{mapping.source}' is set aside.",
            where="the raw store",
            kept="nothing was stored",
            next_step="twotrack import FILE --map MAP.toml",
        )
    run = store.begin_run(mapping.source, "record", f"replay of rows set aside with mapping {mapping.name}")
    try:
        with mapped.open(store):
            for stream, rows in waiting.items():
                for start in range(0, len(rows), BATCH_ROWS):
                    mapped.add(_batch(mapped, stream, rows[start : start + BATCH_ROWS]), only=stream)
            mapped.finish()
            with store.transaction():
                counts = tuple(store_stream(store, run, _NAME, mapped, s, f"replay {run.run_id}") for s in waiting)
            result = ImportResult(_NAME, "", mapping.name, mapping.source, run.run_id, mapped.rows, counts)
            result = replace(
                result,
                rejected_by_reason=mapped.reasons(),
                rejected_rows=mapped.rejected_rows(),
                conflicts=mapped.conflicts(),
                notes=tuple(mapped.notes()),
            )
    except UserError as error:
        store.finish_run(run, error=error.what)
        raise
    store.finish_run(run)
    return result


def _rows(store: RawStore, mapping: FileMapping, stream: Stream) -> list[dict[str, object]]:
    """Return the set-aside rows of a stream, each once; what is no row is left alone."""
    rows = []
    for payload in dict.fromkeys(payload for payload, _ in rejected_payloads(store, mapping.source, stream)):
        try:
            row = orjson.loads(payload)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, dict) and not has_nul(row):
            rows.append(row)
    return rows


def _batch(mapped: MappedRows, stream: Stream, rows: list[dict[str, object]]) -> Batch:
    """Return rows as a batch, each under the list path whose columns it has most of."""
    paths = list(dict.fromkeys(s.record.list_path for s in mapped.sections if s.stream == stream))
    sorted_out: dict[str, list[dict[str, object]]] = {path: [] for path in paths}
    for row in rows:
        sorted_out[max(paths, key=lambda path: _share(row, mapped.wanted[path]))].append(row)
    tables = {
        path: table_of(
            [0] * len(chosen),
            [orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in chosen],
            [[_cell(row, column) for row in chosen] for column in mapped.wanted[path]],
        )
        for path, chosen in sorted_out.items()
        if chosen
    }
    return Batch(tables, rows=len(rows), done=1.0)


def _share(row: dict[str, object], columns: Sequence[str]) -> float:

    return sum(_cell(row, name) is not None for name in columns) / (len(columns) or 1)


def _cell(row: dict[str, object], column: str) -> str | None:
    value: object = row
    if column in row:
        return cell_text(row[column])
    for part in column.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return cell_text(value)
