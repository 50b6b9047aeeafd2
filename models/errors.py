"""Errors that a user can act on: what happened, where, what was kept, what to do next."""

from __future__ import annotations


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
    """A file or payload cannot be read as what it was said to be."""

    exit_code = 4


class SourceError(UserError):
    """A source refused, failed or answered with something that is not an answer."""

    exit_code = 5


class BuildError(UserError):
    """A SQL model failed to run, or one of its checks failed."""

    exit_code = 6


class NotBuiltError(UserError):
    """There is no published build to read."""

    exit_code = 7


class VerificationError(UserError):
    """An evidence pack does not hold what it claims."""

    exit_code = 8
