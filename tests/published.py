"""What a published build holds, as sets of rows, to compare builds with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb

from models.workspace import Workspace

# The tables about runs, not about records: when, how often and with what result a source was read, and up to where.
RUN_LOG = {"marts.data_sources", "marts.watermark_continuity"}
Contents = dict[str, Counter[tuple[object, ...]]]


def contents(home: Path, build_id: str | None = None) -> Contents:
    """Return every mart and metric but the run log: how often each row occurs, whatever the order."""
    space = Workspace(home)
    with duckdb.connect(str(space.build_path(build_id or space.current_build())), read_only=True) as con:
        names = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('marts', 'metrics') order by 1"
        ).fetchall()
        return {name: Counter(con.execute(f"from {name}").fetchall()) for (name,) in names if name not in RUN_LOG}


def differences(one: Contents, other: Contents) -> list[str]:
    """Return one line per table whose rows differ, with an example from either side."""
    found = []
    for name in sorted(set(one) | set(other)):
        mine, theirs = one.get(name, Counter()), other.get(name, Counter())
        if mine != theirs:
            gone, new = mine - theirs, theirs - mine
            found.append(f"{name}: {gone.total()} rows gone, as {example(gone)}; {new.total()} new, as {example(new)}")
    return found


def example(rows: Counter[tuple[object, ...]]) -> tuple[object, ...] | None:
    return next(iter(rows), None)
