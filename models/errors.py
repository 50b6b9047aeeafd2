"""Errors that a user can act on: what happened, where, what was kept, what to do next."""

from __future__ import annotations

import errno

# What every error of a build leaves.
BUILD_KEPT = "the last good build stays published"


class UserError(Exception):
    """Something a user can act on; printed without a traceback unless ``--debug``.

    Args:
        what: What happened, one sentence.
        where: File, source, stream or setting it happened at; empty when there is none.
        kept: What was and was not written.
        next_step: The next thing to do, if possible a command that can be pasted.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", kept: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.kept = kept
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the message as the lines a terminal shows."""
        lines = [self.what]
        lines += [f"  where: {self.where}"] if self.where else []
        lines += [f"  kept:  {self.kept}"] if self.kept else []
        lines += [f"  next:  {self.next_step}"] if self.next_step else []
        return "\n".join(lines)

    def as_json(self) -> dict[str, str | int]:
        """Return the error as a JSON object for ``--json`` output."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "kept": self.kept,
            "next": self.next_step,
            "exit_code": self.exit_code,
        }


class ConfigurationError(UserError):
    """The workspace's configuration is missing or wrong."""

    exit_code = 2


class WorkspaceBusyError(UserError):
    """Another process is writing to the workspace."""

    exit_code = 3


class InputError(UserError):
    """A file or payload cannot be read as what it was said to be, or what was asked for is not there."""

    exit_code = 4


class SourceError(UserError):
    """A source refused, failed or answered with something that is not an answer."""

    exit_code = 5


class BuildError(UserError):
    """A SQL model failed to run, or one of its checks failed."""

    exit_code = 6


def broken_model(what: str, *, where: str) -> BuildError:
    """Return the error for a model that is not as a model must be, before it is run.

    Args:
        what: What is wrong with it.
        where: Its file.
    """
    return BuildError(
        what, where=where, kept=BUILD_KEPT, next_step="correct the file if it is yours; if not, install Twotrack again"
    )


class NotBuiltError(UserError):
    """There is no published build to read, or nothing to build one from."""

    exit_code = 7


class VerificationError(UserError):
    """An evidence pack does not hold what it claims."""

    exit_code = 8


class StorageError(UserError):
    """The disk is full or cannot be written, or memory ran out."""

    exit_code = 9


class InternalError(UserError):
    """A fault of Twotrack's own; `--debug` shows the traceback."""

    exit_code = 70


# What is wrong, the operating system's numbers for it, DuckDB's and Python's words for it, what to do.
_STORAGE: tuple[tuple[str, set[int], tuple[str, ...], str], ...] = (
    (
        "The disk is full.",
        {errno.ENOSPC, errno.EDQUOT, errno.EFBIG},
        ("No space left on device", "Disk quota exceeded", "File too large", "max_temp_directory_size"),
        "make room (twotrack doctor says how much), then run the same command again",
    ),
    (
        "The disk cannot be written to.",
        {errno.EROFS},
        ("Read-only file system",),
        "choose a folder that can be written to with --home",
    ),
    (
        "Memory ran out.",
        {errno.ENOMEM},
        ("Out of Memory Error", "failed to allocate data", "failed to pin block"),
        "allow more with --memory where the command has it, or close other programs",
    ),
)


def storage_failure(error: BaseException, *, where: str = "", kept: str = "") -> StorageError | None:
    """Return what a failure of disk or memory means to a user; ``None`` for any other error.

    DuckDB has no type for a full disk, so its words decide. A commit that succeeded before the database could not be
    tidied up any more is told as what it is: stored.

    Args:
        error: What was raised, by the operating system or by DuckDB.
        where: What was being written.
        kept: What is kept when the write did not succeed.
    """
    text = str(error)
    if "COMMIT succeeded" in text:
        kept = "what was being stored is stored"
    number = error.errno if isinstance(error, OSError) else None
    for what, numbers, words, next_step in _STORAGE:
        if number in numbers or any(said in text for said in words):
            return StorageError(what, where=where or _named(error), kept=kept, next_step=next_step)
    return None


# DuckDB's words for a file that is not as it was written.
_DAMAGE = ("Corrupt database file", "Could not read enough bytes from file", "not a valid DuckDB database file")


def damage(error: BaseException, *, where: str = "", kept: str = "") -> InputError | None:
    """Return what a damaged database file means to a user; ``None`` for any other error.

    Args:
        error: What DuckDB raised.
        where: The file, where it is known better than from the error's own words.
        kept: What is kept all the same.
    """
    text = str(error)
    if not any(said in text for said in _DAMAGE):
        return None
    return InputError(
        f"A database file of the workspace is damaged: {text.splitlines()[0]}", where=where or _named(error), kept=kept,
        next_step="twotrack doctor says whether the raw records are, and then what to do; else twotrack build writes "
        "the published file again",
    )  # fmt: skip


def unforeseen(error: BaseException, *, kept: str) -> UserError:
    """Return what no command foresaw as an error to tell: a full disk or a damaged file as that, else our fault."""
    return (
        storage_failure(error, kept=kept)
        or damage(error, kept=kept)
        or InternalError(
            f"Twotrack failed in a way it should not: {type(error).__name__}: {error}",
            kept=kept,
            next_step="run the command again with --debug and report what it prints",
        )
    )


def _named(error: BaseException) -> str:
    """Return the file that an error names, as Python or DuckDB do."""
    if isinstance(error, OSError) and error.filename:
        return str(error.filename)
    parts = str(error).split('"')
    return next((part for part in parts[1::2] if "/" in part), "")
