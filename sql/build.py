"""Run the SQL models over the raw store, check them, and publish the result.

Owns the order of models and the build file. Models say nothing about order: it is read from their SQL.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from sqlglot.errors import ParseError

from models.errors import BUILD_KEPT, BuildError, NotBuiltError, broken_model, damage, storage_failure
from models.settings import Settings
from models.workspace import Workspace
from sql.check import examine_rows, require
from sql.checker import Checker, ModelResult
from sql.configuration import load_business_days, load_config, load_seeds
from sql.detector import detector_models, run_detector
from sql.engines import CATALOGS, prepare
from sql.header import Model, read_models
from sql.meta import write_meta
from sql.statement import statement
from sql.versions import find_latest

Progress = Callable[[str, int, int], None]
SUPPLIED = {"raw", "seeds", "config"}
_SPILL = "spill"
# Business hours are needed from the first instant in this table.
_CREATED_IN = "intermediate.int_changes"
_MARGIN = timedelta(days=366)


@dataclass(frozen=True)
class BuildResult:
    """A published build: its id, the instant it is as of (naive UTC), and what each model took."""

    build_id: str
    as_of: datetime
    seconds: float
    models: tuple[ModelResult, ...]


@dataclass(frozen=True)
class Plan:
    """Models in an order in which each comes after all it reads, with the SQL that DuckDB runs for it.

    ``latest`` names the raw streams of which models read the latest versions only.
    """

    models: tuple[Model, ...]
    statements: dict[str, str]
    reads: dict[str, set[str]]
    latest: set[str]

    def dropped_after(self) -> dict[str, list[str]]:
        """Return the scratch tables that nothing reads any more once a model has run, by that model's name.

        They are held in memory, so each is let go after its last reader; reading a view is reading what it reads.
        """
        views = {model.full_name for model in self.models if model.is_view}
        last: dict[str, str] = {}
        for model in self.models:
            waiting = [model.full_name, *self.reads[model.full_name]]
            if "config.business_days" in self.reads[model.full_name]:
                waiting.append(_CREATED_IN)
            while waiting:
                name = waiting.pop()
                last[name] = model.full_name
                waiting += self.reads[name] if name in views else ()
        found: dict[str, list[str]] = {}
        for name, reader in last.items():
            if CATALOGS[name.partition(".")[0]] == "work" and name not in views:
                found.setdefault(reader, []).append(name)
        return found


def plan(models: dict[str, Model]) -> Plan:
    """Parse, check for portability and order the models.

    Raises:
        BuildError: A file is not SQL, leaves the portable subset, reads an unknown table or a cycle exists.
    """
    statements: dict[str, str] = {}
    reads: dict[str, set[str]] = {}
    latest: set[str] = set()
    models = dict(models)
    for name, computed in detector_models().items():
        if set(computed.reads) <= set(models):
            models[name] = computed
    for name, model in models.items():
        if model.reads:
            reads[name] = set(model.reads)
            continue
        try:
            read = statement(model.select)
        except ParseError as error:
            raise broken_model(f"The model {name} is not valid SQL: {error}.", where=str(model.path)) from error
        require(read.problems, str(model.path))
        reads[name], statements[name] = set(read.reads), read.text
        latest |= read.latest
        unknown = [t for t in reads[name] if t not in models and t.partition(".")[0] not in SUPPLIED]
        if unknown:
            raise broken_model(f"The model {name} reads unknown tables: {', '.join(unknown)}.", where=str(model.path))
        if model.layer != "staging" and any(t.startswith("raw.") for t in reads[name]):
            raise broken_model(f"The model {name} reads raw tables; only staging may.", where=str(model.path))
    _require_published(models, reads)
    graph = {name: sorted(t for t in reads[name] if t in models) for name in sorted(models)}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise broken_model(
            f"The models read each other in a circle: {' → '.join(error.args[1])}.", where="models below sql/"
        ) from error
    return Plan(tuple(models[name] for name in order), statements, reads, latest)


def _require_published(models: dict[str, Model], reads: dict[str, set[str]]) -> None:
    """A published view is read after the scratch tables are gone, so it may only read what is published with it."""
    for name, model in models.items():
        gone = sorted(read for read in reads[name] if CATALOGS[read.partition(".")[0]] != "build")
        if model.is_view and CATALOGS[model.layer] == "build" and gone:
            raise BuildError(
                f"The published view {name} reads what is not published: {', '.join(gone)}.",
                where=str(model.path),
                next_step="leave out 'materialized: view'",
            )


def build(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    progress: Progress | None = None,
    memory_limit: str = "5GB",
) -> BuildResult:
    """Build all models from the raw store and publish them. The caller holds the workspace's writer lock.

    Args:
        workspace: Where raw data lies and the build goes.
        settings: What decides; stored with the build.
        as_of: The instant (UTC) the build knows; open windows and pending approvals age up to it. Default: now.
        progress: Called with (model, done, total) before each model.
        memory_limit: DuckDB's memory bound; larger work spills to the build folder.

    Raises:
        NotBuiltError: There is no raw data yet.
        BuildError: A model failed or a check did not hold; the last good build stays published.
    """
    if not workspace.raw_path.is_file():
        raise NotBuiltError(
            "There is no raw data to build from.",
            where=str(workspace.raw_path),
            next_step="twotrack sync or twotrack import",
        )
    started = time.perf_counter()
    moment = (
        (as_of or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) if (as_of is None or as_of.tzinfo) else as_of
    )
    ordered = plan(read_models())
    workspace.build_dir.mkdir(parents=True, exist_ok=True)
    _sweep(workspace.build_dir)
    build_id = _build_id(moment, settings, ordered)
    try:
        results = _write(workspace, settings, ordered, build_id, moment, progress, memory_limit)
        summary: dict[str, object] = {"as_of": moment.isoformat() + "Z", "kind": settings.workspace.kind}
        workspace.publish(build_id, workspace.build_dir / f"{build_id}.duckdb", summary)
    finally:
        _sweep(workspace.build_dir)
    return BuildResult(build_id, moment, time.perf_counter() - started, tuple(results))


def _write(
    workspace: Workspace,
    settings: Settings,
    ordered: Plan,
    build_id: str,
    as_of: datetime,
    progress: Progress | None,
    memory_limit: str,
) -> list[ModelResult]:
    """Write the build's file, complete and closed."""
    folder = workspace.build_dir
    con = connect(workspace, folder / f"{build_id}.duckdb", memory_limit)
    try:
        results = run_models(con, ordered, settings, as_of, progress)
        write_meta(con, ordered.models, {one.name: one.rows for one in results}, build_id, as_of, settings)
        con.execute("checkpoint build")
    finally:
        con.close()
    return results


