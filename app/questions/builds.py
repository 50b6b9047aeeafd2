"""Which published build a session reads, and read-only connections to it.

Owns the pointer's reading, pinned builds and the offer of a newer one. Never opens the raw store, nor a file that is
being written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import streamlit as st
from duckdb import DuckDBPyConnection

from models.errors import NotBuiltError
from models.workspace import Workspace, default_home

_OPEN_BUILDS = 4
_BUILD_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,80}")
_CHANGED_HANDS = "build_in_use"


@dataclass(frozen=True)
class Build:
    """One published build: what identifies it and which tables it holds."""

    build_id: str
    path: str
    as_of: datetime
    kind: str
    name: str
    tables: frozenset[str]

    @property
    def is_demo(self) -> bool:
        """Whether the records are generated; said wherever they show."""
        return self.kind == "demo"

    def has(self, *tables: str) -> bool:
        """Return whether the build holds all of ``tables`` (``schema.name``)."""
        return all(table in self.tables for table in tables)


def workspace() -> Workspace:
    """Return the workspace this server shows."""
    return Workspace(default_home())


@st.cache_resource(max_entries=_OPEN_BUILDS, show_spinner=False)
def _connection(path: str) -> DuckDBPyConnection:
    try:
        return duckdb.connect(path, read_only=True, config={"enable_external_access": False})
    except duckdb.Error as error:
        raise NotBuiltError(
            f"The build cannot be opened ({error}).",
            where=path,
            kept="other builds are untouched",
            next_step="twotrack build",
        ) from error


def cursor(build: Build) -> DuckDBPyConnection:
    """Return a cursor of the build's shared connection; safe to use beside other sessions' cursors."""
    return _connection(build.path).cursor()


def open_build(space: Workspace, build_id: str) -> Build:
    """Return what a published build says of itself.

    Raises:
        NotBuiltError: No such build, or its file is not one.
    """
    path = space.build_path(build_id)
    if not _BUILD_ID.fullmatch(build_id) or not path.is_file():
        raise NotBuiltError(
            "The build asked for is no longer kept.", kept="the current build", next_step="open the current build"
        )
    try:
        return _describe(build_id, str(path))
    except NotBuiltError as error:
        if len(space.builds()) > 1:
            error.kept += "; choose one at the foot of the sidebar until then"
        raise


@st.cache_data(max_entries=_OPEN_BUILDS, show_spinner=False)
def _describe(build_id: str, path: str) -> Build:
    try:
        con = _connection(path).cursor()
        as_of, kind, name = con.execute("select as_of, kind, name from meta.build").fetchall()[0]
        tables = con.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
    except (duckdb.Error, IndexError) as error:
        raise NotBuiltError(
            f"The file of build {build_id} does not describe itself ({error}).",
            where=path,
            kept="other builds are untouched",
            next_step="twotrack build",
        ) from error
    return Build(build_id, path, as_of, kind, name, frozenset(row[0] for row in tables))


def build_in_use(space: Workspace) -> str:
    """Return the build this session reads: the current one when it began, until the reader takes a newer one.

    Numbers on an open page therefore never change by themselves.
    """
    used = st.session_state.get(_CHANGED_HANDS)
    if not isinstance(used, str) or not space.build_path(used).is_file():
        used = space.current_build()
        st.session_state[_CHANGED_HANDS] = used
    return used


def newer_build(space: Workspace, shown: str) -> str | None:
    """Return the current build's id if it is not the one shown."""
    try:
        current = space.current_build()
    except NotBuiltError:
        return None
    return current if current != shown else None


def take(build_id: str) -> None:
    """Let this session read another build from the next run on."""
    st.session_state[_CHANGED_HANDS] = build_id


@dataclass(frozen=True)
class Writing:
    """A command that holds the workspace's writer lock now, and since when."""

    command: str
    since: datetime


def writing(space: Workspace) -> Writing | None:
    """Return the command that is writing to the workspace, read from its lock without touching the lock itself."""
    path = space.home / ".writer.lock"
    try:
        text = path.read_text(encoding="utf-8")
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    except (OSError, UnicodeDecodeError):
        return None
    found = re.fullmatch(r"`(.{1,200})` \(process (\d+)\)", text.strip())
    if not found or not _is_alive(int(found[2])):
        return None
    return Writing(found[1], since)


def now() -> datetime:
    """Return the present instant as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _is_alive(process: int) -> bool:
    """Return whether a process runs here; a killed writer leaves its name in the lock file."""
    return Path(f"/proc/{process}").exists() if Path("/proc/self").exists() else True
