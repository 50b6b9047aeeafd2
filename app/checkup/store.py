"""Examining the raw records: that they can be read, are what was received, and belong to runs that are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.checkup.finding import Finding
from app.session import Session

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TOPIC = "raw records"
_SAMPLE = 5000


def raw_records(session: Session) -> Iterator[Finding]:
    """Open the raw database read-only and examine it; one that is being written is left alone."""
    path = session.workspace.raw_path
    if not path.is_file():
        yield Finding(_TOPIC, "note", "none yet", "twotrack demo, twotrack sync or twotrack import")
        return
    import duckdb

    from ingest.raw_file import RESTORE, explained, require_format
    from models.errors import UserError, WorkspaceBusyError

    try:
        with explained(path):
            con = duckdb.connect(str(path), read_only=True)
            require_format(con, path)
    except WorkspaceBusyError as error:
        yield Finding(_TOPIC, "note", f"being written now, so not examined. {error.what}")
        return
    except UserError as error:
        yield Finding(_TOPIC, "wrong", f"{error.what} ({path})", error.next_step)
        return
    with con:
        try:
            yield from _contents(con, path)
            yield from _runs(con)
        except duckdb.Error as error:
            yield Finding(_TOPIC, "wrong", f"{path} is damaged: {str(error).splitlines()[0]}", RESTORE)


def any_records(path: Path) -> bool:
    """Return whether a raw database holds any record; one that is being written is taken to.

    Raises:
        UserError: It cannot be read.
    """
    import duckdb

    from ingest.raw_file import explained, require_format
    from models.errors import WorkspaceBusyError

    try:
        with explained(path), duckdb.connect(str(path), read_only=True) as con:
            require_format(con, path)
            return any(con.execute(f"select 1 from raw.{name} limit 1").fetchone() for name in _tables(con))
    except WorkspaceBusyError:
        return True


def _tables(con: DuckDBPyConnection) -> list[str]:
    """Return the tables that hold payloads of records."""
    return [str(name) for (name,) in con.execute(
        "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = 'payload_sha256' "
        "and table_name <> 'rejected' order by 1"
    ).fetchall()]  # fmt: skip


def _contents(con: DuckDBPyConnection, path: Path) -> Iterator[Finding]:
    """Count what is held, compare a sample with its hashes, and look for rows of a run that nobody logged."""
    from ingest.raw_file import RESTORE

    counts = {name: int(con.execute(f"select count(*) from raw.{name}").fetchall()[0][0]) for name in _tables(con)}
    total = sum(counts.values())
    yield Finding(
        _TOPIC, "ok", f"{total:,} versions of records, {path.stat().st_size / 1024**2:,.1f} MB in {path.name}"
    )
    held = [name for name, count in counts.items() if count]
    changed, compared = 0, 0
    for name in held:
        found, wrong = _compared(con, name, max(20, _SAMPLE * counts[name] // max(1, total)))
        compared, changed = compared + found, changed + wrong
    unknown = sum(
        int(con.execute(
            f"select count(*) from raw.{name} where run_id not in (select run_id from raw.runs)").fetchall()[0][0])
        for name in held
    )  # fmt: skip
    if changed:
        text = f"{changed:,} of {compared:,} payloads compared are not what was received: their hashes differ"
        yield Finding(_TOPIC, "wrong", text, RESTORE)
    elif compared:
        yield Finding(_TOPIC, "ok", f"{compared:,} payloads compared with the hashes they were stored under; all agree")
    if unknown:
        yield Finding(_TOPIC, "wrong", f"{unknown:,} versions belong to no logged run", RESTORE)


def _compared(con: DuckDBPyConnection, table: str, rows: int) -> tuple[int, int]:
    """Return how many payloads of a sample were compared with their hashes, and how many differ.

    What a source returned is hashed over its canonical JSON, what a file brought over its text.
    """
    from ingest.store_records import canonical_json
    from models.errors import InputError

    sample = con.execute(
        f"select payload, payload_sha256, sha256(payload) from raw.{table} "
        f"using sample reservoir({rows} rows) repeatable (7)"
    ).fetchall()
    wrong = 0
    for payload, digest, of_text in sample:
        try:
            wrong += digest not in (of_text, canonical_json(str(payload))[1])
        except InputError:
            wrong += 1
    return len(sample), wrong


def _runs(con: DuckDBPyConnection) -> Iterator[Finding]:
    last = con.execute(
        "select source, arg_max(status, started_at), max(started_at), arg_max(error, started_at), "
        "arg_max(command, started_at) from raw.runs group by source order by source"
    ).fetchall()
    for source, status, at, error, command in last:
        text = f"{source}: last run {at:%Y-%m-%d %H:%M} UTC, {status}" + (f": {error}" if error else "")
        again = f"run `{command}` again" if str(command).startswith("twotrack ") else "run it again"
        again = f"{again} once what it met is put right" if error else again
        yield Finding("runs", "ok" if status == "ok" else "wrong", text,
                      "" if status == "ok" else f"{again}; what it stored is kept")  # fmt: skip
    rejected = con.execute(
        "select source, stream, reason, count(*) from raw.rejected where replayed_at is null "
        "group by source, stream, reason order by count(*) desc, source, stream, reason limit 10"
    ).fetchall()
    for source, stream, reason, count in rejected:
        yield Finding("set aside", "note", f"{count:,} of {source} {stream}: {reason}")
