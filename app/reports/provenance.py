"""Where a pack's records came from: each extract of the run log, as it stood when the build was made.

Owns what is said of extracts and of what a pack cannot show. Reads the raw store's log; refuses to read payloads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from duckdb import DuckDBPyConnection

_STAMP = re.compile(r"(\d{8}T\d{6})(\d{0,6})-")
_EXTRACT_COLUMNS = (
    "source", "source_type", "stream", "scope", "command", "principal", "scopes", "tool_version", "started_at",
    "finished_at", "status", "error", "window_from", "window_to", "requests", "pages", "received", "stored",
    "unchanged", "rejected", "reported", "watermark_before", "watermark_after", "run_id",
)  # fmt: skip


def built_at(build_id: str) -> datetime | None:
    """Return the instant (naive UTC) that a build's id states; later extracts are none of its."""
    match = _STAMP.match(build_id)
    if not match:
        return None
    # An id that states whole seconds was made within that second.
    fraction = timedelta(microseconds=int(match[2].ljust(6, "0"))) if match[2] else timedelta(seconds=1)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S") + fraction


def extracts(con: DuckDBPyConnection, build_id: str) -> list[dict[str, Any]]:
    """Return every extract that the build can have read, oldest first, from the raw store that ``con`` is on.

    ``reported_minus_stored`` says how many records the source claims beyond what is held from that extract on;
    ``continues`` whether it took up where the one before it left off.
    """
    until = built_at(build_id)
    names = ", ".join(f"{'s' if column in _OF_STREAM else 'r'}.{column}" for column in _EXTRACT_COLUMNS)
    rows = con.execute(
        f"""select {names}
        from raw.run_streams s inner join raw.runs r on r.run_id = s.run_id
        where ?::timestamp is null or r.started_at <= ?::timestamp
        order by r.started_at, r.run_id, s.stream, s.scope""",
        [until, until],
    ).fetchall()
    queries = _queries(con)
    found = [dict(zip(_EXTRACT_COLUMNS, row, strict=True)) for row in rows]
    last: dict[tuple[str, str, str], str | None] = {}
    for extract in found:
        place = (extract["source"], extract["stream"], extract["scope"])
        before = extract["watermark_before"]
        extract["continues"] = None if place not in last or before is None else last[place] == before
        last[place] = extract["watermark_after"] or last.get(place)
        extract["query"] = queries.get((extract["run_id"], extract["stream"]))
        reported = extract["reported"]
        extract["received_minus_reported"] = None if reported is None else extract["received"] - reported
    return [{key: _plain(value) for key, value in extract.items()} for extract in found]


_OF_STREAM = {
    "source", "stream", "scope", "window_from", "window_to", "requests", "pages", "received", "stored", "unchanged",
    "rejected", "reported", "watermark_before", "watermark_after", "run_id",
}  # fmt: skip


def _queries(con: DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """Return one request of each run and stream, as an example of how it was asked for."""
    found: dict[tuple[str, str], str] = {}
    for (table,) in con.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' and column_name = 'request_url' "
        "and table_name <> 'rejected' order by table_name"
    ).fetchall():
        stream = str(table).replace("_", ".", 1)
        rows = con.execute(
            f"select run_id, min(request_url) from raw.{table} where request_url is not null group by run_id"
        ).fetchall()
        found |= {(run_id, stream): url for run_id, url in rows}
    return found


def held(con: DuckDBPyConnection, build_id: str) -> tuple[tuple[str, str, int], ...]:
    """Return (source, stream, distinct records) of the raw store on ``con``, as far as the build can have read them."""
    until = built_at(build_id)
    found: list[tuple[str, str, int]] = []
    for (table,) in con.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' and column_name = 'payload' "
        "and table_name <> 'rejected' order by table_name"
    ).fetchall():
        found += con.execute(
            f"select source, ?, count(distinct record_key) from raw.{table} "
            "where ?::timestamp is null or fetched_at <= ?::timestamp group by source",
            [str(table).replace("_", ".", 1), until, until],
        ).fetchall()
    return tuple(sorted(found))


def problems(loading: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return sentences on sources that may be incomplete, from (source, stream, problem)."""
    by_source: dict[str, list[str]] = {}
    for source, stream, problem in loading:
        by_source.setdefault(source, []).append(f"{stream.partition('.')[2] or stream} ({problem})")
    return [f"{source} may be incomplete: {'; '.join(found)}." for source, found in sorted(by_source.items())]


def _plain(value: object) -> object:
    return value.isoformat() + "Z" if isinstance(value, datetime) else value
