"""The end of an import: what a file brought to one stream, written with its rejects, conflicts and log entry.

Owns which rows are set aside and when such a case is closed. Refuses to know where rows came from.
"""

from __future__ import annotations

from ingest.files.mapped import MappedRows
from ingest.files.results import StreamCounts
from ingest.store import RawStore
from ingest.store_records import Run
from models.streams import Stream


def store_stream(store: RawStore, run: Run, name: str, mapped: MappedRows, stream: Stream, mark: str) -> StreamCounts:
    """Write one stream within the caller's transaction: payloads, rows set aside, conflicts and the log.

    Args:
        store: The raw store.
        run: The run it belongs to.
        name: Name of the file, kept with every payload.
        mapped: The mapped rows, collapsed.
        stream: Which of the streams to write.
        mark: Identity of the file under its mapping; remembered as read.
    """
    url = f"file:{name}"
    stored = store.write_relation(run, stream, mapped.contents_sql(mapped.streams[stream]), url)
    _set_aside(store, run, mapped, stream, url)
    conflicts = _log_conflicts(store, run, mapped, stream)
    received, records, rejected = mapped.counts(stream)
    logged = {
        "received": received + rejected,
        "stored": stored,
        "unchanged": received - stored,
        "rejected": rejected,
    }
    store.log_counts(run, stream, name, logged, reported=mapped.rows, mark=mark)
    unchanged = records - stored
    return StreamCounts(str(stream), received, records, stored, unchanged, received - records, conflicts, rejected)


def _set_aside(store: RawStore, run: Run, mapped: MappedRows, stream: Stream, url: str) -> None:
    """Keep bad rows, each once; close the cases whose rows have now been read, reopen those that failed again."""
    names = {"source": run.source, "stream": str(stream)}
    bad = f"select payload, sha256(payload) as digest, reason, record_key, line from ({mapped.rejected_sql(stream)})"
    same = "k.source = $source and k.stream = $stream"
    store.con.execute(
        f"""
        insert into raw.rejected
        select $source, $stream, any_value(record_key), payload, digest, reason, $url || '#line=' || min(line),
            $read_at, $run_id, null
        from ({bad}) r
        where not exists (
            from raw.rejected k where {same} and k.reason = r.reason and k.payload_sha256 = r.digest
        )
        group by payload, digest, reason
        """,
        {**names, "url": url, "read_at": mapped.read_at, "run_id": run.run_id},
    )
    earlier = f"k.run_id <> $run_id and {same}"
    known = {**names, "run_id": run.run_id}
    if not store.con.execute(f"select 1 from raw.rejected k where {earlier} limit 1", known).fetchone():
        return
    read = f"select sha256(row) from {mapped.streams[stream]} where problem is null"
    store.con.execute(
        f"update raw.rejected k set replayed_at = $read_at where {earlier} and k.replayed_at is null "
        f"and k.payload_sha256 in ({read})",
        {**known, "read_at": mapped.read_at},
    )
    store.con.execute(
        f"update raw.rejected k set replayed_at = null where {earlier} and k.replayed_at is not null "
        f"and (k.payload_sha256, k.reason) in (select digest, reason from ({bad}))",
        known,
    )


def _log_conflicts(store: RawStore, run: Run, mapped: MappedRows, stream: Stream) -> int:
    """Log keys for which the file holds several contents; return how many."""
    row = store.con.execute(
        f"""
        insert into raw.conflicts
        select $source, $stream, record_key, versions, $run_id from ({mapped.conflicts_sql(stream)})
        on conflict (source, stream, record_key) do update set
            versions = greatest(versions, excluded.versions), run_id = excluded.run_id
        """,
        {"source": run.source, "stream": str(stream), "run_id": run.run_id},
    ).fetchone()
    return int(row[0]) if row else 0
