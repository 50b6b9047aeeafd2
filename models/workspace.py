"""One folder with everything Twotrack keeps: configuration, raw database, builds, the pointer to the current build.

Owns paths, the writer lock and the pointer. Knows nothing of what is inside the databases.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from models.errors import NotBuiltError, StorageError, WorkspaceBusyError, storage_failure

CHECKOUT = Path(__file__).resolve().parent.parent
KEPT_BUILDS = 5
# The push endpoint holds the lock for the moments in which it takes deliveries over; others wait for that.
BRIEF_WRITER = "twotrack serve-push"
_BRIEFLY_SECONDS = 30.0
_NAMELESS_SECONDS = 1.0  # a holder writes its name just after it has taken the lock


def default_home() -> Path:
    """Return ``TWOTRACK_HOME``, else ``data/`` of the checkout, else the user's data folder."""
    if home := os.environ.get("TWOTRACK_HOME"):
        return Path(home)
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / "data"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "twotrack"


@dataclass(frozen=True)
class Workspace:
    """Paths of one workspace; two workspaces never share a file."""

    home: Path

    @property
    def config_path(self) -> Path:
        """Configuration file, ``twotrack.toml``."""
        return self.home / "twotrack.toml"

    @property
    def raw_path(self) -> Path:
        """DuckDB file with every payload a source returned, in schema ``raw``."""
        return self.home / "store.duckdb"

    @property
    def build_dir(self) -> Path:
        """Folder for builds that are being written."""
        return self.home / "build"

    @property
    def published_dir(self) -> Path:
        """Folder of finished builds, each read-only from then on."""
        return self.home / "published"

    @property
    def pointer_path(self) -> Path:
        """File that names the current build."""
        return self.published_dir / "current.json"

    @property
    def journal_path(self) -> Path:
        """SQLite file for what people enter: annotations, decisions, actions."""
        return self.home / "journal.sqlite"

    @property
    def spool_path(self) -> Path:
        """SQLite file with deliveries that were acknowledged to their senders and wait for the raw store."""
        return self.home / "push.sqlite"

    def build_path(self, build_id: str) -> Path:
        """Return where the published build ``build_id`` lies."""
        return self.published_dir / f"{build_id}.duckdb"

    def builds(self) -> list[str]:
        """Return the ids of all published builds, oldest first."""
        return sorted(path.stem for path in self.published_dir.glob("*.duckdb"))

    def current_build(self) -> str:
        """Return the id of the current build.

        Raises:
            NotBuiltError: No build has been published, or the pointer names one that is gone.
        """
        try:
            build_id = str(json.loads(self.pointer_path.read_text(encoding="utf-8"))["build_id"])
        except (FileNotFoundError, NotADirectoryError):
            raise NotBuiltError(
                "There is no build to read yet.",
                where=str(self.home),
                next_step="twotrack build"
                if self.raw_path.exists()
                else "twotrack demo (example data), or twotrack sync and then twotrack build",
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise NotBuiltError(
                f"The pointer to the current build is unreadable ({error}).",
                where=str(self.pointer_path),
                kept="published builds are untouched",
                next_step="twotrack build",
            ) from error
        if not self.build_path(build_id).is_file():
            raise NotBuiltError(
                f"The current build {build_id} is missing from disk.",
                where=str(self.build_path(build_id)),
                kept="raw records are untouched",
                next_step="twotrack build",
            )
        return build_id

    def publish(self, build_id: str, finished: Path, summary: dict[str, object]) -> None:
        """Move a finished build into place, then replace the pointer atomically and prune old builds.

        A reader sees the old build or the new one, never something between: the file gets its own name and is
        never replaced, and only the small pointer is renamed over.
        """
        self.published_dir.mkdir(parents=True, exist_ok=True)
        _sync_to_disk(finished)
        finished.replace(self.build_path(build_id))
        pointer = self.pointer_path.with_suffix(".tmp")
        pointer.write_text(json.dumps({"build_id": build_id, **summary}, indent=2, default=str), encoding="utf-8")
        _sync_to_disk(pointer)
        pointer.replace(self.pointer_path)
        _sync_to_disk(self.published_dir)
        for old in [b for b in self.builds() if b != build_id][: -(KEPT_BUILDS - 1)]:
            self.build_path(old).unlink(missing_ok=True)

    @contextmanager
    def writing(self, doing: str) -> Iterator[None]:
        """Hold the workspace's writer lock.

        The lock belongs to the process, so a killed writer never leaves it behind. A holder that needs it only for
        moments (``BRIEF_WRITER``) is waited for.

        Args:
            doing: What the holder does, shown to whoever finds the workspace busy.

        Raises:
            WorkspaceBusyError: Another process is writing.
        """
        with self._lock_file() as handle:
            holder = _taken_by_other(handle)
            if holder is not None:
                raise WorkspaceBusyError(
                    f"The workspace is being written by {holder or 'another process'}.",
                    where=str(self.home),
                    kept="nothing was written by this command",
                    next_step="wait for it to finish and run the command again",
                )
            handle.truncate(0)
            handle.write(f"`{doing}` (process {os.getpid()})")
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)

    def _lock_file(self) -> TextIO:
        """Open the lock's file; raises ``StorageError`` where the folder cannot be made or written to."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            return (self.home / ".writer.lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise storage_failure(error, where=str(self.home), kept="nothing was written") or StorageError(
                f"The workspace's folder cannot be made or written to: {error.strerror or error}.",
                where=str(self.home),
                kept="nothing was written",
                next_step="choose another folder with --home or TWOTRACK_HOME, or make this one yours to write to",
            ) from error


def _taken_by_other(handle: TextIO) -> str | None:
    """Take the lock and return ``None``, or return the name of who holds it (empty where it gave none)."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip()
            patience = _NAMELESS_SECONDS if not holder else _BRIEFLY_SECONDS if BRIEF_WRITER in holder else 0.0
            if time.monotonic() - began >= patience:
                return holder
            time.sleep(0.05)
        else:
            return None


def _sync_to_disk(path: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
