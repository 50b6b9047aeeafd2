"""All results of a pack, computed from its own tables by its own SQL: what fills a pack and what checks one.

Owns loading and running. Both the maker and the verifier of a pack call it, so what is written can be recomputed.
Needs a pack's ``data`` folder only: no workspace, no build, no network. SQL of a pack is run where it can reach nothing
but the tables that were loaded.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from app.reports import delimited, engine, sampling, script
from app.reports.script import Result
from models.errors import UserError, VerificationError
from models.metric import MetricValue
from sql import aggregate
from sql.aggregate import Filter

CONTENTS = "tables/contents.json"
METRICS = "metrics.csv"
SELECTION = "sample/selection.json"
SAMPLE = "sample/sample.csv"
FRAME = "sample_frame"
_TYPES = {"VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE", "HUGEINT"}
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_EVIDENCE = re.compile(r"\bevidence\.([a-z_][a-z0-9_]*)")
_METRIC_COLUMNS = (
    ("metric", "VARCHAR"), ("label", "VARCHAR"), ("unit", "VARCHAR"), ("value", "DOUBLE"), ("numerator", "BIGINT"),
    ("denominator", "BIGINT"), ("low", "DOUBLE"), ("high", "DOUBLE"), ("p90", "DOUBLE"), ("is_enough", "BOOLEAN"),
    ("note", "VARCHAR"), ("excluded", "VARCHAR"),
)  # fmt: skip
_METRIC_WORDS = ("note",)
_DRAWN = (("stratum", "VARCHAR"), ("place", "BIGINT"), ("change_id", "VARCHAR"), ("sha256", "VARCHAR"))
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Table:
    """One table of a pack: its full name, file, columns with their types, and rows."""

    name: str
    file: str
    columns: tuple[tuple[str, str], ...]
    rows: int


@dataclass(frozen=True)
class Derived:
    """One result: its file under ``data``, where it was written, and of a table its rows and columns with types.

    ``words`` are columns in which the tool explains a figure: another version may choose other words.
    """

    file: str
    path: Path
    rows: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    words: frozenset[str] = frozenset()


def read_contents(data: Path) -> tuple[Table, ...]:
    """Return the tables a pack says it has.

    Raises:
        VerificationError: The list is unreadable, or names what no table can be called.
    """
    try:
        listed = json.loads((data / CONTENTS).read_text(encoding="utf-8"))
        tables = tuple(
            Table(
                str(item["table"]),
                str(item["file"]),
                tuple((str(n), str(t)) for n, t in item["columns"]),
                int(item["rows"]),
            )
            for item in listed["tables"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(f"{CONTENTS} cannot be read ({type(error).__name__})") from error
    for table in tables:
        schema, _, name = table.name.partition(".")
        sound = _NAME.fullmatch(schema) and _NAME.fullmatch(name) and table.file == f"tables/{table.name}.csv"
        if not sound or not all(_NAME.fullmatch(column) and kind in _TYPES for column, kind in table.columns):
            raise VerificationError(f"{CONTENTS} names the table {table.name!r}, which no pack has")
    return tables


@contextmanager
def loaded(data: Path, tables: Sequence[Table], spills_below: Path | None = None) -> Iterator[DuckDBPyConnection]:
    """Yield a connection that holds a pack's tables and can reach nothing else.

    Raises:
        VerificationError: A table's file is missing, malformed or holds another number of rows.
    """
    with engine.opened(spills_below) as con:
        # One thread: sums of floating-point numbers come out the same every time.
        con.execute("set threads = 1")
        for schema in sorted(
            {table.name.partition(".")[0] for table in tables} | {"pack", "evidence", "metrics", "config"}
        ):
            con.execute(f"create schema if not exists {schema}")
        for table in tables:
            _load(con, data, table)
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con


def _load(con: DuckDBPyConnection, data: Path, table: Table) -> None:
    names = ", ".join(f"'{name}': 'VARCHAR'" for name, _ in table.columns)
    casts = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in table.columns)
    try:
        con.execute(
            f"create table {table.name} as select {casts} from read_csv(?, header = true, auto_detect = false, "
            f"delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, parallel = false, "
            f"max_line_size = 67108864, columns = {{{names}}})",
            [str(data / table.file)],
        )
    except duckdb.Error as error:
        raise VerificationError(f"{table.file} cannot be loaded: {str(error).splitlines()[0]}") from error
    counted = con.execute(f"select count(*) from {table.name}").fetchone()
    if counted is None or counted[0] != table.rows:
        raise VerificationError(f"{table.file} holds {counted[0] if counted else 0} rows, {CONTENTS} says {table.rows}")


@dataclass(frozen=True)
class Draw:
    """How the sample is drawn; ``seed`` is ``None`` when it is derived from the sampling frame."""

    design: sampling.Design
    seed: str | None = None


def read_draw(data: Path) -> Draw:
    """Return the draw a pack states; raises ``VerificationError`` when it cannot be read."""
    try:
        stated: dict[str, Any] = json.loads((data / SELECTION).read_text(encoding="utf-8"))
        size = stated["size_given"]
        design = sampling.Design(
            int(stated["confidence_percent"]),
            int(stated["tolerable_deviation_percent"]),
            None if size is None else int(size),
        )
        return Draw(design, None if stated["seed_basis"] == "derived" else str(stated["seed"]))
    except (OSError, ValueError, KeyError, TypeError, UserError) as error:
        raise VerificationError(f"{SELECTION} cannot be read ({type(error).__name__})") from error


def derive(con: DuckDBPyConnection, data: Path, chosen: Filter, draw: Draw, out: Path) -> Iterator[Derived]:
    """Write every result of a pack and yield each as it is there, in an order in which it comes after what it reads.

    Args:
        con: What :func:`loaded` yields.
        data: The pack's ``data`` folder, for its SQL.
        chosen: The pack's period and scope.
        draw: How the sample is drawn.
        out: Folder that results are written below; ``data`` itself when a pack is made.

    Raises:
        VerificationError: SQL of the pack fails, does more than select, or takes too long.
    """
    known = {name for (name,) in con.execute("select name from meta.metrics").fetchall()}
    metrics = {
        path.stem: path
        for path in sorted((data / "sql" / "models" / "metrics").glob("*.sql"))
        if path.stem in known and _NAME.fullmatch(path.stem)
    }
    compared: list[Result] = []
    values: list[MetricValue] = []
    for name, path in metrics.items():
        _create(con, f"metrics.{name}", path)
        values += aggregate.value(con, name, chosen)
        yield (made := _table_of(con, out, f"metrics/{name}.csv", *_records_query(name, chosen)))
        compared.append(Result(made.file, f"evidence.records_{name}", made.columns))
    stated = delimited.document([n for n, _ in _METRIC_COLUMNS], map(_metric_row, values))
    yield replace(_written(out, METRICS, stated, len(values), _METRIC_COLUMNS), words=frozenset(_METRIC_WORDS))
    statements = evidence_files(data)
    ordered = _ordered(statements)
    is_drawn = False
    for name in ordered:
        if not is_drawn and "pack.sample" in statements[name].read_text(encoding="utf-8"):
            yield from _sample(con, draw, out)
            is_drawn = True
        _create(con, f"evidence.{name}", statements[name])
        yield (made := _table_of(con, out, f"{_result_path(data, statements[name])}.csv", f"from evidence.{name}"))
        compared.append(Result(made.file, f"evidence.{name}", made.columns))
    compared += [
        Result(METRICS, "evidence.metrics", _METRIC_COLUMNS, _METRIC_WORDS),
        Result(SAMPLE, "evidence.sample_sample", _DRAWN),
    ]
    yield _written(out, script.FILE, script.script(
        [(table.name, table.file, table.columns) for table in read_contents(data)],
        {name: path.read_text(encoding="utf-8") for name, path in metrics.items()},
        aggregate.definitions(con),
        [(name, statements[name].read_text(encoding="utf-8")) for name in ordered],
        compared,
        aggregate.RECORD_COLUMNS,
    ))  # fmt: skip


def evidence_files(data: Path) -> dict[str, Path]:
    """Return a pack's evidence SQL by table name: ``sql/evidence/sample/frame.sql`` makes ``evidence.sample_frame``."""
    root = data / "sql" / "evidence"
    found = {"_".join(path.relative_to(root).with_suffix("").parts): path for path in sorted(root.rglob("*.sql"))}
    if wrong := [name for name in found if not _NAME.fullmatch(name)]:
        raise VerificationError(f"sql/evidence holds {wrong[0]!r}, which no result is called")
    if FRAME not in found:
        raise VerificationError("sql/evidence/sample/frame.sql is missing, so that no sample can be drawn again")
    return found


