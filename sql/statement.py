"""One model's SELECT, read once: what it depends on, what is not portable in it, and the SQL that DuckDB runs for it.

Owns that reading a text twice gives the same and is done once in a process: parsing all models takes longer than
building a small workspace. Refuses to know models' names and order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sql.check import portability_problems
from sql.engines import dependencies, for_duckdb, parse
from sql.versions import read_latest


@dataclass(frozen=True)
class Statement:
    """What a build knows of a SELECT.

    ``reads`` are full table names, ``latest`` the raw streams of which it reads the latest versions only, ``problems``
    what leaves the portable subset, and ``text`` what DuckDB runs.
    """

    reads: frozenset[str]
    latest: frozenset[str]
    problems: tuple[str, ...]
    text: str


@lru_cache(maxsize=1024)
def statement(select: str) -> Statement:
    """Return a portable SELECT as a build needs it. Raises ``sqlglot.errors.ParseError``."""
    tree = parse(select)
    problems, reads = portability_problems(tree), dependencies(tree)
    # From here on the tree is what DuckDB runs, no longer what the model says.
    latest = read_latest(tree)
    text = for_duckdb(tree) if latest else for_duckdb(tree, select)
    return Statement(frozenset(reads), frozenset(latest), tuple(problems), text)
