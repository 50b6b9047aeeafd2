"""From a model's portable SELECT to what DuckDB runs: where each layer lies, and one parse per JSON text.

Owns dialect rewrites. Refuses to know models' meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp, parse_one

# Staging and intermediate tables are scaffolding; only the rest is published.
CATALOGS: Mapping[str, str] = {
    "raw": "store",
    "staging": "work",
    "intermediate": "work",
    "seeds": "build",
    "config": "build",
    "marts": "build",
    "metrics": "build",
    "meta": "build",
}


def parse(select: str) -> exp.Expression:
    """Parse one portable SELECT, written in DuckDB's dialect. Raises ``sqlglot.errors.ParseError``."""
    return parse_one(select, dialect="duckdb")


def dependencies(tree: exp.Expression) -> set[str]:
    """Return the full names (``schema.table``) that a SELECT reads, CTEs left out."""
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def for_duckdb(tree: exp.Expression, catalogs: Mapping[str, str] = CATALOGS) -> str:
    """Return the SQL that DuckDB runs, with every table placed in its catalog."""
    tree = tree.copy()
    for table in tree.find_all(exp.Table):
        if table.db in catalogs:
            table.set("catalog", exp.to_identifier(catalogs[table.db]))
    return tree.sql(dialect="duckdb")
