"""Mapped rows of one file in temporary tables: filled batch by batch, then collapsed to one payload per record.

Owns what "the same record" and "conflict" mean within a file. Refuses to know what the store already holds.

Large texts are read only twice, when a batch is mapped and when payloads are stored; everything between works on keys
and hashes. Keys that occur with several rows are put together in parts that fit in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from ingest.files import compilation, times
from ingest.files.compilation import MAPPED_COLUMNS, ROWS, Section, payload_sql, sections_of, wanted_columns
from ingest.files.mapping import FileMapping
from ingest.files.results import Conflict, RejectedRow
from ingest.files.rows import Batch, Wanted
from ingest.files.times import text_literal
from ingest.store import RawStore
from models.streams import Stream

SHOWN = 20
FAR_FUTURE = timedelta(days=3653)
_MEMORY = "600MB"
_PART_ROWS = 100_000
_BAD_LINES = "import_bad_lines"
_UNITS = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


class MappedRows:
    """The rows of one file on their way into the store; use ``open`` around everything else.

    Args:
        con: The store's connection.
        mapping: What the rows mean.
    """

    def __init__(self, con: DuckDBPyConnection, mapping: FileMapping) -> None:
        self.con = con
        self.mapping = mapping
        self.read_at = datetime.now(UTC).replace(tzinfo=None)
        self.wanted: Wanted = wanted_columns(mapping)
        self.sections = sections_of(mapping, self.wanted, self.read_at + FAR_FUTURE)
        self.rows = 0
        self.bad_lines = 0

    @property
    def streams(self) -> dict[Stream, str]:
        """Every stream the mapping writes, with its temporary table, in the mapping's order."""
        return {section.stream: section.table for section in self.sections}

    @contextmanager
    def open(self, store: RawStore) -> Iterator[None]:
        """Create the temporary tables, and drop them at the end.

        The database gets less memory meanwhile: readers and Python need some as well.
        """
        self.con.execute(times.MACROS + compilation.MACROS)
        names = [_BAD_LINES]
        self.con.execute(f"create or replace temp table {_BAD_LINES} (line BIGINT, text VARCHAR, problem VARCHAR)")
        for table in self.streams.values():
            self.con.execute(f"create or replace temp table {table} ({MAPPED_COLUMNS})")
            names += [table, *(f"{table}_{part}" for part in ("picks", "several", "alike"))]
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
            self.con.execute(f"set memory_limit = '{min(store.memory_limit, _MEMORY, key=_bytes)}'")
            yield
        finally:
            for name in names:
                self.con.execute(f"drop table if exists temp.{name}")
            self.con.execute(f"set memory_limit = '{store.memory_limit}'")

    def add(self, batch: Batch, only: Stream | None = None) -> None:
        """Map one batch of rows, for all streams or only one."""
        self.rows += batch.rows
        self.bad_lines += len(batch.bad_lines)
        if batch.bad_lines:
            names = ("line", "text", "problem")
            lines = pa.table({name: [getattr(bad, name) for bad in batch.bad_lines] for name in names})
            with self._registered("import_lines", lines):
                self.con.execute(f"insert into {_BAD_LINES} select * from import_lines")
        for list_path, table in batch.tables.items():
            with self._registered(ROWS, table):
                for section in self.sections:
                    if section.record.list_path == list_path and only in {None, section.stream}:
                        self._add_section(section)

    @contextmanager
    def _registered(self, name: str, table: pa.Table) -> Iterator[None]:
        self.con.register(name, table)
        try:
            yield
        finally:
            self.con.unregister(name)

    def _add_section(self, section: Section) -> None:
        texts = section.texts_sql()
        if not section.record.gather:
            self._insert(section, texts)
            return
        self.con.execute(f"insert into {section.gather_table} select * from ({texts}) where k is not null")
        self._insert(section, f"select * from ({texts}) where k is null")

    def _insert(self, section: Section, texts: str, *, has_more_rows: bool = False) -> None:
        self.con.execute(f"insert into {section.table} {section.mapped_sql(texts, has_more_rows=has_more_rows)}")

    def finish(self) -> None:
        """Make one record of gathered rows, then one payload of every record, once all rows are there."""
        for section in self.sections:
            if section.record.gather:
                for part in self._parts(section.gather_table, "k"):
                    self._insert(section, section.gathered_sql(part), has_more_rows=True)
        for table in self.streams.values():
            self._collapse(table)

    def _parts(self, table: str, key: str) -> Iterator[str]:
        """Return conditions that cut a table into parts of limited size, all rows of a key in one of them."""
        row = self.con.execute(f"select count(*) from {table}").fetchone()
        parts = (int(row[0]) if row else 0) // _PART_ROWS + 1
        return (f"hash({key}) % {parts} = {part}" for part in range(parts))

    def _collapse(self, table: str) -> None:
        """Choose one row per content; rows that give the same record are one payload that keeps all of them."""
        self.con.execute(f"""
            create or replace temp table {table}_picks as
            select record_key, payload_sha256, min(rowid) as pick, count(*) as copies,
                any_value(version_at) as version_at
            from {table} where problem is null group by record_key, payload_sha256
        """)
        self.con.execute(f"""
            create or replace temp table {table}_several as
            select * from {table}_picks
            where record_key in (select record_key from {table}_picks group by record_key having count(*) > 1)
        """)
        self.con.execute(
            f"create or replace temp table {table}_alike (record_key VARCHAR, payload VARCHAR, payload_sha256 VARCHAR, "
            "version_at TIMESTAMP, copies BIGINT)"
        )
        for part in self._parts(f"{table}_several", "record_key"):
            self.con.execute(f"insert into {table}_alike {self._alike_sql(table, part)}")
        self.con.execute(f"delete from {table}_picks where record_key in (select record_key from {table}_several)")

    def _alike_sql(self, table: str, part: str) -> str:
        """Return a SELECT of one payload per record for keys that occur with different rows."""
        further = "array_to_string(list_transform(rows[2:], lambda r: r.row || coalesce(',' || r.more_rows, '')), ',')"
        payload = payload_sql(self.mapping.name, "record", "rows[1].row", "more_rows")
        return f"""
            select record_key, {payload} as payload, sha256({payload}), version_at, copies
            from (
                select *, nullif(concat_ws(',', rows[1].more_rows, nullif({further}, '')), '') as more_rows
                from (
                    select p.record_key, m.record, any_value(p.version_at) as version_at, sum(p.copies) as copies,
                        list_sort(list({{'row': m.row, 'more_rows': m.more_rows}})) as rows
                    from {table}_several p join {table} m on m.rowid = p.pick
                    where {part.replace("record_key", "p.record_key")}
                    group by p.record_key, m.record
                )
            )
        """

    def contents_sql(self, table: str) -> str:
        """Return the relation to store: record_key, payload, payload_sha256, version_at and fetched_at."""
        read_at = f"timestamp '{self.read_at.isoformat(sep=' ')}' as fetched_at"
        payload = payload_sql(self.mapping.name, "m.record", "m.row", "m.more_rows")
        return f"""(
            select p.record_key, {payload} as payload, p.payload_sha256, p.version_at, {read_at}
            from {table}_picks p join {table} m on m.rowid = p.pick
            union all
            select record_key, payload, payload_sha256, version_at, {read_at} from {table}_alike
        )"""

    def counts(self, stream: Stream) -> tuple[int, int, int]:
        """Return how many records were received, how many of them differ, and how many rows were set aside."""
        table = self.streams[stream]
        received, records, rejected = self.con.execute(f"""
            select coalesce(sum(copies), 0), count(*), (select count(*) from {table} where problem is not null)
            from (select copies from {table}_picks union all select copies from {table}_alike)
        """).fetchone() or (0, 0, 0)
        return int(received), int(records), int(rejected) + (self.bad_lines if self._is_first(stream) else 0)

    def conflicts_sql(self, stream: Stream) -> str:
        """Return a SELECT of record_key and number of contents, for keys with more than one."""
        table = f"{self.streams[stream]}_alike"
        return f"select record_key, count(*) as versions from {table} group by record_key having count(*) > 1"

    def rejected_sql(self, stream: Stream) -> str:
        """Return a SELECT of what is set aside for a stream: line, record_key, payload, reason, problem."""
        lines = f"union all select line, null, text, problem, problem from {_BAD_LINES}"
        return (
            f"select line, record_key, row as payload, reason, problem from {self.streams[stream]} "
            f"where problem is not null {lines if self._is_first(stream) else ''}"
        )

    def _is_first(self, stream: Stream) -> bool:
        """Whether lines that are no rows are counted here: they belong to no stream, so the first one takes them."""
        return stream == next(iter(self.streams))

    def reasons(self) -> dict[str, int]:
        """Return how many rows were set aside, by reason without the offending text."""
        parts = [f"select problem from ({self.rejected_sql(stream)})" for stream in self.streams]
        rows = self.con.execute(
            f"select problem, count(*) from ({' union all '.join(parts)}) group by all order by count(*) desc, problem"
        ).fetchall()
        return {str(problem): int(count) for problem, count in rows}

    def rejected_rows(self) -> tuple[RejectedRow, ...]:
        """Return the first rows that were set aside."""
        rows = self._first("line, {stream}, reason", [(s, self.rejected_sql(s)) for s in self.streams])
        return tuple(RejectedRow(int(line), str(stream), str(reason)) for line, stream, reason in rows)

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return the first keys with several contents."""
        rows = self._first("{stream}, record_key, versions", [(s, self.conflicts_sql(s)) for s in self.streams])
        return tuple(Conflict(str(stream), str(key), int(versions)) for stream, key, versions in rows)

    def _first(self, columns: str, selects: Sequence[tuple[Stream, str]]) -> list[tuple[Any, ...]]:
        parts = [f"select {columns.format(stream=text_literal(str(stream)))} from ({sql})" for stream, sql in selects]
        rows = self.con.execute(f"{' union all '.join(parts)} order by 1, 2, 3 limit {SHOWN}").fetchall()
        return [tuple(row) for row in rows]

    def notes(self) -> Iterator[str]:
        """Return what else should be known about the file, as sentences."""
        parts = [f"select notes from {t} where notes is not null and problem is null" for t in self.streams.values()]
        rows = self.con.execute(
            "select note, count(*) from "
            f"(select unnest(string_split(notes, '|')) as note from ({' union all '.join(parts)})) "
            "group by note order by note"
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
            yield "The file has no rows."


def _bytes(limit: str) -> float:
    match = re.fullmatch(r"\s*([0-9.]+)\s*([KMGT]I?B)\s*", limit.upper())
    return float(match[1]) * _UNITS[match[2]] if match else float("inf")
