"""Fills a pack's folder with the chosen rows of a build and with the SQL that made and reads them.

Owns which files of a pack hold what was chosen. Refuses to compute a result; that is :mod:`app.reports.recompute`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from app.reports import delimited, engine, selection
from app.reports.question import Scope
from app.reports.recompute import CONTENTS, Table
from models.errors import InputError, NotBuiltError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from app.periods import Period

_MADE_HERE = (
    "pack.question", "pack.members", "pack.services", "pack.controls", "pack.fates", "pack.held", "meta.metrics",
)  # fmt: skip
Held = tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Question:
    """What a pack is about: build, period, scope, frameworks."""

    build_id: str
    as_of: datetime
    kind: str
    workspace: str
    period: Period
    scope: Scope
    frameworks: tuple[str, ...]


@dataclass(frozen=True)
class Packed:
    """What went in: tables, and metrics that cannot be recomputed from a pack with the reason for each."""

    tables: tuple[Table, ...]
    left_out: dict[str, str]


@contextmanager
def attached(build: Path, spills_below: Path | None = None) -> Iterator[DuckDBPyConnection]:
    """Yield an empty connection with a published build attached read-only as ``build``."""
    with engine.opened(spills_below) as con:
        con.execute(f"attach '{str(build).replace(chr(39), chr(39) * 2)}' as build (read_only)")
        con.execute("create schema pack")
        yield con


def known_frameworks(con: DuckDBPyConnection) -> dict[str, str]:
    """Return the frameworks whose controls an attached build carries, by short name, with their full names."""
    try:
        rows = con.execute(
            "select framework, min(framework_name) from build.seeds.controls group by framework order by framework"
        ).fetchall()
    except duckdb.CatalogException:
        raise NotBuiltError(
            "The published build carries no map of controls; it is older than this version.",
            next_step="twotrack build",
        ) from None
    return dict(rows)


def require_frameworks(con: DuckDBPyConnection, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the frameworks asked for, all when none is; raises ``InputError`` that lists the known ones."""
    known = known_frameworks(con)
    chosen = tuple(sorted({name.lower() for name in asked})) or tuple(known)
    if unknown := [name for name in chosen if name not in known]:
        raise InputError(
            f"No controls are mapped for {', '.join(unknown)}.", next_step=f"choose from {', '.join(known)}"
        )
    return chosen


def _require_tables(con: DuckDBPyConnection, wanted: Iterable[str]) -> None:
    """Refuse a build that lacks what packs of this version are made from."""
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'build' "
        "union all select schema_name || '.' || view_name from duckdb_views() where database_name = 'build'"
    ).fetchall()
    held = {name for (name,) in rows}
    if lacking := sorted(name for name in wanted if name.startswith("marts.") and name not in held):
        raise NotBuiltError(
            f"The published build is older than this version: it lacks {', '.join(lacking)}.",
            next_step="twotrack build",
        )


def fill(con: DuckDBPyConnection, data: Path, question: Question, held: Held) -> Packed:
    """Write the tables of a pack, their list, and all SQL, from the ``build`` that is attached to ``con``.

    ``held`` counts the distinct records of each (source, stream) in the raw store; empty when it is gone.
    """
    _ask(con, question)
    con.execute("create table pack.held (source VARCHAR, stream VARCHAR, records BIGINT)")
    if held:
        con.executemany("insert into pack.held values (?, ?, ?)", [list(one) for one in held])
    models = dict(con.execute("select name, sql from build.meta.models order by name").fetchall())
    evidence = _copy_evidence_sql(data)
    metrics, left_out = _metrics(con, models)
    wanted = {*selection.ALWAYS, *_seeds(con), *selection.tables_read([*metrics.values(), *evidence])}
    _require_tables(con, wanted)
    for chosen in (*selection.MEMBERSHIP, selection.FATES):
        con.execute(f"create table {chosen.table} as {chosen.statement}")
    chosen_tables = [found for name in sorted(wanted) if (found := selection.choose(con, name))]
    con.execute("create schema meta")
    con.execute(
        "create table meta.metrics as select * from build.meta.metrics where name in (select unnest(?::varchar[]))",
        [sorted(metrics)],
    )
    tables = [
        _write(con, data, found.table, found.statement) for found in chosen_tables if found.table != "meta.metrics"
    ]
    tables += [_write(con, data, name, f"select * from {name}") for name in _MADE_HERE]
    _write_sql(data, models, metrics, [*selection.MEMBERSHIP, selection.FATES, *chosen_tables])
    listed = [
        {"table": one.name, "file": one.file, "rows": one.rows, "columns": [list(column) for column in one.columns]}
        for one in tables
    ]
    write_text(data / CONTENTS, json.dumps({"tables": listed}, indent=1) + "\n")
    return Packed(tuple(tables), left_out)


