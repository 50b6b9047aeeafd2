"""``twotrack build``: all tables and metrics, from the raw records to a published file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session, aligned

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sql.build import BuildResult

_SHOWN = 3


@click.command(
    "build",
    cls=Command,
    examples=(
        "twotrack build",
        "twotrack build --as-of 2026-07-01",
        "twotrack build --memory 12GB --json",
    ),
)
@click.option("--as-of", type=INSTANT, help="Instant up to which pending and open things age (UTC). [default: now]")
@click.option("--memory", default="5GB", show_default=True, metavar="SIZE",
              help="Memory the database may use; more work than that spills to disk.")  # fmt: skip
@shared_options
@click.pass_obj
def command(session: Session, as_of: datetime | None, memory: str) -> None:
    """Build all tables and metrics from the raw records and publish them.

    Every build is checked; when a promise does not hold, the last good build stays the published one. Whoever reads
    meanwhile goes on reading that. The same raw records, configuration and --as-of give the same tables.
    """
    result = run_build(session, as_of=as_of, memory=memory)
    session.answer(document(result))
    rows = sum(model.rows for model in result.models)
    session.say(f"Published build {result.build_id}, as of {result.as_of:%Y-%m-%d %H:%M} UTC.")
    session.say(f"{len(result.models)} models, {rows:,} rows, {result.seconds:.1f} s; all checks hold.")
    slowest = sorted(result.models, key=lambda model: model.seconds, reverse=True)[:_SHOWN]
    session.say(aligned([(f"  {m.name}", f"{m.rows:,}", f"{m.seconds:.1f}") for m in slowest],
                        ("  slowest models", "rows", "s"), right=frozenset({1, 2})))  # fmt: skip
    _say_of_records(session, result, is_now=as_of is None)


def _say_of_records(session: Session, result: BuildResult, *, is_now: bool) -> None:
    """Say that nothing of this build can be measured, or that its records end long before it, as its pages do."""
    from app.published import open_build, span_of_records, straggling, where_records_end

    with open_build(session.workspace, result.build_id) as (_, con):
        if (span := span_of_records(con, result.as_of)) is None:
            session.say(nothing_measured(con, result.as_of))
        elif is_now and (found := where_records_end(result.as_of, span[1], straggling(con, *span))):
            said, end = found
            session.say(f"{said} twotrack build --as-of {end:%Y-%m-%d}")


def nothing_measured(con: DuckDBPyConnection, as_of: datetime) -> str:
    """Return what to do about a build that holds nothing to measure."""
    from app.published import NOTHING_DATED, all_after, logged_events

    if later := all_after(con, as_of):
        return later
    if not (events := logged_events(con)):
        return f"{NOTHING_DATED} Sync a source or import a file, then build again."
    return (
        f"{NOTHING_DATED} It does hold {events:,} events, of items that are none of these: say with [[word]] in "
        "twotrack.toml which types of items are changes or incidents, then build again. The dashboard shows how."
    )


def run_build(session: Session, *, as_of: datetime | None = None, memory: str = "5GB") -> BuildResult:
    """Build under the writer lock, with progress; raises what ``sql.build.build`` raises."""
    from app.progress import steps
    from sql.build import build

    settings = session.settings()
    require_memory(memory)
    session.kept = "raw records and the last published build are untouched"
    with session.workspace.writing("twotrack build"), steps(session, "Building") as advance:
        prepare_store(session)
        return build(session.workspace, settings, as_of=as_of, progress=advance, memory_limit=memory)


def prepare_store(session: Session) -> None:
    """Give a store that an earlier version wrote the streams added since, and take over what was pushed."""
    from app.pushed import take_over_pushed
    from ingest.store import RawStore

    if session.workspace.raw_path.is_file() or session.workspace.spool_path.is_file():
        with RawStore(session.workspace.raw_path) as store:
            take_over_pushed(session, store)


def require_memory(size: str) -> None:
    """Raise a usage error unless ``size`` is a number with a unit."""
    import re

    if not re.fullmatch(r"\d+(\.\d+)?\s*([KMGT]i?B|%)", size.strip(), re.IGNORECASE):
        raise click.BadParameter(f"'{size}' is not a size such as 6GB or 512MB.", param_hint="--memory")


def document(result: BuildResult) -> dict[str, object]:
    """Return a build's result for machines."""
    return {
        "build_id": result.build_id,
        "as_of": result.as_of,
        "seconds": round(result.seconds, 3),
        "models": [{"name": m.name, "rows": m.rows, "seconds": round(m.seconds, 3)} for m in result.models],
    }
