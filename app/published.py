"""Opening a published build to read it: which one, how it is found to be missing or damaged, what its records span."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app import periods, wording
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


# A period with fewer records shows nothing that could be judged; the build must hold many times as many elsewhere.
_FEW = 20
_MANY_TIMES = 10


@dataclass(frozen=True)
class Straggling:
    """The newest period holds hardly any record: how many of how many, and the latest such period that is as usual."""

    recent: int
    records: int
    usual: periods.Period


def straggling(con: DuckDBPyConnection, first: datetime, last: datetime) -> Straggling | None:
    """Return whether the default period holds hardly any of a build's records, as a few late ones make it."""
    newest = periods.period(periods.DEFAULT_PERIOD, first, last)
    dated = f"from {DATED} where dated_at >= $first and dated_at < $end"
    span = {"first": periods.monday(first), "end": newest.end}
    ((records, recent),) = con.execute(
        f"select count(*), count(*) filter (where dated_at >= $start) {dated}", {**span, "start": newest.start}
    ).fetchall()
    if recent >= _FEW or records < _FEW * _MANY_TIMES:
        return None
    ((week,),) = con.execute(
        f"""with weeks as (select date_trunc('week', dated_at) as week, count(*) as records {dated} group by week)
        select max(week) from weeks where records >= (select avg(records) from weeks)""",
        span,
    ).fetchall()
    until = week + timedelta(weeks=1)
    return Straggling(recent, records, periods.period(periods.DEFAULT_PERIOD, first, until - timedelta(days=1)))


def where_records_end(as_of: datetime, last: datetime, thin: Straggling | None) -> tuple[str, datetime] | None:
    """Return what to say of records that end long before a build, and the day as of which to judge; else ``None``."""
    end = thin.usual.end if thin else periods.day_after(last)
    if as_of - end < OLD:
        return None
    said = (
        f"{'Most records end' if thin else 'Records end'} on {wording.day(end - timedelta(days=1))}, "
        f"{wording.age((as_of - end).total_seconds())} before this build; the last days before it hold "
        f"{'hardly any' if thin else 'none'}. To judge as of then:"
    )
    return said, end


NOTHING_DATED = "This build holds no change, decision, deployment, window or incident with a time."


def all_after(con: DuckDBPyConnection, as_of: datetime) -> str:
    """Say of a build without a record before its instant that there are some after it; empty where there are none."""
    ((first,),) = con.execute(f"select min(dated_at) from {DATED}").fetchall()
    if first is None or first <= as_of:
        return ""
    return (
        f"Every record of this build is dated after its instant, {wording.instant(as_of)}; the first is of "
        f"{wording.day(first)}. Look at this machine's clock, or at --as-of, then build again."
    )


def logged_events(con: DuckDBPyConnection) -> int:
    """Return how many events a build's activity log holds; 0 for a build without one."""
    known = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'activity_events'"
    if not con.execute(known).fetchone():
        return 0
    ((events,),) = con.execute("select count(*) from marts.activity_events").fetchall()
    return int(events)


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
