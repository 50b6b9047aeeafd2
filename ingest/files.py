"""Import of a file through a mapping: one file, one transaction.

Owns the order of things: recognise a file imported before, map its rows, collapse repeated ones, report conflicts, set
bad rows aside, store what is new. Refuses to know formats and expressions, which have modules of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest import file_compile, file_times
from ingest.file_compile import MAPPED_COLUMNS, ROWS, Section, sections_of, wanted_columns
from ingest.file_formats import file_format, file_sha256, read_file
from ingest.file_mapping import FileMapping
from ingest.file_rows import Batch
from ingest.file_times import text_literal
from ingest.progress import Progress, Report, silent
from ingest.store import RawStore, Run
from models.errors import InputError, UserError
from models.records import Stream

SHOWN = 20
FAR_FUTURE = timedelta(days=3653)
_BAD_LINES = "import_bad_lines"


@dataclass(frozen=True)
class StreamCounts:
    """What a file brought to one stream.

    Args:
        stream: Name of the stream, such as ``record.changes``.
        received: Records that the rows gave, repeated ones included.
        records: Different records, of which ``stored`` are new and ``unchanged`` were known.
        stored: New contents.
        unchanged: Contents the store already held.
        duplicates: Repetitions within the file that were collapsed.
        conflicts: Keys for which the file holds more than one content.
        rejected: Rows set aside.
    """

    stream: str
    received: int = 0
    records: int = 0
    stored: int = 0
    unchanged: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class RejectedRow:
    """A row set aside: line in the file, stream it was meant for, and why."""

    line: int
    stream: str
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A key with several contents in one file; the latest by ``updated_at`` counts, all are kept."""

    stream: str
    key: str
    versions: int


