"""Every folder ``tests/sql/<model>/<case>/`` is a rule: the records given, and the rows the model must return.

``given/<kind plural>.csv`` holds records of one kind (columns left out are unknown), ``given/sync_runs.csv`` and
``given/sync_streams.csv`` the run log, ``twotrack.toml`` the settings, ``as_of.txt`` the instant of the build.
``expected.csv`` names the columns that matter; rows are compared as a set. An empty cell is null.
"""

from __future__ import annotations

import csv
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from models.records import KINDS, plural
from models.settings import Settings, load_settings
from sql.build import Plan, plan, run_model
from sql.configuration import load_business_days, load_config, load_seeds
from sql.detector import detector_models, run_detector
from sql.engines import CATALOGS, prepare
from sql.header import Model, read_models

HERE = Path(__file__).resolve().parent
CASES = sorted(path.parent for path in HERE.glob("*/*/expected.csv"))
AS_OF = datetime(2026, 6, 30)
SQL_TYPES = {"str": "VARCHAR", "datetime": "TIMESTAMP", "int": "BIGINT", "bool": "BOOLEAN"}


@cache
def ordered_models() -> Plan:
    return plan(models())


def needed(target: str) -> list[str]:
    """Models that ``target`` needs, without the staging models and unions that the case stands in for."""
    reads = ordered_models().reads
    wanted, queue = set(), [target]
    while queue:
        name = queue.pop()
        if name in wanted or is_given(name) or name.partition(".")[0] in {"seeds", "config", "raw"}:
            continue
        wanted.add(name)
        queue += reads[name]
    return [model.full_name for model in ordered_models().models if model.full_name in wanted]


def is_given(name: str) -> bool:
    layer, _, table = name.partition(".")
    return layer == "staging" or table.startswith("all_")


def column_type(annotation: object) -> str:
    names = {getattr(part, "__name__", "") for part in get_args(annotation) or (annotation,)}
    return next(SQL_TYPES[name] for name in ("datetime", "bool", "int", "str") if name in names)


def give_records(con: duckdb.DuckDBPyConnection, case: Path) -> set[str]:
    """Create the union of every kind, filled from the case; returns the sources that occur."""
    sources: set[str] = set()
    for kind, record in KINDS.items():
        table = f"work.intermediate.all_{plural(kind)}"
        fields = {"source": "VARCHAR", "source_event_id": "VARCHAR"}
        fields |= {name: column_type(field.annotation) for name, field in record.model_fields.items()}
        con.execute(f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in fields.items())})")
        path = case / "given" / f"{plural(kind)}.csv"
        if not path.exists():
            continue
        with path.open(encoding="utf-8", newline="") as handle:
            for number, row in enumerate(csv.DictReader(handle), start=1):
                row.setdefault("source", "test")
                row.setdefault("key", f"{kind}-{number}")
                row.setdefault("source_event_id", f"{row['source']}:{kind}:{row['key']}")
                assert set(row) <= set(fields), f"{path}: unknown columns {set(row) - set(fields)}"
                sources.add(row["source"])
                columns = ", ".join(row)
                marks = ", ".join(f"cast(? as {fields[name]})" for name in row)
                con.execute(f"insert into {table} ({columns}) values ({marks})", [v or None for v in row.values()])
    return sources


def give_bookkeeping(con: duckdb.DuckDBPyConnection, sources: set[str], case: Path) -> None:
    """Stand in for the run log: one run per source, of the type that ``source_types.csv`` says (default github)."""
    types = {}
    if (case / "source_types.csv").exists():
        with (case / "source_types.csv").open(encoding="utf-8", newline="") as handle:
            types = {row["source"]: row["source_type"] for row in csv.DictReader(handle)}
    for name in ("stg_sync_runs", "stg_sync_streams", "stg_rejected"):
        model = models()[f"staging.{name}"]
        columns = ", ".join(f"{c} {'TIMESTAMP' if c.endswith('_at') else 'VARCHAR'}" for c in model.columns)
        con.execute(f"create table work.staging.{name} ({columns})")
        given = case / "given" / f"{name.removeprefix('stg_')}.csv"
        if given.exists():
            with given.open(encoding="utf-8", newline="") as handle:
                for row in csv.DictReader(handle):
                    con.execute(
                        f"insert into work.staging.{name} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                        [value or None for value in row.values()],
                    )
    for source in sorted(sources):
        con.execute(
            "insert into work.staging.stg_sync_runs (run_id, source, source_type, status) values (?, ?, ?, 'ok')",
            [source, source, types.get(source, "github")],
        )


def open_case(case: Path, target: str) -> duckdb.DuckDBPyConnection:
    """Run the target model and all it needs over a case's records; returns the connection."""
    settings = load_settings(case / "twotrack.toml") if (case / "twotrack.toml").exists() else Settings()
    as_of_file = case / "as_of.txt"
    as_of = datetime.fromisoformat(as_of_file.read_text(encoding="utf-8").strip()) if as_of_file.exists() else AS_OF
    con = duckdb.connect(":memory:")
    con.execute("set TimeZone = 'UTC'")
    con.execute("attach ':memory:' as work")
    con.execute("attach ':memory:' as build")
    prepare(con)
    load_seeds(con)
    load_config(con, settings, as_of)
    load_business_days(con, settings, (date(as_of.year - 1, 1, 1), as_of.date()))
    give_bookkeeping(con, give_records(con, case), case)
    for name in needed(target):
        if name in detector_models():
            run_detector(con, detector_models()[name].name, settings, as_of)
            continue
        model = models()[name]
        run_model(con, model, ordered_models().statements[name])
    return con


@cache
def models() -> dict[str, Model]:
    return read_models()


def target_of(case: Path) -> str:
    """Return the model a case is about; its folder names the layer too where two layers have one of that name."""
    found = [name for name in models() if case.parent.name in (name, name.partition(".")[2])]
    assert len(found) == 1, f"{case.parent.name} is not the name of one model"
    return found[0]


def test_there_are_cases() -> None:
    """Without cases the parametrised test below would pass by running nothing."""
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_model_returns_the_rows_its_rule_demands(case: Path) -> None:
    """Given the records, the model returns exactly the expected rows in the columns that the case names."""
    target = target_of(case)
    con = open_case(case, target)
    with (case / "expected.csv").open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        columns = next(reader)
        expected = sorted([[cell or None for cell in row] for row in reader], key=str)
    table = f"{CATALOGS[target.partition('.')[0]]}.{target}"
    picked = ", ".join(f"cast({name} as VARCHAR)" for name in columns)
    found = sorted([list(row) for row in con.execute(f"select {picked} from {table}").fetchall()], key=str)
    con.close()
    assert found == expected
