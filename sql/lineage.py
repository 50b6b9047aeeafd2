"""Where a column comes from: from a mart or metric down to the raw streams, read from the SQL itself.

Owns which columns of which tables a column's value is computed from. What decides which rows there are (joins and
filters) is told as the tables a model reads; nothing here is typed by hand, so it cannot differ from what a build runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import duckdb
from sqlglot import exp
from sqlglot.lineage import Node
from sqlglot.lineage import lineage as column_lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from models.errors import InputError
from models.nearest import choices
from models.settings import Settings
from models.streams import COLUMNS, STREAMS
from sql.configuration import load_config, load_seeds
from sql.detector import detector_models
from sql.engines import dependencies, parse
from sql.header import Model, read_models

ASKABLE = ("marts", "metrics")
# What makes a metric's number, where only the metric is named.
METRIC_COLUMNS = ("in_numerator", "value", "exclusion_reason", "occurred_at")
# Only their place is known here; the payload's fields are told by their paths.
_RAW = "raw"


@dataclass(frozen=True)
class Origin:
    """One column on the way, and what its value is computed from.

    Args:
        table: Full name, ``layer.table``.
        column: The column.
        description: What it means, from the model's header; empty for raw streams, seeds and configuration.
        reads: Columns its value is computed from, as (table, column).
        paths: Places in the payload, for what is read from a raw stream.
        rows_from: Tables the model reads: they decide which rows there are. Empty where there is no model.
    """

    table: str
    column: str
    description: str
    reads: tuple[tuple[str, str], ...] = ()
    paths: tuple[str, ...] = ()
    rows_from: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, str]:
        """Table and column."""
        return self.table, self.column


@dataclass(frozen=True)
class Lineage:
    """What was asked, every column on the way down (each once, askers first), and the raw streams at the end."""

    roots: tuple[tuple[str, str], ...]
    origins: Mapping[tuple[str, str], Origin]

    @property
    def streams(self) -> tuple[str, ...]:
        """Raw streams whose content the value may come from."""
        return tuple(sorted({table for table, _ in self.origins if table.startswith(f"{_RAW}.")}))

    @property
    def rules(self) -> tuple[str, ...]:
        """Seeds and configuration the value depends on."""
        return tuple(sorted({t for t, _ in self.origins if t.partition(".")[0] in {"seeds", "config"}}))


class Models:
    """The SQL models with their columns resolved; each is parsed once, and only when it is asked about."""

    def __init__(self) -> None:
        self.models = {**read_models(), **detector_models()}
        self._trees: dict[str, tuple[exp.Expression, Scope]] = {}

    @cached_property
    def schema(self) -> dict[str, dict[str, dict[str, str]]]:
        """Columns of every table, by layer."""
        payloads = {stream.table: dict.fromkeys(COLUMNS, "unknown") for stream in STREAMS}
        found: dict[str, dict[str, dict[str, str]]] = {"raw": payloads}
        for model in self.models.values():
            found.setdefault(model.layer, {})[model.name] = dict.fromkeys(model.columns, "unknown")
        with duckdb.connect(":memory:") as con:
            load_seeds(con, "memory")
            load_config(con, Settings(), datetime(1970, 1, 1), "memory")
            for layer, table, column in con.execute(
                "select table_schema, table_name, column_name from information_schema.columns "
                "where table_schema in ('seeds', 'config')"
            ).fetchall():
                found.setdefault(layer, {}).setdefault(table, {})[column] = "unknown"
        return found

    def resolved(self, model: Model) -> tuple[exp.Expression, Scope]:
        """Return a model's SELECT with every column bound to its table, and its scope."""
        if model.full_name not in self._trees:
            tree = qualify(
                parse(model.select),
                dialect="duckdb",
                schema=cast(Any, self.schema),
                quote_identifiers=False,
                identify=False,
                validate_qualify_columns=False,
            )
            self._trees[model.full_name] = (tree, cast(Scope, build_scope(tree)))
        return self._trees[model.full_name]

    def origin(self, table: str, column: str) -> Origin:
        """Return what one column is computed from."""
        model = self.models.get(table)
        if model is None:
            return Origin(table, column, "")
        if model.reads:
            # Not computed by SQL: the detector weighs all that it reads.
            weighed = tuple((read, name) for read in model.reads for name in self.models[read].columns)
            return Origin(table, column, model.columns[column], weighed, (), tuple(sorted(model.reads)))
        tree, scope = self.resolved(model)
        node = column_lineage(column, cast(Any, tree), schema=self.schema, dialect="duckdb", scope=scope)
        reads, paths = _leaves(node)
        rows_from = tuple(sorted(dependencies(tree)))
        return Origin(table, column, model.columns[column], reads, paths, rows_from)


def lineage(name: str, models: Models | None = None) -> Lineage:
    """Return where a mart's or metric's column comes from.

    Args:
        name: ``layer.table.column``, ``table.column``, or a metric's name.
        models: The models, to ask more than once without reading them again.

    Raises:
        InputError: There is no such column.
    """
    known = models or Models()
    roots = _roots(name, known.models)
    origins: dict[tuple[str, str], Origin] = {}
    waiting = list(reversed(roots))
    while waiting:
        at = waiting.pop()
        if at not in origins:
            origins[at] = known.origin(*at)
            waiting += reversed(origins[at].reads)
    return Lineage(tuple(roots), origins)


def _roots(name: str, models: Mapping[str, Model]) -> list[tuple[str, str]]:
    parts = name.lower().split(".")
    if len(parts) == 1 or (len(parts) == 2 and parts[0] == "metrics"):
        metric = f"metrics.{parts[-1]}"
        if metric in models:
            return [(metric, column) for column in METRIC_COLUMNS]
    layers = [parts[0]] if len(parts) == 3 and parts[0] in ASKABLE else list(ASKABLE)
    *_, table, column = ["", *parts]
    found = [f"{layer}.{table}" for layer in layers if f"{layer}.{table}" in models] if len(parts) in {2, 3} else []
    if not found:
        known = ", ".join(sorted(model.name for model in models.values() if model.layer == "marts"))
        raise InputError(
            f"There is no mart or metric column '{name}'.",
            next_step=f"name a metric, or table.column, with a metric or one of: {known}",
        )
    if column not in models[found[0]].columns:
        raise InputError(
            f"{found[0]} has no column '{column}'.",
            next_step=f"choose one of: {choices(column, models[found[0]].columns)}",
        )
    return [(found[0], column)]


def _leaves(node: Node) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the table columns at the ends of one model's tree, and the payload paths read on the way."""
    reads: dict[tuple[str, str], None] = {}
    paths: dict[str, None] = {}
    for one in node.walk():
        if not one.downstream and isinstance(one.source, exp.Table) and one.source.db:
            reads[f"{one.source.db}.{one.source.name}", one.name.rpartition(".")[2]] = None
        for extract in one.expression.find_all(exp.JSONExtract, exp.JSONExtractScalar):
            paths[_path(extract)] = None
    return tuple(reads), tuple(paths)


def _path(extract: exp.Binary) -> str:
    return str(extract.args["expression"].sql(dialect="duckdb")).strip("'")
