"""Opening a published build to read it: which one, and how it is found to be missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import NotBuiltError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from models.workspace import Workspace


@contextmanager
def open_build(workspace: Workspace, build_id: str | None = None) -> Iterator[tuple[str, DuckDBPyConnection]]:
    """Open a published build read-only, the current one by default; yields its id and a connection.

    Raises:
        NotBuiltError: There is none, the one asked for is gone, or its file is damaged.
    """
    chosen = build_id or workspace.current_build()
    path = workspace.build_path(chosen)
    if not path.is_file():
        kept = ", ".join(workspace.builds()) or "none"
        raise NotBuiltError(
            f"There is no published build {chosen}.", where=str(workspace.published_dir), kept=f"builds here: {kept}",
            next_step="twotrack build",
        )  # fmt: skip
    con = _connect(path)
    try:
        yield chosen, con
    finally:
        con.close()


# Practice, advice and the level of drift are judged over the last three months; older records leave them nothing.
OLD = timedelta(days=60)
# When each record of the two tracks and of what surrounds them took place, as a build knows it.
DATED = """(
    select coalesce(created_at, merged_at) as dated_at from marts.changes
    union all select decided_at from marts.decisions
    union all select started_at from marts.deployments
    union all select planned_start_at from marts.windows
    union all select opened_at from marts.incidents
)"""


def span_of_records(con: DuckDBPyConnection, as_of: datetime) -> tuple[datetime, datetime] | None:
    """Return the first and last instant of a build's records; ``None`` when none has one.

    What lies after the build's instant, as a planned window or a mistyped year does, is not the last.
    """
    ((first, last),) = con.execute(
        f"select min(dated_at), max(dated_at) filter (where dated_at <= $as_of) from {DATED}", {"as_of": as_of}
    ).fetchall()
    return None if first is None or last is None else (min(first, last), last)


def _connect(path: Path) -> DuckDBPyConnection:
    import duckdb

    try:
        con = duckdb.connect(str(path), read_only=True)
        con.execute("set TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise NotBuiltError(
            f"The published build cannot be read: {error}", where=str(path), kept="raw records are untouched",
            next_step="twotrack build",
        ) from error  # fmt: skip
    return con
