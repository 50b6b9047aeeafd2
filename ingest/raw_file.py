"""The raw database as a file: opening it, and why it could not be opened.

Owns what DuckDB's refusals mean to somebody who has to act on them, and which format is understood. Refuses to know
what else is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingest.store_schema import SCHEMA_VERSION
from models.errors import InputError, UserError, WorkspaceBusyError, storage_failure

# What is left of a damaged file: everything synced or imported can be had again, what was pushed cannot.
RESTORE = (
    "put a copy from a backup in its place; without one move the file away, then sync and import again (what was "
    "pushed is then lost)"
)
_HOLDER = re.compile(r"lock is held in (?P<program>.+?)(?: \(PID (?P<process>\d+)\))")
_KEPT = "it was not touched"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Open or prepare the raw database within; raises what DuckDB refuses as an error to act on.

    Raises:
        WorkspaceBusyError: Another program has the file open.
        StorageError: The disk is full, or cannot be written to.
        InputError: The file is damaged, or none of DuckDB's.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _refusal(path, error) from error


def require_format(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise ``InputError`` for a database of another format: it would be read, and built from, as what it is not."""
    known = "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'meta'"
    if not con.execute(known).fetchone():
        return
    ((version,),) = con.execute("select max(schema_version) from raw.meta").fetchall()
    if version not in (None, SCHEMA_VERSION):
        raise InputError(
            f"The raw database is kept in format {version}; this version of Twotrack knows {SCHEMA_VERSION}.",
            where=str(path),
            kept=_KEPT,
            next_step="use the version that wrote it, or sync and import into another folder (--home)",
        )


def _refusal(path: Path, error: duckdb.Error) -> UserError:
    text = str(error)
    if "Could not set lock" in text:
        found = _HOLDER.search(text)
        program = Path(found["program"]).name if found else "one that is not named"
        process = f" (process {found['process']})" if found else ""
        return WorkspaceBusyError(
            f"Another program has the raw database open: {program}{process}.",
            where=str(path),
            kept=_KEPT,
            next_step="close it there, then run the command again; what only looks should open it read-only",
        )
    if failure := storage_failure(error, where=str(path), kept=_KEPT):
        return failure
    return InputError(
        f"The raw database cannot be read: {text.splitlines()[0]}", where=str(path), kept=_KEPT, next_step=RESTORE
    )
