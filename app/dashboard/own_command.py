"""Running one of our own commands from a page, in a process with its own memory and database handles.

Owns the process and its answer. Refuses to know what a command does; arguments are passed one by one, never through
a shell.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

from app import progress
from models.errors import UserError
from models.workspace import CHECKOUT, Workspace

_LONGEST_SECONDS = 900
_LOOKS_EVERY = 0.2


def run(space: Workspace, arguments: Sequence[str]) -> dict[str, Any]:
    """Run ``twotrack --home … ARGUMENTS --json`` and return its answer.

    Raises:
        UserError: What the command said went wrong, or that it gave no answer.
    """
    command = [*_argv(space, arguments), "--quiet"]
    try:
        # What is run is this Python with our own module; the arguments are data.
        done = subprocess.run(  # noqa: S603
            command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"The command took longer than {_LONGEST_SECONDS // 60} minutes and was ended.", next_step=shown(arguments)
        ) from None
    return answered(arguments, done.returncode, done.stdout, done.stderr)


def run_telling(space: Workspace, arguments: Sequence[str], tell: Callable[[str], None]) -> dict[str, Any]:
    """Do the same, and call ``tell`` with each line of progress that was seen on the way.

    Raises:
        UserError: What the command said went wrong, that it gave no answer, or that it took too long.
    """
    ends_at, told = time.monotonic() + _LONGEST_SECONDS, ""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(space, arguments, out, err)
        try:
            while process.poll() is None:
                if time.monotonic() > ends_at:
                    raise UserError(
                        f"The command took longer than {_LONGEST_SECONDS // 60} minutes and was ended.",
                        next_step=shown(arguments),
                    )
                time.sleep(_LOOKS_EVERY)
                if (line := _last_line(err)) not in {"", told}:
                    told = line
                    tell(line)
        finally:
            # Also when the page that waits is left: nobody would read the answer.
            process.kill()
            code = process.wait()
        out.seek(0)
        return answered(arguments, code, out.read().decode(errors="replace"))


def _last_line(file: IO[bytes]) -> str:
    """Return the last whole line of what another process has written so far, without moving where it writes."""
    text = os.pread(file.fileno(), 1 << 16, max(os.fstat(file.fileno()).st_size - (1 << 16), 0))
    return text.rpartition(b"\n")[0].rpartition(b"\n")[2].decode(errors="replace")


def start(space: Workspace, arguments: Sequence[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start ``twotrack --home … ARGUMENTS --json`` and return its process; its progress comes as lines on ``err``."""
    return subprocess.Popen(  # noqa: S603 - this Python with our own module; the arguments are data
        _argv(space, arguments), cwd=CHECKOUT, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
        env={**os.environ, **progress.LINES},
    )  # fmt: skip


def answered(arguments: Sequence[str], code: int, out: str, err: str = "") -> dict[str, Any]:
    """Return what a command answered.

    Raises:
        UserError: What the command said went wrong, or that it gave no answer.
    """
    answer = _answer(out) or _answer(err)
    if code or answer is None or "error" in answer:
        said = answer or {}
        raise UserError(
            str(said.get("what") or "The command gave no answer."),
            where=str(said.get("where") or ""),
            kept=str(said.get("kept") or ""),
            next_step=str(said.get("next") or shown(arguments)),
        )
    return answer


def _argv(space: Workspace, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "app.cli", "--home", str(space.home), *arguments, "--json"]


def shown(arguments: Sequence[str]) -> str:
    """Return the command as a person types it."""
    return "twotrack " + " ".join(_quoted(argument) for argument in arguments)


def _quoted(argument: str) -> str:
    plain = argument and all(c.isalnum() or c in "-_./:=@" for c in argument)
    return argument if plain else "'" + argument.replace("'", "'\\''") + "'"


def _answer(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
