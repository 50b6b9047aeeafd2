"""Which rows of a raw stream are the latest of their record: found once per stream, not by every staging model.

Staging models choose the latest version with a window over the whole stream, as any engine can run it. Sorting millions
of keys for the few records that have more than one version is most of what that costs, so a build looks for those
records first. Owns the meaning of "latest". Refuses to know what a payload says.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection
from sqlglot import exp, parse_one

SCHEMA = "latest"
_LATEST = """row_number() over (partition by source, record_key
    order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc) = 1"""
_LATEST_TEXT = parse_one(_LATEST, dialect="duckdb").sql(dialect="duckdb")


def read_latest(tree: exp.Expression) -> set[str]:
    """Let every SELECT that keeps the latest versions of one raw stream read them from ``latest``; the tree is changed.

    Returns the streams so read. A SELECT that filters, joins or groups first is left alone: its rows are others.
    """
    found = set()
    for select in tree.find_all(exp.Select):
        qualify = select.args.get("qualify")
        source = select.args.get("from_") or select.args.get("from")
        if qualify is None or source is None or qualify.this.sql(dialect="duckdb") != _LATEST_TEXT:
            continue
        table = source.this
        others = ("where", "joins", "laterals", "group", "having", "distinct", "windows")
        if isinstance(table, exp.Table) and table.db == "raw" and not any(select.args.get(one) for one in others):
            select.set("qualify", None)
            table.set("db", exp.to_identifier(SCHEMA))
            found.add(table.name)
    return found


def find_latest(con: DuckDBPyConnection, stream: str) -> None:
    """Create ``work.latest.<stream>``: the stream without superseded versions, and in most streams there are none."""
    table = f"store.raw.{stream}"
    ((rows, keys),) = con.execute(f"select count(*), count(distinct hash(source, record_key)) from {table}").fetchall()
    if rows == keys:
        con.execute(f"create view work.{SCHEMA}.{stream} as select * from {table}")
        return
    con.execute(
        f"""create table work.{SCHEMA}.{stream}_superseded as
        select rowid as place from {table}
        where (source, record_key) in (select (source, record_key) from {table} group by all having count(*) > 1)
        qualify not {_LATEST}"""
    )
    con.execute(
        f"create view work.{SCHEMA}.{stream} as select * from {table} "
        f"where rowid not in (select place from work.{SCHEMA}.{stream}_superseded)"
    )
