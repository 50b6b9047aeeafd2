"""From a model's portable SELECT to what DuckDB runs: where each layer lies, and one parse per JSON text.

Owns dialect rewrites. Refuses to know models' meaning.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import cast

from duckdb import DuckDBPyConnection
from sqlglot import exp, parse_one

from sql.configuration import seeds_dir

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
# Matched with every wording of every comment; the other lists meet a few short words.
_COSTLY_LISTS = {"remark_kinds"}


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
    has_patterns = _compile_patterns_once(tree)
    if text and not has_patterns and not tree.find(exp.JSONExtractScalar):
        return text
    for select in list(tree.find_all(exp.Select)):
        _read_json_once(select)
    for instant in list(tree.find_all(exp.AtTimeZone)):
        _take_utc_as_it_is(instant)
    return tree.sql(dialect="duckdb", comments=False)


def _take_utc_as_it_is(instant: exp.AtTimeZone) -> None:
    """Read the UTC time of an instant from its number, which is counted in UTC already.

    DuckDB asks a calendar for it, which takes longer than reading the instant from text. What has no number, such as
    infinity, is still asked of the calendar.
    """
    cast_to = instant.this.args.get("to") if isinstance(instant.this, exp.Cast) else None
    if cast_to is None or not cast_to.is_type("timestamptz") or instant.args["zone"].name.upper() != "UTC":
        return
    number = exp.Anonymous(this="epoch_us", expressions=[instant.this.copy()])
    counted = exp.Anonymous(this="make_timestamp", expressions=[number])
    instant.replace(exp.Coalesce(this=counted, expressions=[instant.copy()]))


def _compile_patterns_once(tree: exp.Expression) -> bool:
    """Write the patterns of a word list that a text is matched with as constants; return whether there is any.

    DuckDB compiles a pattern that comes from a column anew for every pair of text and pattern, which costs a
    millisecond per text and twenty patterns. The rule's name chooses among the constants, so the meaning is the same.
    """
    if not any(table.db == "seeds" and table.name in _COSTLY_LISTS for table in tree.find_all(exp.Table)):
        return False  # most models: their many SELECTs need not be searched one by one
    found = False
    for select in list(tree.find_all(exp.Select)):
        lists = {
            table.alias_or_name: table.name
            for table in select.find_all(exp.Table)
            if table.db == "seeds" and table.find_ancestor(exp.Select) is select and table.name in _COSTLY_LISTS
        }
        for node in list(select.find_all(exp.RegexpLike)):
            pattern = node.expression
            if not (isinstance(pattern, exp.Column) and pattern.name == "pattern" and pattern.table in lists):
                continue
            chosen = exp.Case(this=exp.column("rule_id", table=pattern.table), default=node.copy())
            for rule_id, text in _patterns(lists[pattern.table]):
                matched = exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(text))
                chosen = chosen.when(exp.Literal.string(rule_id), matched)
            node.replace(chosen)
            found = True
    return found


def _patterns(seed: str) -> list[tuple[str, str]]:
    with (seeds_dir() / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["rule_id"], row["pattern"]) for row in csv.DictReader(file)]


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