def connect(workspace: Workspace, finished: Path, memory_limit: str) -> DuckDBPyConnection:
    """Return a connection with the raw store (read-only), the file to publish and a scratch database attached.

    Models name tables by layer only; the search path says where each layer lies. Scratch tables are kept in memory,
    where they cost no compression, and spill to the build folder when memory runs short. The file needs no log: it is
    published whole or thrown away.
    """
    con = duckdb.connect(":memory:")
    con.execute(f"set memory_limit = '{memory_limit}'")
    # Tables come and go by the gigabyte: what one gave back the next takes, without asking the system for every page.
    # Refused where the limit is more than the machine has; a build then asks as before.
    with suppress(duckdb.InvalidInputException):
        con.execute(f"set block_allocator_memory = '{memory_limit}'")
    con.execute("set temp_directory = ?", [str(workspace.build_dir / _SPILL)])
    con.execute("set TimeZone = 'UTC'")
    # It would be printed among what machines read.
    con.execute("set enable_progress_bar = false")
    con.execute(f"attach '{_quoted(workspace.raw_path)}' as store (read_only)")
    con.execute(f"attach '{_quoted(finished)}' as build (recovery_mode no_wal_writes)")
    # Written once, at the end: in between, every checkpoint would write what changed since.
    con.execute("set checkpoint_threshold = '1TB'")
    con.execute("attach ':memory:' as work")
    # Joins of many rows with a handful of periods by their bounds: comparing with each is cheaper than sorting for it.
    con.execute("set nested_loop_join_threshold = 200")
    prepare(con)
    return con


