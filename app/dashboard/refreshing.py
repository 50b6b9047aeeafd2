"""Reading the sources and building anew from the page: one refresh at a time for everybody who uses this server.

Owns the running command and what is said of it. The new build is offered as every new build is; no page changes its
numbers by itself. Refuses to sync or build: that is ``twotrack sync --build``, in a process of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import streamlit as st

from app import wording
from app.dashboard import own_command
from app.questions import builds
from models.errors import UserError
from models.settings import Settings, load_settings
from models.workspace import Workspace

COMMAND = ("sync", "--build")
_LOOKED_AT_SECONDS = 2.0
_SHOWN_LINE = 160


@dataclass
class Refresh:
    """One refresh: its process and the folder it writes to, which goes with it."""

    process: subprocess.Popen[bytes]
    since: datetime
    folder: Path

    @property
    def is_running(self) -> bool:
        """Whether it still works."""
        return self.process.poll() is None

    def progress(self) -> str:
        """Return the last thing it said."""
        lines = [line for line in self._text("progress").splitlines() if line.strip()]
        return lines[-1] if lines else "Starting"

    def failure(self) -> UserError | None:
        """Return what went wrong, once it has ended; ``None`` when nothing did."""
        try:
            own_command.answered(COMMAND, self.process.returncode or 0, self._text("answer"), "")
        except UserError as error:
            return error
        return None

    def _text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")


@dataclass
class Desk:
    """Where the one refresh of a workspace is begun and looked up."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    latest: Refresh | None = None

    def begin(self, space: Workspace) -> None:
        """Start a refresh, unless one is running."""
        with self.lock:
            if self.latest is not None and self.latest.is_running:
                return
            folder = Path(tempfile.mkdtemp(prefix="twotrack-refresh-"))
            with (folder / "answer").open("wb") as out, (folder / "progress").open("wb") as err:
                self.latest = Refresh(own_command.start(space, COMMAND, out, err), builds.now(), folder)
            weakref.finalize(self.latest, shutil.rmtree, folder, ignore_errors=True)


@st.cache_resource(show_spinner=False)
def desk(home: str) -> Desk:
    """Return the desk of a workspace; every session of this server shares it."""
    return Desk()


def offer(space: Workspace) -> None:
    """Show the button where sources are configured, the progress while a refresh runs, and how it ended."""
    if not _has_sources(space):
        return
    found = desk(str(space.home))
    is_watching = found.latest is not None and found.latest.is_running
    watched = st.fragment(_shown, run_every=_LOOKED_AT_SECONDS if is_watching else None)
    watched(space, found, is_watching=is_watching)


def _shown(space: Workspace, found: Desk, *, is_watching: bool) -> None:
    latest = found.latest
    is_running = latest is not None and latest.is_running
    if is_running != is_watching:
        # It began or ended since: the whole page begins, or ends, to look at it.
        st.rerun(scope="app")
    if latest is not None and is_running:
        elapsed = wording.age(max(0.0, (builds.now() - latest.since).total_seconds()))
        st.button("Refreshing", icon=":material/sync:", key="refresh", disabled=True, width="stretch")
        st.caption(f"{wording.inert(latest.progress(), _SHOWN_LINE)} · {elapsed}")
        return
    st.button(
        "Refresh", icon=":material/sync:", key="refresh", width="stretch", on_click=found.begin, args=(space,),
        disabled=builds.writing(space) is not None,
        help="Reads what is new at the sources and builds anew. The numbers here stay until you take the new build.",
    )  # fmt: skip
    if latest is not None:
        _outcome(latest)


def _outcome(latest: Refresh) -> None:
    if error := latest.failure():
        st.warning(
            f"The refresh of {wording.instant(latest.since)} did not go through: {wording.inert(error.what, 300)}",
            icon=":material/error:",
        )
        if error.next_step:
            st.code(error.next_step, language=None, wrap_lines=True)
        return
    st.caption(f"Refreshed on {wording.instant(latest.since)}.")


def _has_sources(space: Workspace) -> bool:
    try:
        settings = _settings(str(space.config_path), space.config_path.stat().st_mtime_ns)
    except (OSError, UserError):
        return False  # a configuration that does not fit is what `doctor` and the next command say
    return settings.workspace.kind == "live" and bool(settings.source)


@st.cache_data(max_entries=2, show_spinner=False)
def _settings(path: str, changed: int) -> Settings:
    return load_settings(Path(path))
