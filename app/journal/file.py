"""The workspace's journal as a file: one SQLite database that readers write while builds are read-only.

Owns opening it and what its refusals mean. Refuses to know what is entered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from models.errors import InputError, StorageError, UserError, WorkspaceBusyError, storage_failure

_PATIENCE_SECONDS = 5


@contextmanager
def opened(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """Open the journal with a table of it made; what is entered within is stored whole or not at all.

    Raises:
        WorkspaceBusyError: Somebody else is entering something, for longer than anybody waits.
        StorageError: The disk is full, or the folder cannot be written to.
        InputError: The file is damaged, or no journal.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as con, con:
            con.execute(schema)
            yield con
    except (sqlite3.Error, OSError) as error:
        raise _refusal(path, error) from error


def text_of(words: str, longest: int, what: str) -> str:
    """Return entered text on one line; raises ``InputError`` where it is empty or very long.

    Args:
        words: As entered.
        longest: How many characters it may have.
        what: What is entered, with its article: ``A decision``.
    """
    line = " ".join(words.split())
    if not line or len(line) > longest:
        raise InputError(
            f"{what} needs 1 to {longest} characters.",
            kept="nothing was written",
            next_step="write it in one sentence, or enter a long one as several",
        )
    return line


def _refusal(path: Path, error: sqlite3.Error | OSError) -> UserError:
    kept, where, text = "nothing was written", str(path), str(error)
    if "is locked" in text:
        return WorkspaceBusyError(
            "Somebody else is writing to the journal.", where=where, kept=kept, next_step="try again in a moment"
        )
    if "is full" in text:
        return StorageError(
            "The disk is full.", where=where, kept=kept, next_step="make room (twotrack doctor says how much)"
        )
    if failure := storage_failure(error, where=where, kept=kept):
        return failure
    if isinstance(error, OSError) or "readonly" in text or "unable to open" in text:
        return StorageError(
            f"The journal cannot be written: {text}.",
            where=where,
            kept=kept,
            next_step="make the file and its folder yours to write to, or choose another folder with --home",
        )
    return InputError(
        f"The journal cannot be read: {text}.",
        where=where,
        kept=kept,
        next_step="put a copy from a backup in its place; without one move the file away, and it begins anew",
    )