@dataclass(frozen=True)
class ImportResult:
    """What an import did.

    Args:
        file: Name of the file.
        sha256: Its SHA-256.
        mapping: Name of the mapping.
        source: Source of the records.
        run_id: Its entry in the run log.
        rows: Rows in the file, those set aside included.
        streams: Counts per stream.
        is_repeat: Whether the same file went through the same mapping before; nothing was stored then.
        rejected_by_reason: How many rows were set aside, by reason.
        rejected_rows: The first of them.
        conflicts: The first keys with several contents.
        notes: What else should be known, as sentences.
    """

    file: str
    sha256: str
    mapping: str
    source: str
    run_id: str
    rows: int
    streams: tuple[StreamCounts, ...]
    is_repeat: bool = False
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    rejected_rows: tuple[RejectedRow, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()

    def total(self, name: str) -> int:
        """Return a count over all streams, such as ``total("stored")``."""
        return sum(getattr(counts, name) for counts in self.streams)


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
    run = store.begin_run(mapping.source, "record", f"import {path.name} with mapping {mapping.name}")
    importing = _Import(store, path, mapping, run, digest, report)
    try:
        result = importing.repeated() or importing.run_all()
    except UserError as error:
        store.finish_run(run, error=error.what)
        raise
    except duckdb.Error as error:
        store.finish_run(run, error=f"{type(error).__name__}")
        raise InputError(
            f"The file could not be imported: {error}",
            where=str(path),
            kept="nothing was stored",
            next_step="twotrack doctor",
        ) from error
    store.finish_run(run)
    return result


class _Import:
    """One import at work; temporary tables live as long as it runs."""

    def __init__(
        self, store: RawStore, path: Path, mapping: FileMapping, run: Run, digest: str, report: Report
    ) -> None:
        self.store, self.con, self.path, self.mapping, self.run, self.digest = (
            store, store.con, path, mapping, run, digest,
        )  # fmt: skip
        self.report = report
        self.started = time.monotonic()
        self.read_at = datetime.now(UTC).replace(tzinfo=None)
        self.wanted = wanted_columns(mapping)
        self.sections = sections_of(mapping, self.wanted, self.read_at + FAR_FUTURE)
        self.rows = 0
        self.bad_lines = 0

    @property
    def mark(self) -> str:
        """Identity of this file under this mapping."""
        return f"file sha256:{self.digest} mapping:{self.mapping.fingerprint()}"

    @property
    def streams(self) -> dict[Stream, str]:
        """Every stream the mapping writes, with its temporary table, in the mapping's order."""
        return {section.stream: section.table for section in self.sections}

    def repeated(self) -> ImportResult | None:
        """Return the result of importing what was imported before: an entry in the run log, and nothing else."""
        if any(self.store.watermark(self.mapping.source, stream, self.mark)[0] is None for stream in self.streams):
            return None
        counts, rows = [], 0
        with self.store.transaction():
            for stream in self.streams:
                received, rejected, reported = self.con.execute(
                    "select received, rejected, reported from raw.run_streams where source = ? and stream = ? "
                    "and watermark_after = ? order by finished_at limit 1",
                    [self.mapping.source, str(stream), self.mark],
                ).fetchone() or (0, 0, 0)
                rows = max(rows, reported or 0)
                kept = {"received": received, "stored": 0, "unchanged": received - rejected, "rejected": rejected}
                self.store.log_counts(self.run, stream, self.path.name, kept, reported=reported, mark=self.mark)
                counts.append(
                    StreamCounts(str(stream), received - rejected, 0, 0, received - rejected, rejected=rejected)
                )
        note = "The same file went through the same mapping before; nothing was stored."
        return self._result(rows, tuple(counts), is_repeat=True, notes=(note,))

    def run_all(self) -> ImportResult:
        """Map all rows into temporary tables, then store in one transaction."""
        with self._temporary_tables():
            for batch in read_file(self.path, self.mapping, self.wanted):
                self._map(batch)
            for section in self.sections:
                if section.record.gather:
                    self._insert(section, section.gathered_sql(), has_more_rows=True)
            for stream, table in self.streams.items():
                self._collapse(stream, table)
            self._tell("storing")
            with self.store.transaction():
                counts = tuple(self._store(stream, table) for stream, table in self.streams.items())
            return self._result(
                self.rows,
                counts,
                rejected_by_reason=self._reasons(),
                rejected_rows=self._rejected_rows(),
                conflicts=self._conflicts(),
                notes=tuple(self._notes()),
            )

    def _result(self, rows: int, streams: tuple[StreamCounts, ...], **more: object) -> ImportResult:
        return ImportResult(
            self.path.name, self.digest, self.mapping.name, self.mapping.source, self.run.run_id, rows, streams,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip

    @contextmanager
    def _temporary_tables(self) -> Iterator[None]:
        self.con.execute(file_times.MACROS + file_compile.MACROS)
        names = [_BAD_LINES]
        self.con.execute(f"create or replace temp table {_BAD_LINES} (line BIGINT, text VARCHAR, problem VARCHAR)")
        for table in self.streams.values():
            self.con.execute(f"create or replace temp table {table} ({MAPPED_COLUMNS})")
            names += [table, f"{table}_picks", f"{table}_offer", f"{table}_varied"]
        for section in self.sections:
            if section.record.gather:
                columns = [f"v{n} VARCHAR" for n in range(len(section.fields))]
                columns += [f"o{n} VARCHAR" for n in range(len(section.record.gather))]
                table = section.gather_table
                self.con.execute(
                    f"create or replace temp table {table} (line BIGINT, row VARCHAR, k VARCHAR, {', '.join(columns)})"
                )
                names.append(table)
        try:
            yield
        finally:
            for name in names:
                self.con.execute(f"drop table if exists temp.{name}")

    def _map(self, batch: Batch) -> None:
        self.rows += batch.rows
        self.bad_lines += len(batch.bad_lines)
        if batch.bad_lines:
            lines = pa.table(
                {
                    "line": [bad.line for bad in batch.bad_lines],
                    "text": [bad.text for bad in batch.bad_lines],
                    "problem": [bad.problem for bad in batch.bad_lines],
                }
            )
            self.con.register("import_lines", lines)
            self.con.execute(f"insert into {_BAD_LINES} select * from import_lines")
            self.con.unregister("import_lines")
        for list_path, table in batch.tables.items():
            self.con.register(ROWS, table)
            for section in self.sections:
                if section.record.list_path == list_path:
                    self._map_section(section)
            self.con.unregister(ROWS)
        self._tell("reading" if batch.done is None else f"{batch.done:.0%} read")

    def _map_section(self, section: Section) -> None:
        texts = section.texts_sql()
        if not section.record.gather:
            self._insert(section, texts)
            return
        self.con.execute(f"insert into {section.gather_table} select * from ({texts}) where k is not null")
        self._insert(section, f"select * from ({texts}) where k is null")

    def _insert(self, section: Section, texts: str, *, has_more_rows: bool = False) -> None:
        self.con.execute(f"insert into {section.table} {section.mapped_sql(texts, has_more_rows=has_more_rows)}")

    def _tell(self, notice: str) -> None:
        seconds = time.monotonic() - self.started
        self.report(
            Progress(self.mapping.source, scope=self.path.name, records=self.rows, seconds=seconds, notice=notice)
        )

    def _collapse(self, stream: Stream, table: str) -> None:
        """Choose one row per different record and compute the hash of its payload.

        Rows that give the same record (a change repeated per component) are one payload that keeps all of them.
        """
        self.con.execute(f"""
            create or replace temp table {table}_picks as
            select record_key, record_hash, min(place) as pick, count(*) as copies, any_value(version_at) as version_at,
                min(row_hash) <> max(row_hash) as is_varied
            from (
                select rowid as place, record_key, version_at, sha256(record) as record_hash, sha256(row) as row_hash
                from {table} where problem is null
            )
            group by record_key, record_hash
        """)
        self.con.execute(f"""
            create or replace temp table {table}_varied as
            select pick, rows[1] as row, array_to_string(rows[2:], ',') as more_rows
            from (
                select p.pick, list_sort(list(distinct m.row)) as rows
                from {table} m join {table}_picks p on p.record_key = m.record_key and p.record_hash = sha256(m.record)
                where p.is_varied and m.problem is null
                group by p.pick
            )
        """)
        self.con.execute(f"""
            create or replace temp table {table}_offer as
            select p.pick, p.record_key, p.version_at, sha256({self._payload_sql()}) as payload_sha256
            from {table}_picks p join {table} m on m.rowid = p.pick left join {table}_varied v on v.pick = p.pick
        """)

    def _payload_sql(self) -> str:
        """Return the payload: mapping, record and the row it was made from, in canonical order."""
        more = "coalesce(v.more_rows, m.more_rows)"
        return (
            f"""'{{"mapping":"{self.mapping.name}",' """
            f"""|| case when {more} is null then '' else '"more_rows":[' || {more} || '],' end """
            """|| '"record":' || m.record || ',"row":' || coalesce(v.row, m.row) || '}'"""
        )

    def _store(self, stream: Stream, table: str) -> StreamCounts:
        contents = f"""(
            select o.record_key, {self._payload_sql()} as payload, o.payload_sha256, o.version_at,
                timestamp '{self.read_at.isoformat(sep=" ")}' as fetched_at
            from {table}_offer o join {table} m on m.rowid = o.pick left join {table}_varied v on v.pick = o.pick
        )"""
        stored = self.store.write_relation(self.run, stream, contents, f"file:{self.path.name}")
        self._reject(stream, table)
        conflicts = self._log_conflicts(stream, table)
        received, records, rejected = self.con.execute(f"""
            select (select coalesce(sum(copies), 0) from {table}_picks), (select count(*) from {table}_picks),
                (select count(*) from {table} where problem is not null)
        """).fetchone() or (0, 0, 0)
        rejected += self.bad_lines if self._is_first(stream) else 0
        counts = {
            "received": received + rejected,
            "stored": stored,
            "unchanged": records - stored,
            "rejected": rejected,
        }
        self.store.log_counts(self.run, stream, self.path.name, counts, reported=self.rows, mark=self.mark)
        return StreamCounts(
            str(stream), received, records, stored, records - stored, received - records, conflicts, rejected
        )

    def _is_first(self, stream: Stream) -> bool:
        """Whether lines that are no rows are counted here: they belong to no stream, so the first one takes them."""
        return stream == next(iter(self.streams))

    def _rejected_sql(self, stream: Stream, table: str) -> str:
        """Return a SELECT of what is set aside for a stream: line, record_key, payload, reason."""
        lines = f"union all select line, null, text, problem from {_BAD_LINES}" if self._is_first(stream) else ""
        return f"select line, record_key, row as payload, reason from {table} where problem is not null {lines}"

    def _reject(self, stream: Stream, table: str) -> None:
        """Set bad rows aside, each once, and close the open cases that have now been read."""
        names = {"source": self.mapping.source, "stream": str(stream)}
        self.con.execute(
            f"""
            insert into raw.rejected
            select $source, $stream, any_value(record_key), payload, sha256(payload), reason,
                $url || '#line=' || min(line), $read_at, $run_id, null
            from ({self._rejected_sql(stream, table)}) r
            where not exists (
                from raw.rejected k where k.source = $source and k.stream = $stream and k.reason = r.reason
                    and k.payload_sha256 = sha256(r.payload) and k.replayed_at is null
            )
            group by payload, reason
            """,
            {**names, "url": f"file:{self.path.name}", "read_at": self.read_at, "run_id": self.run.run_id},
        )
        has_open = "select 1 from raw.rejected where source = $source and stream = $stream and replayed_at is null"
        if self.con.execute(f"{has_open} and run_id <> $run_id", {**names, "run_id": self.run.run_id}).fetchone():
            self.con.execute(
                f"""
                update raw.rejected set replayed_at = $read_at
                where source = $source and stream = $stream and replayed_at is null and run_id <> $run_id
                    and payload_sha256 in (select sha256(row) from {table} where problem is null)
                """,
                {**names, "read_at": self.read_at, "run_id": self.run.run_id},
            )

    def _log_conflicts(self, stream: Stream, table: str) -> int:
        row = self.con.execute(
            f"""
            insert into raw.conflicts
            select $source, $stream, record_key, count(*), $run_id from {table}_picks
            group by record_key having count(*) > 1
            on conflict (source, stream, record_key) do update set
                versions = greatest(versions, excluded.versions), run_id = excluded.run_id
            """,
            {"source": self.mapping.source, "stream": str(stream), "run_id": self.run.run_id},
        ).fetchone()
        return int(row[0]) if row else 0

    def _reasons(self) -> dict[str, int]:
        parts = [f"select problem from {table} where problem is not null" for table in self.streams.values()]
        rows = self.con.execute(
            f"select problem, count(*) from ({' union all '.join([*parts, f'select problem from {_BAD_LINES}'])}) "
            "group by problem order by count(*) desc, problem"
        ).fetchall()
        return {str(problem): int(count) for problem, count in rows}

    def _rejected_rows(self) -> tuple[RejectedRow, ...]:
        parts = [
            f"select line, {text_literal(str(stream))}, reason from ({self._rejected_sql(stream, table)})"
            for stream, table in self.streams.items()
        ]
        rows = self.con.execute(f"{' union all '.join(parts)} order by 1, 2, 3 limit {SHOWN}").fetchall()
        return tuple(RejectedRow(int(line), str(stream), str(reason)) for line, stream, reason in rows)

    def _conflicts(self) -> tuple[Conflict, ...]:
        parts = [
            f"select {text_literal(str(stream))}, record_key, count(*) from {table}_picks group by record_key "
            "having count(*) > 1"
            for stream, table in self.streams.items()
        ]
        rows = self.con.execute(f"{' union all '.join(parts)} order by 1, 2 limit {SHOWN}").fetchall()
        return tuple(Conflict(str(stream), str(key), int(versions)) for stream, key, versions in rows)

    def _notes(self) -> Iterator[str]:
        parts = [f"select notes from {t} where notes is not null and problem is null" for t in self.streams.values()]
        rows = self.con.execute(
            f"select note, count(*) from (select unnest(string_split(notes, '|')) as note from ({' union all '.join(parts)}))"
            " group by note order by note"
        ).fetchall()
        for note, count in rows:
            kind, _, name = str(note).partition(":")
            if kind == "ambiguous":
                yield (
                    f"{count} local times of {name} occur twice, when clocks are turned back; "
                    f"the {self.mapping.ambiguous} instant was taken."
                )
            else:
                yield f"{count} values of {name} lie more than ten years ahead; they were kept."
        if not self.rows:
            yield "The file has a header and no rows."
