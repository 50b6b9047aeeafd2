"""What one run of the command line was asked for, and where its output goes.

Owns the global options, standard output and standard error. Refuses to know any command.

Results go to standard output, as text for people or as one JSON document. Everything else (progress, notices, errors)
goes to standard error. Text that came from records is made harmless before it reaches a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from models.errors import StorageError, UserError, storage_failure
from models.workspace import Workspace, default_home

if TYPE_CHECKING:
    from models.settings import Settings


# What most commands have written when they end with an error.
NOTHING_KEPT = "nothing was written"


class OutputClosedError(Exception):
    """Whoever read our output has gone away; not an error of ours."""


# Control characters, and format characters such as direction overrides, could rewrite what a terminal shows.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@dataclass
class Session:
    """Global options of this run, and what it has kept so far in case it is interrupted.

    Args:
        home: The workspace's folder; ``None`` means the default one.
        is_json: Print one JSON document instead of text.
        is_quiet: No progress and no notices.
        is_debug: Let errors show their traceback.
        kept: What is already safely written, said of an interruption and of an error that does not say it itself.
        next_step: What to do after an interruption.
        output: A file or folder, outside of the workspace perhaps, that the command was asked to write to.
    """

    home: Path | None = None
    is_json: bool = False
    is_quiet: bool = False
    is_debug: bool = False
    kept: str = ""
    next_step: str = "run the same command again"
    output: Path | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace this run is about."""
        return Workspace((self.home or default_home()).expanduser().absolute())

    def settings(self) -> Settings:
        """Return the workspace's configuration; raises ``ConfigurationError``."""
        from models.settings import load_settings

        return load_settings(self.workspace.config_path)

    def say(self, text: str = "") -> None:
        """Print a line of a result for people; nothing with ``--json``."""
        if not self.is_json:
            _write(sys.stdout, text)

    def answer(self, document: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print the result for machines; nothing without ``--json``."""
        if self.is_json:
            # ASCII only: a JSON string may hold what a terminal would obey.
            _write(sys.stdout, json.dumps(document, default=_plain, indent=2, allow_nan=False))

    def answer_line(self, document: Mapping[str, Any]) -> None:
        """Print one of many results for machines, as a line of JSON Lines; nothing without ``--json``."""
        if self.is_json:
            _write(sys.stdout, json.dumps(document, default=_plain, allow_nan=False))
            sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a result as CSV (RFC 4180), instants in ISO 8601."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_plain_cell(cell) for cell in row] for row in rows)
        _put(sys.stdout, text.getvalue())

    def notice(self, text: str) -> None:
        """Print a line beside the result, on standard error; nothing with ``--quiet``."""
        if not self.is_quiet:
            _write(sys.stderr, text)

    def complain(self, text: str) -> None:
        """Print an error on standard error."""
        _write(sys.stderr, text)

    def fail(self, error: UserError, document: Mapping[str, Any]) -> NoReturn:
        """End with an error after some of the work was done; ``document`` is what was done, for machines."""
        if self.is_debug:
            raise error
        self.answer({**error.as_json(), **document})
        self.complain(str(error))
        raise click.exceptions.Exit(error.exit_code)

    def unwritable(self, error: BaseException) -> StorageError | None:
        """Return what is told when ``output`` is where nothing can be written to; ``None`` for any other error."""
        if self.output is None or not isinstance(error, OSError) or not isinstance(error.filename, str):
            return None
        named = Path(error.filename)
        if self.output not in (named, *named.parents) and named not in self.output.parents:
            return None
        return storage_failure(error, kept=self.kept) or StorageError(
            f"Nothing can be written there: {error.strerror}.",
            where=error.filename,
            kept=self.kept or NOTHING_KEPT,
            next_step="choose another place, or make this one yours to write to",
        )

    @property
    def shows_progress(self) -> bool:
        """Whether a moving progress display makes sense: a person watches, and did not ask for quiet."""
        return not self.is_quiet and sys.stderr.isatty()


def _write(stream: TextIO, text: str) -> None:
    _put(stream, "\n".join(harmless(line) for line in text.split("\n")) + "\n")


def _put(stream: TextIO, text: str) -> None:
    # A terminal that cannot show a character gets a replacement, never a crash.
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, errors="replace").decode(encoding))
    except BrokenPipeError as error:
        raise OutputClosedError from error


def harmless(value: object) -> str:
    """Return a value as one line of text in which nothing can move a cursor, change colours or reverse the reading."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if unicodedata.category(c) not in _UNSAFE else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    if character in "\n\r\t":
        return " "
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def aligned(
    rows: Iterable[Sequence[object]], heading: Sequence[str] = (), *, right: frozenset[int] = frozenset()
) -> str:
    """Return rows as columns of plain text, ``right`` naming the columns that hold numbers."""
    table = [[harmless(cell) for cell in row] for row in ([heading] if heading else []) + list(rows)]
    if not table:
        return ""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    if heading:
        table.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def _plain_cell(value: object) -> object:
    return _plain(value) if isinstance(value, datetime | date) else value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    if isinstance(value, date | Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    if hasattr(value, "model_dump"):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} has no JSON form")
