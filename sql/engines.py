"""From a model's portable SELECT to what DuckDB runs: where each layer lies, and one parse per JSON text.

Owns dialect rewrites. Refuses to know models' meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from duckdb import DuckDBPyConnection
from sqlglot import exp, parse_one

# Staging and intermediate tables are scaffolding; only the rest is published.
CATALOGS: Mapping[str, str] = {
    "raw": "store",
    "latest": "work",
    "staging": "work",
    "intermediate": "work",
    "seeds": "build",
    "config": "build",
    "marts": "build",
    "metrics": "build",
    "meta": "build",
}
_READ_TOGETHER = 3


def parse(select: str) -> exp.Expression:
    """Parse one portable SELECT, written in DuckDB's dialect. Raises ``sqlglot.errors.ParseError``."""
    return cast(exp.Expression, parse_one(select, dialect="duckdb"))


def dependencies(tree: exp.Expression) -> set[str]:
    """Return the full names (``schema.table``) that a SELECT reads, CTEs left out."""
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def prepare(con: DuckDBPyConnection) -> None:
    """Create the layers' schemas in the attached ``build`` and ``work``, and let models name tables by layer only."""
    for layer, catalog in CATALOGS.items():
        if catalog != "store":
            con.execute(f"create schema if not exists {catalog}.{layer}")
    attached = {name for (name,) in con.execute("select database_name from duckdb_databases()").fetchall()}
    path = ",".join(f"{catalog}.{layer}" for layer, catalog in CATALOGS.items() if catalog in attached)
    con.execute(f"set search_path = '{path}'")


def for_duckdb(tree: exp.Expression, text: str = "") -> str:
    """Return the SQL that DuckDB runs: the tree, changed so that JSON is read once; ``text`` where there is none."""
    if text and not tree.find(exp.JSONExtractScalar):
        return text
    for select in list(tree.find_all(exp.Select)):
        _read_json_once(select)
    return tree.sql(dialect="duckdb", comments=False)


def _read_json_once(select: exp.Select) -> None:
    """Replace several extracts from one JSON text by one pass that reads them all.

    DuckDB parses the text anew for every ``->>``; reading thirty fields in one pass is about ten times faster.
    Only a SELECT over one relation is rewritten, and only extracts with a constant path from a bare column.
    """
    source = select.args.get("from_") or select.args.get("from")
    if source is None or select.args.get("joins") or select.args.get("laterals"):
        return
    relation = source.this
    if not isinstance(relation, exp.Table) or relation.args.get("joins") or relation.args.get("laterals"):
        return
    extracts: dict[str, list[exp.JSONExtractScalar]] = {}
    for node in select.find_all(exp.JSONExtractScalar):
        column = node.this
        if (
            node.find_ancestor(exp.Select) is select
            and isinstance(column, exp.Column)
            and column.table in ("", relation.alias_or_name)
            and isinstance(node.expression, exp.JSONPath)
        ):
            extracts.setdefault(column.name, []).append(node)
    for name, nodes in extracts.items():
        asked = [node.expression.sql(dialect="duckdb") for node in nodes]
        paths = sorted(set(asked))
        if len(paths) < _READ_TOGETHER:
            continue
        values = f"{name}_values"
        places = {path: place for place, path in enumerate(paths, start=1)}
        for node, path in zip(nodes, asked, strict=True):
            read = [exp.column(values), exp.Literal.number(places[path])]
            node.replace(exp.Anonymous(this="list_extract", expressions=read))
        alias = relation.alias_or_name
        bare = relation.copy()
        bare.set("alias", None)
        extract = f"json_extract_string({name}, [{', '.join(paths)}]) as {values}"
        inner = f"select *, {extract} from {bare.sql(dialect='duckdb')}"
        wrapped = parse_one(f"select 1 from ({inner}) as {alias}", dialect="duckdb")
        replacement = (wrapped.args.get("from_") or wrapped.args["from"]).this
        relation.replace(replacement)
        return