def run_models(
    con: DuckDBPyConnection,
    ordered: Plan,
    settings: Settings,
    as_of: datetime,
    progress: Progress | None,
    failed: Callable[[Model, BuildError], None] | None = None,
) -> list[ModelResult]:
    """Load seeds and configuration, then create and check every model in order.

    ``failed`` is told of a model that failed or broke a promise, and the rest goes on; without it the error is raised.
    """
    load_seeds(con)
    load_config(con, settings, as_of)
    for stream in sorted(ordered.latest):
        find_latest(con, stream)
    results: list[ModelResult] = []
    has_hours = False
    dropped_after = ordered.dropped_after()
    with Checker(con) as checker:
        for position, model in enumerate(ordered.models):
            if progress:
                progress(model.full_name, position, len(ordered.models))
            if not has_hours and "config.business_days" in ordered.reads[model.full_name]:
                load_business_days(con, settings, _span(con, as_of))
                has_hours = True
            started = time.perf_counter()
            try:
                _create(con, model, ordered.statements.get(model.full_name), settings, as_of)
            except BuildError as error:
                # What a check before it found is told first: it may be the cause.
                _take([*checker.settled(), (model, error)], results, failed)
            else:
                checker.check(model, _table(model), time.perf_counter() - started)
            if model.full_name in dropped_after:
                _take(checker.settled(), results, failed)
            for name in dropped_after.get(model.full_name, ()):
                con.execute(f"drop table if exists {CATALOGS[name.partition('.')[0]]}.{name}")
        _take(checker.settled(), results, failed)
    return results


def _take(
    found: Iterable[tuple[Model, ModelResult | BuildError]],
    results: list[ModelResult],
    failed: Callable[[Model, BuildError], None] | None,
) -> None:
    """Add what became of models to the results; tell ``failed`` of what failed, or raise it."""
    for model, became in found:
        if isinstance(became, ModelResult):
            results.append(became)
        elif failed is None:
            raise became
        else:
            failed(model, became)


def _table(model: Model) -> str:
    return f"{CATALOGS[model.layer]}.{model.full_name}"


def _create(con: DuckDBPyConnection, model: Model, statement: str | None, settings: Settings, as_of: datetime) -> None:
    """Create a model's table or view: by its SQL, or by the detector, which writes all that it computes together."""
    if statement is not None:
        _create_by_sql(con, model, statement)
        return
    known = con.execute(
        "select 1 from duckdb_tables() where database_name = 'build' and schema_name = ? and table_name = ?",
        [model.layer, model.name],
    ).fetchall()
    if not known:
        run_detector(con, model.name, settings, as_of)


def run_model(con: DuckDBPyConnection, model: Model, statement: str) -> ModelResult:
    """Create one model's table and check it.

    Raises:
        BuildError: The model does not run, or breaks a promise; the file and the promise are named.
        StorageError: The disk is full, or memory ran out.
    """
    started = time.perf_counter()
    _create_by_sql(con, model, statement)
    problems, rows = examine_rows(con, model, _table(model))
    require(problems, model.full_name)
    return ModelResult(model.full_name, time.perf_counter() - started, rows)


def _create_by_sql(con: DuckDBPyConnection, model: Model, statement: str) -> None:
    # Scaffolding is never read in order; only what is published is worth sorting.
    if model.order_by and CATALOGS[model.layer] == "build":
        statement = f"select * from ({statement}\n) order by {model.order_by}"
    try:
        con.execute(f"create {'view' if model.is_view else 'table'} {_table(model)} as {statement}")
    except duckdb.Error as error:
        known = storage_failure(error, kept=BUILD_KEPT) or damage(error, kept=BUILD_KEPT)
        raise known or BuildError(
            f"The model {model.full_name} failed: {error}",
            where=str(model.path),
            kept=BUILD_KEPT,
            next_step="run it again with --debug and report what it prints; pages go on showing the last good build",
        ) from error


def _span(con: DuckDBPyConnection, as_of: datetime) -> tuple[date, date] | None:
    """Return the first and last day that business hours are needed for, a year either side of the records' creation.

    Records may go on after a build's instant, and may have been approved before they were entered.
    """
    # Fetched whole: a result that is not read to its end keeps the connection busy.
    ((first,),) = con.execute(
        f"select min(created_at) from work.{_CREATED_IN} where created_at <= ?", [as_of]
    ).fetchall()
    return (first.date() - _MARGIN, as_of.date() + _MARGIN) if first else None


def _build_id(as_of: datetime, settings: Settings, ordered: Plan) -> str:
    """Return an id that sorts by time; the suffix tells apart builds of one instant with other rules."""
    text = settings.fingerprint() + "".join(model.select for model in ordered.models) + str(time.time_ns())
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return f"{now}-{hashlib.sha256((text + str(as_of)).encode()).hexdigest()[:8]}"


def _sweep(folder: Path) -> None:
    """Delete what this build or a killed one left behind."""
    for left in folder.glob("*.duckdb*"):
        left.unlink(missing_ok=True)
    shutil.rmtree(folder / _SPILL, ignore_errors=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
