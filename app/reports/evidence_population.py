"""The part of a pack's report on its population: from what each source reported to what is in the pack.

Owns those sums in words. Reads the results on a connection, as the rest of the report does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from app.reports.blocks import Block, Cell, Text, row, table_or

_BUCKETS = """
    select bucket, coalesce(note, ''), requests, code_reviews, deployments
    from evidence.reconciliation_totals order by bucket, note nulls first
"""
_COMPLETENESS = """
    select source, stream, reported, set_aside, repeated, missing, beyond, held, other_kind, outside_scope,
        not_production, outside_period, in_population, adds_up, differences
    from evidence.population_completeness order by source, stream
"""
_LOADING = """
    select source, stream, received, stored, reported, rejected, coalesce(problem, '')
    from evidence.loading order by source, stream
"""


def blocks(con: DuckDBPyConnection) -> tuple[Block, ...]:
    """Return where the population's files are, how it follows from what was reported, and what each source brought."""
    reviews = _rows(con, "select count(*) from evidence.population_pull_requests")[0][0]
    buckets = [row(b, note, _n(r), _n(c), _n(d)) for b, note, r, c, d in _rows(con, _BUCKETS)]
    streams = [_stream(*found) for found in _rows(con, _COMPLETENESS)]
    loading = [row(s, t.partition(".")[2], *map(_n, rest), p) for s, t, *rest, p in _rows(con, _LOADING)]
    where = (
        f"All of it is in data/population: changes.csv, deployments.csv, pull_requests.csv ({reviews:,} code reviews), "
        "and in completeness.csv how it follows from what the sources reported."
    )
    return (
        Text(where),
        table_or(
            "No source brought changes or deployments.",
            "From what the sources reported to what is here",
            ("Source", "Stream", "Reported to held", "Held to this pack", "Here"),
            streams,
            right=frozenset({4}),
            widths=(1.4, 1.6, 4, 4.4, 1),
        ),
        table_or(
            "There is nothing to reconcile.",
            "Change requests, code reviews and production deployments, joined both ways",
            ("What is there", "Note", "Requests", "Code reviews", "Deployments"),
            buckets,
            right=frozenset({2, 3, 4}),
            widths=(3, 3, 1.1, 1.3, 1.3),
        ),
        table_or(
            "The build says nothing of its sources.",
            "What each source brought, over all its runs",
            ("Source", "Stream", "Received", "Versions held", "Reported by source", "Set aside", "Problem"),
            loading,
            right=frozenset({2, 3, 4, 5}),
            widths=(1.3, 2.2, 1.1, 1.1, 1.1, 1, 2.2),
            note="Of a file its rows are what is reported, for each of its streams; a row need not bring one to each.",
        ),
    )


def _stream(
    source: str, stream: str, reported: int | None, set_aside: int | None, repeated: int | None, missing: int | None,
    beyond: int | None, held: int | None, other_kind: int | None, outside_scope: int, not_production: int,
    outside_period: int, here: int, adds_up: bool, differences: str,
) -> tuple[Cell, ...]:  # fmt: skip
    """Return a stream's two sums in words: what lies between reported and held, and between held and this pack."""
    if reported is None or held is None:
        first = ("" if held is None else f"{held:,} held; ") + differences
    else:
        first = _sum(reported, "reported", (
            (set_aside, "set aside"), (repeated, "repeat a record"), (missing, "not received"),
            (-(beyond or 0), "read outside that count"),
        )) + f" = {held:,} held"  # fmt: skip
    left_out = ((other_kind, "of another kind"), (outside_scope, "of another scope"),
                (not_production, "not production"), (outside_period, "outside the period"))  # fmt: skip
    second = "cannot be told" if held is None else f"{_sum(held, 'held', left_out)} = {here:,}"
    if not adds_up:
        return row(source, stream.partition(".")[2], first, Cell(f"{second}: does not add up", tone="signal"), _n(here))
    return row(source, stream.partition(".")[2], first, second, _n(here))


def _sum(start: int, what: str, parts: Sequence[tuple[int | None, str]]) -> str:
    terms = [f" {'−' if count > 0 else '+'} {abs(count):,} {why}" for count, why in parts if count]
    return f"{start:,} {what}" + "".join(terms)


def _rows(con: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def _n(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
