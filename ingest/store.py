"""The raw store: append-only tables of verbatim payloads, the run log, rejected payloads and watermarks.

Owns what is written to ``store.duckdb`` and in which transaction. Refuses to know what a payload means.

A payload is stored once per content. A later, different observation of the same key is a new version. Whoever reads
picks the latest by ``(version_at, fetched_at, payload_sha256)``, which does not depend on the order of arrival.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from ingest.raw_file import explained, require_format
from ingest.store_records import Page, Run, canonical_json, utc_naive
from ingest.store_schema import BOOKKEEPING
from ingest.store_schema import SCHEMA_VERSION as SCHEMA_VERSION
from ingest.store_versions import insert_sql, relation_sql, store_sql
from models.streams import COLUMNS, STREAMS, Stream

TOOL_VERSION = "0.2.0"


class RawStore:
    """A connection to the raw database. Use as a context manager, under the workspace's writer lock when writing."""

    def __init__(self, path: Path, *, read_only: bool = False, memory_limit: str = "1GB") -> None:
        self.path = path
        self.memory_limit = memory_limit
        path.parent.mkdir(parents=True, exist_ok=True)
        with explained(path):
            self.con = duckdb.connect(str(path), read_only=read_only)
            try:
                require_format(self.con, path)
            except BaseException:
                self.con.close()
                raise
        self.con.execute(f"set memory_limit = '{memory_limit}'")
        self.con.execute("set preserve_insertion_order = false")
        # It would be printed among the command's own output.
        self.con.execute("set enable_progress_bar = false")
        if not read_only:
            with explained(path):
                self._create()

    def __enter__(self) -> Self:
        """Return the open store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self.con.close()

    def _create(self) -> None:
        self.con.begin()
        self.con.execute("create schema if not exists raw")
        self.con.execute(BOOKKEEPING)
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        for stream in STREAMS:
            self.con.execute(f"create table if not exists raw.{stream.table} ({columns})")
        if not self.con.execute("select 1 from raw.meta").fetchone():
            self.con.execute("insert into raw.meta values (?)", [SCHEMA_VERSION])
        self.con.commit()

    def begin_run(
        self, source: str, source_type: str, command: str, *, principal: str | None = None, scopes: str | None = None
    ) -> Run:
        """Open a run and log it; ``command`` must not contain secrets. Unfinished earlier runs are marked as such."""
        run = Run(uuid.uuid4().hex, source, source_type)
        self.con.begin()
        self.con.execute("update raw.runs set status = 'interrupted' where status = 'running' and source = ?", [source])
        self.con.execute(
            "insert into raw.runs values (?, ?, ?, ?, ?, null, 'running', null, ?, ?, ?)",
            [run.run_id, source, source_type, command, _now(), principal, scopes, TOOL_VERSION],
        )
        self.con.commit()
        return run

    def finish_run(self, run: Run, *, error: str | None = None, status: str | None = None) -> None:
        """Close a run as ``ok``, or as ``failed`` with an error message that holds no secret, or as ``status``."""
        self.con.execute(
            "update raw.runs set finished_at = ?, status = ?, error = ? where run_id = ?",
            [_now(), status or ("failed" if error else "ok"), error, run.run_id],
        )

    def watermark(self, source: str, stream: Stream, scope: str = "") -> tuple[str | None, str | None]:
        """Return (watermark, cursor) of a stream; (None, None) when it was never read."""
        row = self.con.execute(
            "select watermark, cursor from raw.watermarks where source = ? and stream = ? and scope = ?",
            [source, str(stream), scope],
        ).fetchone()
        return (row[0], row[1]) if row else (None, None)

    def watermarks(self, source: str, stream: Stream) -> dict[str, str]:
        """Return the watermarks of a stream by scope."""
        rows = self.con.execute(
            "select scope, watermark from raw.watermarks where source = ? and stream = ? and watermark is not null",
            [source, str(stream)],
        ).fetchall()
        return {str(scope): str(watermark) for scope, watermark in rows}

    def write_page(self, run: Run, page: Page) -> dict[str, int]:
        """Store a page, its rejects, its counts and its watermark in one transaction.

        Returns:
            Counts ``received``, ``stored``, ``unchanged`` and ``rejected`` of this page.
        """
        fetched_at = utc_naive(page.fetched_at) if page.fetched_at else _now()
        by_stream: dict[Stream, list[tuple[Any, ...]]] = {}
        rejected = [
            (str(r.stream), r.key, r.payload, hashlib.sha256(r.payload.encode()).hexdigest(), r.reason)
            for r in page.rejected
        ]
        for record in page.records:
            text, digest = canonical_json(record.payload)
            version_at = utc_naive(record.version_at) if record.version_at else None
            seen_at = utc_naive(record.fetched_at) if record.fetched_at else fetched_at
            by_stream.setdefault(record.stream, []).append((record.key, text, digest, version_at, seen_at))
        self.con.begin()
        try:
            per_stream = {
                stream: self._store(run, stream, rows, page.request_url) for stream, rows in by_stream.items()
            }
            new_rejects = self._reject(run, rejected, page.request_url, fetched_at)
            if page.stream not in per_stream:
                per_stream[page.stream] = (0, 0)
            self._count(run, page, per_stream)
            is_marking = page.watermark is not None or page.cursor is not None or page.is_last
            if is_marking:
                self._move_watermark(run, page)
            self.con.commit()
        except BaseException:
            self._roll_back()
            raise
        run.logged |= {(str(stream), page.scope) for stream in per_stream}
        if is_marking:
            run.marked.add((str(page.stream), page.scope))
        received = sum(r for r, _ in per_stream.values())
        stored = sum(s for _, s in per_stream.values())
        counts = {
            "received": received + len(rejected),
            "stored": stored,
            "unchanged": received - stored,
            "rejected": new_rejects,
        }
        for name, count in counts.items():
            run.counts[name] += count
        return counts

    def _roll_back(self) -> None:
        """Undo what is not committed; a database that failed for good has nothing to undo and would hide why."""
        with suppress(duckdb.Error):
            self.con.rollback()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that happens inside, or nothing of it."""
        self.con.begin()
        try:
            yield
            self.con.commit()
        except BaseException:
            self._roll_back()
            raise

    def write_relation(self, run: Run, stream: Stream, relation: str, request_url: str) -> int:
        """Store what is new in a relation shaped as ``relation_sql`` says, within the caller's transaction.

        Returns:
            How many payloads were stored.
        """
        held = self.con.execute(f"select 1 from raw.{stream.table} where source = ? limit 1", [run.source]).fetchone()
        row = self.con.execute(
            relation_sql(stream, relation, is_first=held is None),
            {"source": run.source, "run_id": run.run_id, "request_url": request_url},
        ).fetchone()
        return int(row[0]) if row else 0

    def log_counts(
        self, run: Run, stream: Stream, scope: str, counts: Mapping[str, int], *, reported: int | None, mark: str
    ) -> None:
        """Log a stream that was written in one go, and remember ``mark`` as read; within the caller's transaction.

        Args:
            run: The run it belongs to.
            stream: What was written.
            scope: What within the source it covers, such as a file's name.
            counts: ``received``, ``stored``, ``unchanged`` and ``rejected``.
            reported: How many rows there were to read.
            mark: Identity of what was read; ``watermark(source, stream, mark)`` tells later that it was.
        """
        numbers = [counts[name] for name in ("received", "stored", "unchanged", "rejected")]
        self.con.execute(
            "insert into raw.run_streams values (?, ?, ?, ?, null, null, 0, 1, ?, ?, ?, ?, ?, null, ?, ?, null)",
            [run.run_id, run.source, str(stream), scope, *numbers, reported, mark, _now()],
        )
        self.con.execute(
            "insert into raw.watermarks values (?, ?, ?, ?, null, ?, ?) on conflict do nothing",
            [run.source, str(stream), mark, scope, _now(), run.run_id],
        )
        for name, count in counts.items():
            run.counts[name] += count

    def _store(self, run: Run, stream: Stream, rows: list[tuple[Any, ...]], request_url: str) -> tuple[int, int]:
        """Insert what is new: unseen contents, and the page's winner per key if it is newer than what we hold."""
        columns = list(zip(*rows, strict=True))
        arrow = pa.table(
            {
                "record_key": pa.array(columns[0], pa.string()),
                "payload": pa.array(columns[1], pa.string()),
                "payload_sha256": pa.array(columns[2], pa.string()),
                "version_at": pa.array(columns[3], pa.timestamp("us")),
                "fetched_at": pa.array(columns[4], pa.timestamp("us")),
            }
        )
        self.con.register("incoming", arrow)
        try:
            # Most pages bring only keys never seen; to know that costs a third of comparing every content.
            is_all_new = (
                len(set(columns[0])) == len(rows)
                and not self.con.execute(
                    f"select 1 from raw.{stream.table} where source = ? "
                    "and record_key in (select record_key from incoming) limit 1",
                    [run.source],
                ).fetchone()
            )
            self.con.execute(
                insert_sql(stream, "incoming") if is_all_new else store_sql(stream, "incoming"),
                {"source": run.source, "run_id": run.run_id, "request_url": request_url},
            )
            stored = self.con.fetchone()
            return len(rows), int(stored[0]) if stored else 0
        finally:
            self.con.unregister("incoming")

    def _reject(self, run: Run, rows: list[tuple[Any, ...]], request_url: str, fetched_at: datetime) -> int:
        new = 0
        for stream, key, payload, digest, reason in rows:
            known = self.con.execute(
                "select 1 from raw.rejected where source = ? and stream = ? and payload_sha256 = ? and reason = ?",
                [run.source, stream, digest, reason],
            ).fetchone()
            if not known:
                new += 1
                self.con.execute(
                    "insert into raw.rejected values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                    [run.source, stream, key, payload, digest, reason, request_url, fetched_at, run.run_id],
                )
        return new

    def _count(self, run: Run, page: Page, per_stream: Mapping[Stream, tuple[int, int]]) -> None:
        """Add a page's (received, stored) of each stream to the run log; requests and pages to the stream asked for."""
        counts = []
        for stream, (received, stored) in per_stream.items():
            if (str(stream), page.scope) not in run.logged:
                self._open_count(run, page, stream)
            rejected = sum(1 for r in page.rejected if r.stream == stream)
            is_asked = stream == page.stream
            counts.append((str(stream), page.requests if is_asked else 0, int(is_asked), received + rejected, stored,
                           received - stored, rejected, page.reported if is_asked else None,
                           page.watermark if is_asked else None))  # fmt: skip
        self.con.execute(
            f"""
            update raw.run_streams as log set
                requests = log.requests + page.requests,
                pages = log.pages + page.pages,
                received = log.received + page.received,
                stored = log.stored + page.stored,
                unchanged = log.unchanged + page.unchanged,
                rejected = log.rejected + page.rejected,
                reported = coalesce(cast(page.reported as bigint), log.reported),
                watermark_after = coalesce(cast(page.watermark as varchar), log.watermark_after),
                finished_at = coalesce(cast(? as timestamp), log.finished_at)
            from (values {", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(counts))})
                as page(stream, requests, pages, received, stored, unchanged, rejected, reported, watermark)
            where log.run_id = ? and log.source = ? and log.scope = ? and log.stream = page.stream
            """,
            [_now() if page.is_last else None, *(value for row in counts for value in row), run.run_id, run.source,
             page.scope],
        )  # fmt: skip

    def _open_count(self, run: Run, page: Page, stream: Stream) -> None:
        """Begin the run log's row of a stream, which another reading of the same run may have begun."""
        is_asked = stream == page.stream
        before, _ = self.watermark(run.source, stream, page.scope) if is_asked else (None, None)
        self.con.execute(
            "insert into raw.run_streams values (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, null, ?, null, null, null) "
            "on conflict do nothing",
            [run.run_id, run.source, str(stream), page.scope, *(utc_naive(w) if w else None for w in page.window),
             before],
        )  # fmt: skip

    def fail_stream(self, run: Run, stream: Stream, scope: str, error: str) -> None:
        """Record on the run's log that a stream ended early, and why; ``error`` must hold no secret."""
        self.con.execute(
            """
            insert into raw.run_streams values (?, ?, ?, ?, null, null, 0, 0, 0, 0, 0, 0, null, null, null, null, ?)
            on conflict (run_id, source, stream, scope) do update set error = excluded.error
            """,
            [run.run_id, run.source, str(stream), scope, error],
        )

    def _move_watermark(self, run: Run, page: Page) -> None:
        """Move the mark with the rows it covers; the cursor is cleared by the last page."""
        if (str(page.stream), page.scope) not in run.marked:
            self.con.execute(
                "insert into raw.watermarks values (?, ?, ?, null, null, ?, ?) on conflict do nothing",
                [run.source, str(page.stream), page.scope, _now(), run.run_id],
            )
        self.con.execute(
            "update raw.watermarks set watermark = coalesce(?, watermark), cursor = ?, updated_at = ?, run_id = ? "
            "where source = ? and stream = ? and scope = ?",
            [page.watermark, page.cursor, _now(), run.run_id, run.source, str(page.stream), page.scope],
        )

    def count(self, stream: Stream) -> int:
        """Return how many payload versions a stream holds."""
        row = self.con.execute(f"select count(*) from raw.{stream.table}").fetchone()
        return int(row[0]) if row else 0


def rejected_payloads(store: RawStore, source: str, stream: Stream) -> Iterable[tuple[str, str]]:
    """Return (payload, reason) of what was set aside for a stream and not yet replayed."""
    rows = store.con.execute(
        "select payload, reason from raw.rejected where source = ? and stream = ? and replayed_at is null",
        [source, str(stream)],
    ).fetchall()
    return [(str(payload), str(reason)) for payload, reason in rows]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
