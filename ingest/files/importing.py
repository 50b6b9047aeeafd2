"""Import of a file through a mapping: one file, one transaction.

Owns the order of things: recognise a file imported before, map its rows, set bad ones aside, report conflicts, store
what is new, log what happened. Refuses to know formats and expressions, which have modules of their own.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.collector import without_collector
from ingest.files.formats import file_format, file_sha256, read_file
from ingest.files.mapped import MappedRows
from ingest.files.mapping import FileMapping
from ingest.files.results import ImportResult, StreamCounts
from ingest.files.write import store_stream
from ingest.progress import Progress, Report, silent
from ingest.store import RawStore
from ingest.store_records import Run
from models.errors import InputError, UserError, storage_failure

__all__ = ["ImportResult", "import_file"]


def import_file(store: RawStore, path: Path, mapping: FileMapping, report: Report = silent) -> ImportResult:
    """Import a file into the raw store.

    Args:
        store: Raw store, opened for writing under the workspace's writer lock.
        path: The file.
        mapping: What its rows mean.
        report: Called after every batch.

    Raises:
        InputError: The file cannot be read as what the mapping says; nothing was stored.
    """
    file_format(path, mapping)
    digest = file_sha256(path)
    mark = f"file sha256:{digest} mapping:{mapping.fingerprint()}"
    run = store.begin_run(mapping.source, "record", f"import {path.name} with mapping {mapping.name}")
    mapped = MappedRows(store.con, mapping)
    blank = ImportResult(path.name, digest, mapping.name, mapping.source, run.run_id, 0, ())
    try:
        found = _repeated(store, run, path, mapped, mark, blank)
        result = found or _imported(store, run, path, mapped, mark, blank, report)
    except UserError as error:
        store.finish_run(run, error=error.what)
        raise
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        with suppress(duckdb.Error):  # a full disk takes no log either
            store.finish_run(run, error=type(error).__name__)
        full = storage_failure(error, kept="nothing of this file was stored")
        raise full or InputError(
            f"The file could not be imported: {error}",
            where=str(path),
            kept="nothing was stored",
            next_step="twotrack doctor",
        ) from error
    store.finish_run(run)
    return result


def _repeated(
    store: RawStore, run: Run, path: Path, mapped: MappedRows, mark: str, blank: ImportResult
) -> ImportResult | None:
    """Log that the same file went through the same mapping before; ``None`` when it did not."""
    if any(store.watermark(run.source, stream, mark)[0] is None for stream in mapped.streams):
        return None
    counts, rows = [], 0
    with store.transaction():
        for stream in mapped.streams:
            received, rejected, reported = store.con.execute(
                "select received, rejected, reported from raw.run_streams where source = ? and stream = ? "
                "and watermark_after = ? order by finished_at limit 1",
                [run.source, str(stream), mark],
            ).fetchone() or (0, 0, 0)
            rows = max(rows, int(reported or 0))
            unchanged = int(received) - int(rejected)
            logged = {"received": received, "stored": 0, "unchanged": unchanged, "rejected": rejected}
            store.log_counts(run, stream, path.name, logged, reported=reported, mark=mark)
            counts.append(StreamCounts(str(stream), unchanged, unchanged, unchanged=unchanged, rejected=int(rejected)))
    note = "The same file went through the same mapping before; nothing was stored."
    return replace(blank, rows=rows, streams=tuple(counts), is_repeat=True, notes=(note,))


def _imported(
    store: RawStore, run: Run, path: Path, mapped: MappedRows, mark: str, blank: ImportResult, report: Report
) -> ImportResult:
    """Map all rows into temporary tables, then store in one transaction."""
    started = time.monotonic()

    def tell(notice: str) -> None:
        seconds = time.monotonic() - started
        report(Progress(run.source, scope=path.name, records=mapped.rows, seconds=seconds, notice=notice))

    with mapped.open(store), without_collector():
        for batch in read_file(path, mapped.mapping, mapped.wanted):
            mapped.add(batch)
            tell("reading" if batch.done is None else f"{batch.done:.0%} read")
        tell("collapsing repeated rows")
        mapped.finish()
        tell("storing")
        with store.transaction():
            counts = tuple(store_stream(store, run, path.name, mapped, stream, mark) for stream in mapped.streams)
        return replace(
            blank,
            rows=mapped.rows,
            streams=counts,
            rejected_by_reason=mapped.reasons(),
            rejected_rows=mapped.rejected_rows(),
            conflicts=mapped.conflicts(),
            notes=tuple(mapped.notes()),
        )
