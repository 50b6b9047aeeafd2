"""What must hold: the portable subset for a model's text, its header's promises for its rows.

The subset keeps the same files runnable on DuckDB and Spark; see the architecture page for the reason behind each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import repeat

from duckdb import DuckDBPyConnection
from sqlglot import exp

from models.errors import BUILD_KEPT, BuildError
from sql.header import Model

_BANNED_FUNCTIONS = {
    "now": "the build supplies as_of; nothing reads the clock",
    "current_timestamp": "the build supplies as_of; nothing reads the clock",
    "current_date": "the build supplies as_of; nothing reads the clock",
    "current_time": "the build supplies as_of; nothing reads the clock",
    "localtimestamp": "the build supplies as_of; nothing reads the clock",
    "get_current_timestamp": "the build supplies as_of; nothing reads the clock",
    "transaction_timestamp": "the build supplies as_of; nothing reads the clock",
    "today": "the build supplies as_of; nothing reads the clock",
    "random": "a build must be repeatable",
    "uuid": "a build must be repeatable",
    "date_diff": "counts boundaries here and full units elsewhere; subtract epoch_us",
    "datediff": "counts boundaries here and full units elsewhere; subtract epoch_us",
    "date_sub": "engines differ; subtract an interval",
    "mode": "ties are broken differently",
    "first": "depends on the order rows arrive in; use arg_min with a key",
    "last": "depends on the order rows arrive in; use arg_max with a key",
    "date_bin": "time_bucket is not everywhere; use date_trunc or integer division of epoch_us",
    "range": "not a table everywhere; use a calendar seed or a recursive CTE",
    "generate_series": "not a table everywhere; use a calendar seed or a recursive CTE",
    "percentile_disc": "use quantile_cont",
    "quantile": "use quantile_cont",
    "approx_quantile": "a number must be exact",
    "json_each": "split nested lists at ingest",
    "json_tree": "split nested lists at ingest",
}
_BANNED_NODES: tuple[tuple[type[exp.Expression], str], ...] = (
    (exp.Pivot, "PIVOT is not portable"),
    (exp.Columns, "COLUMNS() is not portable"),
    (exp.Glob, "GLOB is not portable; use LIKE or regexp_matches"),
    (exp.SimilarTo, "SIMILAR TO is not portable; use regexp_matches"),
    (exp.Slice, "slices are not portable"),
    (exp.Rand, "a build must be repeatable"),
    (exp.CurrentTimestamp, "the build supplies as_of; nothing reads the clock"),
    (exp.CurrentDate, "the build supplies as_of; nothing reads the clock"),
    (exp.DateDiff, "counts boundaries here and full units elsewhere; subtract epoch_us"),
    (exp.GenerateSeries, "not a table everywhere; use a calendar seed or a recursive CTE"),
)


def portability_problems(tree: exp.Expression) -> list[str]:
    """Return every use of something outside the portable subset, one sentence each.

    The tree is walked once: every build checks every model, and walking is most of what that costs.
    """
    found = {problem for node in tree.walk() if isinstance(node, _WATCHED) for problem in _problems_of(node)}
    return sorted(found | set(_uncast_columns(tree)))


def _problems_of(node: exp.Expr) -> Iterator[str]:
    for kind, why in _BANNED_NODES:
        if isinstance(node, kind):
            yield f"{why}: {node.sql(dialect='duckdb')[:80]}"
    if isinstance(node, exp.Func):
        name = node.name.lower() if isinstance(node, exp.Anonymous) else node.sql_name().lower()
        if name in _BANNED_FUNCTIONS:
            yield f"{name}(): {_BANNED_FUNCTIONS[name]}"
    for kind, is_unportable, why in _BANNED_USES:
        if isinstance(node, kind) and is_unportable(node):
            yield why


def _is_asof(join: exp.Expr) -> bool:
    return "ASOF" in {str(join.args.get(place) or "").upper() for place in ("method", "kind")}


def _is_replaced_once(replace: exp.Expr) -> bool:
    modifiers = replace.args.get("modifiers")
    return modifiers is None or modifiers.name != "g"


_BANNED_USES: tuple[tuple[type[exp.Expression], Callable[[exp.Expr], bool], str], ...] = (
    (
        exp.Star,
        lambda star: bool(star.args.get("replace") or star.args.get("replace_")),
        "select * replace is not portable; name the columns",
    ),
    (exp.Join, _is_asof, "ASOF JOIN is not portable; use a window or a bucketed join"),
    (exp.RegexpReplace, _is_replaced_once, "regexp_replace needs the 'g' option, and only that"),
    (exp.ArrayAgg, lambda collected: isinstance(collected.this, exp.Order), "list(order by) is not portable"),
    (
        exp.GroupConcat,
        lambda joined: joined.find(exp.Order) is None,
        "string_agg needs an order by, or its text depends on how the work was split",
    ),
    (
        exp.WindowSpec,
        lambda frame: str(frame.args.get("kind") or "").upper() == "GROUPS",
        "GROUPS frames are not portable",
    ),
)
_WATCHED: tuple[type[exp.Expr], ...] = (
    exp.Func,
    *(kind for kind, _ in _BANNED_NODES),
    *(kind for kind, _, _ in _BANNED_USES),
)


def _uncast_columns(tree: exp.Expression) -> Iterator[str]:
    select = tree.find(exp.Select) if not isinstance(tree, exp.Query) else tree
    while isinstance(select, exp.SetOperation):
        select = select.left
    for projection in select.selects if isinstance(select, exp.Query) else []:
        inner = projection.this if isinstance(projection, exp.Alias) else projection
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
            yield "an output column '*' hides what the model returns; name the columns"
        elif not isinstance(inner, exp.Cast | exp.Column):
            yield f"output column '{projection.alias_or_name}' is not cast to a type"


def check_rows(con: DuckDBPyConnection, model: Model, table: str) -> list[str]:
    """Return every promise of the header that ``table`` breaks, one sentence each with a count and an example."""
    return examine_rows(con, model, table)[0]


# Rows, sum and exclusive or of the hashes of a table's keys that were found to be unique.
Fingerprint = tuple[int, int | None, int | None]


def examine_rows(
    con: DuckDBPyConnection, model: Model, table: str, unique: set[Fingerprint] | None = None
) -> tuple[list[str], int]:
    """Return the promises that ``table`` breaks, as ``check_rows`` does, and how many rows it has.

    All promises are tested in one pass over the table. Keys are counted by their hashes: equal keys have equal
    hashes, so a doubled key is never missed, and where hashes coincide the keys themselves are compared.

    Args:
        con: The connection.
        model: What promises.
        table: Where its rows lie.
        unique: Keys that earlier tables of the build were found to have once each; what is found here is added. A table
            with as many keys, of the same sum and exclusive or of their hashes, has the same keys, and telling millions
            of keys apart again is most of what a check costs.
    """
    produced = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    problems: list[str] = []
    if missing := [name for name in model.columns if name not in produced]:
        problems.append(f"documented but not produced: {', '.join(missing)}")
    if extra := [name for name in produced if name not in model.columns]:
        problems.append(f"produced but not documented: {', '.join(extra)}")
    conditions = [(f"{name} is null", f"{name} must not be null") for name in model.not_null]
    conditions += [(f"not coalesce(({rule}), true)", f"'{rule}' must hold") for rule in model.asserts]
    if problems:
        conditions = []
    keys = [columns for columns in model.unique if set(columns) <= set(produced)]
    counts = ["count(*)", *(f"count(*) filter (where {bad})" for bad, _ in conditions)]
    hashes = [f"hash({', '.join(columns)})" for columns in keys]
    counts += [f"{total}({key})" for key in hashes for total in ("sum", "bit_xor")]
    ((rows, *found),) = con.execute(f"select {', '.join(counts)} from {table}").fetchall()
    for (bad, promise), count in zip(conditions, found[: len(conditions)], strict=True):
        if count:
            example = con.execute(f"select * from {table} where {bad} limit 1").fetchdf().to_dict("records")[0]
            broken = "1 row breaks" if count == 1 else f"{count:,} rows break"
            problems.append(f"{promise}: {broken} it, such as {_short(example)}")
    sums = iter(found[len(conditions) :])
    for columns, key, fingerprint in zip(keys, hashes, zip(repeat(rows), sums, sums), strict=False):
        if unique is not None and fingerprint in unique:
            continue
        ((different,),) = con.execute(f"select count(distinct {key}) from {table}").fetchall()
        doubled = _doubled(con, table, columns) if different < rows else []
        problems += doubled
        if unique is not None and not doubled:
            unique.add(fingerprint)
    return problems, int(rows)


def _doubled(con: DuckDBPyConnection, table: str, columns: tuple[str, ...]) -> list[str]:
    names = ", ".join(columns)
    found = con.execute(
        f"select {names}, count(*) from {table} group by {names} having count(*) > 1 limit 3"
    ).fetchall()
    return [f"({names}) must be unique: {found[0][-1]} rows share {found[0][:-1]}"] if found else []


def _short(row: Mapping[Hashable, object]) -> str:
    return str({name: value for name, value in row.items() if value is not None})[:300]


def require(problems: Sequence[str], where: str, fail: Callable[[str], None] | None = None) -> None:
    """Raise ``BuildError`` when there is any problem; ``fail`` may record it first."""
    if problems:
        message = "; ".join(problems)
        if fail:
            fail(message)
        raise BuildError(
            f"The model {where} breaks its promises: {message}.",
            where=where,
            kept=BUILD_KEPT,
            next_step="twotrack check --json lists every model's result",
        )
