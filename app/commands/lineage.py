"""``twotrack lineage``: where a column of a mart or metric comes from, down to the raw streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.options import Command, shared_options
from app.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sql.lineage import Lineage, Origin


@click.command(
    "lineage",
    cls=Command,
    examples=(
        "twotrack lineage approval_latency",
        "twotrack lineage changes.effective_approval_at",
        "twotrack lineage metrics.change_failure_rate.in_numerator --json",
    ),
)
@click.argument("name", metavar="COLUMN")
@shared_options
@click.pass_obj
def command(session: Session, name: str) -> None:
    """Show where a column of a mart or metric comes from, down to the raw streams.

    COLUMN is table.column (changes.merged_at), with or without its schema, or the name of a metric. Read from the SQL
    that a build runs: no build and no records are needed. What a column is computed from is shown below it, and what
    was shown before is not repeated; which rows there are is decided by every table that its model reads.
    """
    from sql.lineage import lineage

    found = lineage(name)
    session.answer({
        "asked": name,
        "columns": [_document(origin) for origin in found.origins.values()],
        "streams": list(found.streams),
        "rules": list(found.rules),
    })  # fmt: skip
    for line in _lines(found):
        session.say(line)
    session.say()
    session.say(f"Raw streams: {', '.join(found.streams) or 'none'}")
    session.say(f"Rules and settings: {', '.join(found.rules) or 'none'}")


def _document(origin: Origin) -> dict[str, object]:
    return {
        "table": origin.table, "column": origin.column, "description": origin.description,
        "reads": [{"table": table, "column": column} for table, column in origin.reads],
        "paths": list(origin.paths), "rows_from": list(origin.rows_from),
    }  # fmt: skip


def _lines(found: Lineage) -> Iterator[str]:
    """Return the tree, askers above what they read."""
    shown: set[tuple[str, str]] = set()
    waiting: list[tuple[tuple[str, str], int, tuple[str, ...]]] = [(root, 0, ()) for root in reversed(found.roots)]
    while waiting:
        name, depth, paths = waiting.pop()
        origin = found.origins[name]
        text = "  " * depth + ".".join(name)
        if paths and name[0].startswith("raw.") and name[1] == "payload":
            text += f"  {', '.join(paths)}"
        if name in shown and origin.reads:
            yield f"{text}  (above)"
            continue
        yield f"{text}  {origin.description}" if origin.description else text
        shown.add(name)
        waiting += [(read, depth + 1, origin.paths) for read in reversed(origin.reads)]