def _result_path(data: Path, statement: Path) -> str:
    return statement.relative_to(data / "sql" / "evidence").with_suffix("").as_posix()


def _ordered(statements: dict[str, Path]) -> list[str]:
    """Return names so that each comes after what it reads; what reads the sample comes last."""
    texts = {name: re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")) for name, path in statements.items()}
    graph = {name: sorted(set(_EVIDENCE.findall(text)) & statements.keys()) for name, text in sorted(texts.items())}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise VerificationError("the evidence SQL reads itself in a circle") from error
    return sorted(order, key=lambda name: "pack.sample" in texts[name])


def _create(con: DuckDBPyConnection, table: str, path: Path) -> None:
    """Create a table from one SQL file, which must be one SELECT and finish in time."""
    text = path.read_text(encoding="utf-8")
    timer = threading.Timer(LONGEST_SECONDS, con.interrupt)
    timer.start()
    try:
        parsed = con.extract_statements(text)
        if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
            raise VerificationError(f"{path.name} is not one SELECT")
        con.execute(f"create table {table} as (\n{text}\n)")
    except (duckdb.Error, RuntimeError) as error:
        raise VerificationError(f"{path.name} fails: {str(error).splitlines()[0]}") from error
    finally:
        timer.cancel()


def _table_of(con: DuckDBPyConnection, out: Path, file: str, query: str, values: Sequence[Any] = ()) -> Derived:
    written = delimited.write_query(con, query, out / file, values)
    return Derived(file, out / file, written.rows, written.columns)


def _written(
    out: Path, file: str, text: str, rows: int | None = None, columns: tuple[tuple[str, str], ...] = ()
) -> Derived:
    path = out / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return Derived(file, path, rows, columns)


def _records_query(metric: str, chosen: Filter) -> tuple[str, list[Any]]:
    where, values = chosen.where()
    return f"select {', '.join(aggregate.RECORD_COLUMNS)} from metrics.{metric} where {where}", values


def _metric_row(found: MetricValue) -> list[object]:
    excluded = json.dumps(found.excluded, sort_keys=True, ensure_ascii=False) if found.excluded else None
    return [*(getattr(found, column) for column, _ in _METRIC_COLUMNS[:-1]), excluded]


def _sample(con: DuckDBPyConnection, draw: Draw, out: Path) -> Iterator[Derived]:
    """Draw the sample, keep it as ``pack.sample`` for the SQL that reads it, and yield its two files."""
    frame: list[tuple[str, str]] = con.execute(
        f"select change_id, stratum from evidence.{FRAME} order by change_id"
    ).fetchall()
    seed = draw.seed if draw.seed is not None else sampling.derived_seed(frame)
    strata = {name: sum(1 for _, stratum in frame if stratum == name) for name in sampling.STRATA}
    wanted = sampling.sizes(strata, draw.design)
    drawn = sampling.draw(frame, seed, wanted)
    con.execute("create table pack.sample (change_id VARCHAR, stratum VARCHAR, place BIGINT)")
    if drawn:
        con.executemany(
            "insert into pack.sample values (?, ?, ?)", [[one.unit, one.stratum, one.place] for one in drawn]
        )
    stated = {
        "algorithm": sampling.ALGORITHM,
        "sizes": "exact hypergeometric"
        if draw.design.size is None
        else "given by the auditor, shared out in proportion",
        "confidence_percent": draw.design.confidence,
        "tolerable_deviation_percent": draw.design.tolerable,
        "size_given": draw.design.size,
        "seed": seed,
        "seed_basis": "given" if draw.seed is not None else "derived",
        "frame_sha256": sampling.derived_seed(frame),
        "frame": len(frame),
        "strata": [{"stratum": name, "population": strata[name], "sample": wanted[name]} for name in sampling.STRATA],
        "sampled": len(drawn),
    }
    yield _written(out, SELECTION, json.dumps(stated, indent=2, ensure_ascii=False) + "\n")
    rows = [(one.stratum, one.place, one.unit, one.digest) for one in drawn]
    yield _written(out, SAMPLE, delimited.document([name for name, _ in _DRAWN], rows), len(rows), _DRAWN)


def read_question(con: DuckDBPyConnection) -> tuple[Filter, dict[str, Any]]:
    """Return a pack's question as a filter and as the row it stands in; raises ``VerificationError`` without it."""
    try:
        cursor = con.execute("select * from pack.question")
        rows = cursor.fetchall()
        asked = dict(zip([column[0] for column in cursor.description or ()], rows[0], strict=True))
        start, end, kind, name = asked["start_at"], asked["end_at"], asked["scope_kind"], asked["scope_name"]
    except (duckdb.Error, IndexError, KeyError) as error:
        raise VerificationError("the pack does not say which period and scope it is about") from error
    if len(rows) != 1 or not isinstance(start, datetime) or not isinstance(end, datetime):
        raise VerificationError("the pack does not say which period it is about")
    return Filter(start, end, (name,) if kind == "service" else (), (name,) if kind == "team" else ()), asked
