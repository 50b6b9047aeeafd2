"""``twotrack sync``: what is new at the sources, or recorded responses instead of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import INSTANT, Command, shared_options
from app.session import Session, aligned
from models.errors import InputError, SourceError, UserError

if TYPE_CHECKING:
    from ingest.replay import ReplayResult
    from ingest.source import Connector
    from ingest.sync import SourceOutcome

_SHOWN = 10
_COUNTS = ("received", "stored", "unchanged", "rejected")


@click.command(
    "sync",
    cls=Command,
    examples=(
        "twotrack sync",
        "twotrack sync --source github --since 2026-01-01",
        "twotrack sync --replay recordings/",
    ),
)
@click.option("--replay", "directory", type=click.Path(path_type=Path), metavar="DIR",
              help="Read recorded responses under DIR instead of asking the sources.")  # fmt: skip
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source; may be repeated.")
@click.option("--since", type=INSTANT, help="Read again everything changed from this instant on (UTC).")
@click.option("--record", "recording", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Also keep every answer in DIR, ready for --replay.")  # fmt: skip
@shared_options
@click.pass_obj
def command(
    session: Session, directory: Path | None, names: tuple[str, ...], since: datetime | None, recording: Path | None
) -> None:
    """Fetch new records from the configured sources, or replay recorded responses.

    Every answer is kept as it came, once. A sync may be interrupted at any moment: what it stored is kept, and the
    next one goes on from there. When one source fails, the others are still read.
    """
    if directory is not None and (names or since or recording):
        raise click.UsageError("--replay reads what was recorded; it takes no --source, --since or --record.")
    from app.kind import require_kind

    require_kind(session, "live", "twotrack sync")
    session.kept = "everything read so far is stored"
    session.next_step = "run the same command again; it goes on from there"
    if directory is not None:
        _replay(session, directory)
    else:
        _sync(session, names, since, recording)


def _replay(session: Session, directory: Path) -> None:
    from app.progress import flow
    from ingest.replay import replay
    from ingest.store import RawStore, Run

    if not directory.is_dir():
        raise InputError(
            "There is no folder with recorded responses.", where=str(directory), kept="nothing was stored",
            next_step="check the path of --replay",
        )  # fmt: skip
    routes = {name: connector.routes for name, connector in _connectors().items()}
    with session.workspace.writing("twotrack sync"), RawStore(session.workspace.raw_path) as store:

        def begin(source: str, source_type: str) -> Run:
            return store.begin_run(source, source_type, f"twotrack sync --replay {directory.name}")

        with flow(session, "Replaying") as report:
            result = replay(store, begin, directory, routes, report)
    _print_replay(session, result)


def _connectors() -> dict[str, Connector]:
    """Return every kind of source by the name that settings use."""
    from ingest.github.connector import GITHUB
    from ingest.gitlab.connector import CONNECTOR as GITLAB
    from ingest.jenkins.connector import CONNECTOR as JENKINS
    from ingest.jira.connector import CONNECTOR as JIRA

    known = (GITHUB, JIRA, GITLAB, JENKINS)
    return {connector.source_type: connector for connector in known}


def _print_replay(session: Session, result: ReplayResult) -> None:
    session.answer({
        "responses": result.responses,
        "streams": [asdict(one) for one in result.streams],
        "unrouted": dict(result.unrouted),
        "failed": {str(status): count for status, count in result.failed.items()},
        "unreadable": [asdict(one) for one in result.unreadable],
    })  # fmt: skip
    session.say(f"{result.responses:,} recorded responses read.")
    if result.streams:
        rows = [(one.source, one.stream, *(f"{getattr(one, name):,}" for name in _COUNTS)) for one in result.streams]
        session.say(aligned(rows, ("source", "stream", *_COUNTS), right=frozenset(range(2, 6))))
    for shape, count in result.unrouted.most_common(_SHOWN):
        session.say(f"not understood: {count:,} items of {shape}")
    if len(result.unrouted) > _SHOWN:
        session.say(f"not understood: {len(result.unrouted) - _SHOWN:,} more kinds of address; --json lists them")
    for status, count in sorted(result.failed.items()):
        session.say(f"recorded refusals: {count:,} with status {status}")
    for one in result.unreadable:
        session.say(f"not a recording: {one.place}: {one.reason}")


def _sync(session: Session, names: Sequence[str], since: datetime | None, recording: Path | None) -> None:
    from app.progress import flow
    from ingest.recordings import FileRecorder
    from ingest.source import Surroundings
    from ingest.store import RawStore
    from ingest.sync import chosen_sources, sync

    sources = chosen_sources(session.settings().source, names)
    recorder = FileRecorder(recording, "answers") if recording else None
    with (
        session.workspace.writing("twotrack sync"),
        RawStore(session.workspace.raw_path) as store,
        flow(session, "Syncing") as report,
    ):
        surroundings = Surroundings(store, since=since, recorder=recorder)
        outcomes = sync(sources, _connectors(), surroundings, report=report)
    for outcome in outcomes:
        _print_source(session, outcome)
    document = {"sources": [_source_document(outcome) for outcome in outcomes]}
    failures = [(outcome.source, error) for outcome in outcomes for error in outcome.failures]
    if failures:
        session.fail(_failure(outcomes, failures), document)
    session.answer(document)


def _print_source(session: Session, outcome: SourceOutcome) -> None:
    session.say(f"{outcome.source}: {outcome.requests:,} requests, {outcome.seconds:.1f} s")
    rows = [
        (f"  {task.stream}", task.scope, *(f"{getattr(task, name):,}" for name in _COUNTS),
         "" if task.error is None else f"{'failed' if task.is_failure else 'not available'}: {task.error.what}")
        for task in outcome.tasks
    ]  # fmt: skip
    if rows:
        session.say(aligned(rows, ("  stream", "scope", *_COUNTS, ""), right=frozenset(range(2, 6))))
    if outcome.error:
        session.say(f"  {outcome.error.what}")


def _source_document(outcome: SourceOutcome) -> dict[str, Any]:
    tasks = [
        {"stream": task.stream, "scope": task.scope, **{name: getattr(task, name) for name in _COUNTS},
         "pages": task.pages, "requests": task.requests, "error": task.error.as_json() if task.error else None,
         "is_failure": task.is_failure}
        for task in outcome.tasks
    ]  # fmt: skip
    return {"source": outcome.source, "run_id": outcome.run_id, "seconds": round(outcome.seconds, 3),
            "requests": outcome.requests, "tasks": tasks,
            "error": outcome.error.as_json() if outcome.error else None}  # fmt: skip


def _failure(outcomes: Sequence[SourceOutcome], failures: Sequence[tuple[str, UserError]]) -> UserError:
    """Return one error for all failures: the first in full, the others counted."""
    stored = sum(outcome.total("stored") for outcome in outcomes)
    source, first = failures[0]
    return SourceError(
        first.what if len(failures) == 1 else f"{len(failures)} readings failed; the first: {first.what}",
        where=", ".join(part for part in (source, first.where) if part),
        kept=f"{stored:,} new records are stored; what the other readings brought is complete",
        next_step=first.next_step or "twotrack doctor",
    )