def _ask(con: DuckDBPyConnection, question: Question) -> None:
    con.execute(
        "create table pack.question (build_id VARCHAR, as_of TIMESTAMP, kind VARCHAR, workspace VARCHAR, "
        "start_at TIMESTAMP, end_at TIMESTAMP, scope_kind VARCHAR, scope_name VARCHAR)"
    )
    con.execute(
        "insert into pack.question values (?, ?, ?, ?, ?, ?, ?, ?)",
        [question.build_id, question.as_of, question.kind, question.workspace, question.period.start,
         question.period.end, question.scope.kind, question.scope.name],
    )  # fmt: skip
    con.execute(
        "create table pack.controls as select framework, framework_name, reference, test, control "
        "from build.seeds.controls where framework in (select unnest(?::varchar[]))",
        [list(question.frameworks)],
    )


def _seeds(con: DuckDBPyConnection) -> list[str]:
    """Return the tables of the rules and lexicons that decided."""
    rows = con.execute(
        "select table_name from duckdb_tables() where database_name = 'build' and schema_name = 'seeds' order by 1"
    ).fetchall()
    return [f"seeds.{name}" for (name,) in rows]


def _metrics(con: DuckDBPyConnection, models: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the SQL of the metrics that the rows of a pack can give again, and why the others cannot."""
    usable: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for (name,) in con.execute("select name from build.meta.metrics order by name").fetchall():
        text = models[f"metrics.{name}"]
        without_rule = [
            table for table in sorted(selection.tables_read([text])) if selection.choose(con, table) is None
        ]
        if hidden := selection.unpublished([text]):
            left_out[name] = f"it reads {', '.join(sorted(hidden))}, which a build does not publish"
        elif without_rule:
            left_out[name] = f"no rule says which rows of {', '.join(without_rule)} belong to a scope"
        else:
            usable[name] = text
    return usable, left_out


def _write(con: DuckDBPyConnection, data: Path, table: str, statement: str) -> Table:
    file = f"tables/{table}.csv"
    written = delimited.write_query(con, statement, data / file)
    return Table(table, file, written.columns, written.rows)


def _copy_evidence_sql(data: Path) -> list[str]:
    texts = []
    with as_file(files("app.reports").joinpath("sql/evidence")) as root:
        for path in sorted(root.rglob("*.sql")):
            text = path.read_text(encoding="utf-8")
            write_text(data / "sql" / "evidence" / path.relative_to(root), text)
            texts.append(text)
    return texts


def _write_sql(data: Path, models: dict[str, str], metrics: Iterable[str], chosen: Iterable[selection.Chosen]) -> None:
    kept = set(metrics)
    for full_name, text in models.items():
        layer, _, name = full_name.partition(".")
        # A metric that a pack cannot give again stands apart, so that nobody looks for its result.
        folder = "metrics_not_recomputed" if layer == "metrics" and name not in kept else layer
        write_text(data / "sql" / "models" / folder / f"{name}.sql", text)
    for one in chosen:
        lines = [line.removeprefix("        ") for line in one.statement.strip("\n").split("\n")]
        write_text(data / "sql" / "selection" / f"{one.table}.sql", "\n".join(lines).strip() + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file of a pack: UTF-8, line ends as they are, folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
