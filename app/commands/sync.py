"""``twotrack sync``: what is new at the sources, or recorded responses instead of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.connectors import connectors
from app.options import INSTANT, INTERVAL, Command, shared_options
from app.session import Session
from app.sync_answers import (
    as_one_failure,
    forecast_document,
    print_replay,
    print_sources,
    source_document,
)
from models.errors import InputError, UserError, unforeseen

if TYPE_CHECKING:
    from app.repeating import Stop
    from ingest.forecast import Forecast
    from ingest.progress import Progress
    from ingest.sync import SourceOutcome


@dataclass(frozen=True)
class _Wanted:
    """What to sync: sources by name (all where empty), from when on again, and where to keep the answers."""

    names: Sequence[str]
    since: datetime | None
    recording: Path | None


@click.command(
    "sync",
    cls=Command,
    examples=(
        "twotrack sync",
        "twotrack sync --source github --since 2026-01-01",
        "twotrack sync --estimate",
        "twotrack sync --every 1h --build",
        "twotrack sync --replay recordings/",
    ),
)
@click.option("--replay", "directory", type=click.Path(path_type=Path), metavar="DIR",
              help="Read recorded responses under DIR instead of asking the sources.")  # fmt: skip
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source; may be repeated.")
@click.option("--since", type=INSTANT, help="Read again everything changed from this instant on (UTC).")
@click.option("--record", "recording", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Also keep every answer in DIR, ready for --replay.")  # fmt: skip
@click.option("--every", type=INTERVAL, metavar="INTERVAL",
              help="Go on syncing, this often (90s, 30m, 1h, 1d), until stopped by Ctrl-C or SIGTERM.")  # fmt: skip
@click.option("--build", "is_building", is_flag=True, help="Build and publish after each sync.")
@click.option("--estimate", "is_estimating", is_flag=True,
              help="Only say how long the first reading of each source would take; read nothing.")  # fmt: skip
@shared_options
@click.pass_obj
def command(
    session: Session,
    directory: Path | None,
    names: tuple[str, ...],
    since: datetime | None,
    recording: Path | None,
    every: timedelta | None,
    is_building: bool,
    is_estimating: bool,
) -> None:
    """Fetch new records from the configured sources, or replay recorded responses.

    Every answer is kept as it came, once. A sync may be interrupted at any moment: what it stored is kept, and the
    next one goes on from there. When one source fails, the others are still read. Before a source is read for the
    first time, it says how long that will take.

    With --every, syncs follow each other one at a time, a little later than the minute so that sources are not all
    asked at once; whatever fails is said and tried again in its turn. Asked to stop, it stores the page in hand and
    ends with exit code 0; asked twice, it ends at once. With --json each sync is one line.
    """
    if directory is not None and (names or since or recording or every or is_estimating):
        raise click.UsageError(
            "--replay reads what was recorded; it takes no --source, --since, --record, --every or --estimate."
        )
    if is_estimating and (every or is_building or recording or since):
        raise click.UsageError("--estimate reads nothing; it takes no --every, --build, --record or --since.")
    if every and since:
        raise click.UsageError("--since reads again from then on; with --every it would do so each time.")
    from app.kind import require_kind

    require_kind(session, "live", "twotrack sync")
    wanted = _Wanted(names, since, recording)
    session.kept = "everything read so far is stored"
    session.next_step = "run the same command again; it goes on from there"
    if is_estimating:
        _estimate(session, names)
    elif every:
        _keep_syncing(session, wanted, every, is_building=is_building)
    elif directory is not None:
        _replay(session, directory)
        _build_if(session, is_building)
    else:
        _sync_once(session, wanted, is_building=is_building)


def _replay(session: Session, directory: Path) -> None:
    from app.progress import flow
    from ingest.replay import replay
    from ingest.store import RawStore
    from ingest.store_records import Run

    if not directory.is_dir():
        raise InputError(
            "There is no folder with recorded responses.", where=str(directory), kept="nothing was stored",
            next_step="check the path of --replay",
        )  # fmt: skip
    routes = {name: connector.routes for name, connector in connectors().items()}
    with session.workspace.writing("twotrack sync"), RawStore(session.workspace.raw_path) as store:

        def begin(source: str, source_type: str) -> Run:
            return store.begin_run(source, source_type, f"twotrack sync --replay {directory.name}")

        with flow(session, "Replaying") as report:
            result = replay(store, begin, directory, routes, report)
    print_replay(session, result)


def _read(session: Session, wanted: _Wanted, stop: Stop | None = None) -> list[SourceOutcome]:
    """Read the sources once, under the writer lock."""
    from app.progress import flow
    from app.pushed import take_over_pushed
    from ingest.manners import Clock
    from ingest.recordings import FileRecorder
    from ingest.source import Surroundings
    from ingest.store import RawStore
    from ingest.sync import chosen_sources, sync

    sources = chosen_sources(session.settings().source, wanted.names)
    session.output = wanted.recording
    recorder = FileRecorder(wanted.recording, "answers") if wanted.recording else None
    with (
        session.workspace.writing("twotrack sync"),
        RawStore(session.workspace.raw_path) as store,
        flow(session, "Syncing") as show,
    ):
        take_over_pushed(session, store)
        clock = Clock(sleep=stop.sleep) if stop else Clock()

        def report(moment: Progress) -> None:
            if stop:
                stop.check()
            show(moment)

        def announce(found: Forecast) -> None:
            session.notice(found.text())

        surroundings = Surroundings(store, since=wanted.since, clock=clock, recorder=recorder)
        return sync(sources, connectors(), surroundings, report=report, announce=announce)


def _sync_once(session: Session, wanted: _Wanted, *, is_building: bool) -> None:
    outcomes = _read(session, wanted)
    failures = print_sources(session, outcomes)
    document: dict[str, Any] = {"sources": [source_document(outcome) for outcome in outcomes]}
    built = _build_if(session, is_building)
    document |= {"build_id": built} if built else {}
    if failures:
        session.fail(as_one_failure(outcomes, failures), document)
    session.answer(document)


def _keep_syncing(session: Session, wanted: _Wanted, every: timedelta, *, is_building: bool) -> None:
    """Sync in turns until asked to stop; nothing that fails in one turn ends the next."""
    from app.repeating import repeat, stopping

    def turn() -> None:
        document: dict[str, Any] = {"began_at": datetime.now(UTC)}
        try:
            outcomes = _read(session, wanted, stop)
            failures = print_sources(session, outcomes)
            document["sources"] = [source_document(outcome) for outcome in outcomes]
            if failures:
                session.complain(str(as_one_failure(outcomes, failures)))
            stop.check()
            if built := _build_if(session, is_building):
                document["build_id"] = built
        except UserError as error:
            document["error"] = error.as_json()
            session.complain(str(error))
        except Exception as error:  # a turn's boundary: the next one is tried whatever this one met
            if stop.is_asked or session.is_debug:  # a query that is interrupted raises an error of DuckDB's
                raise
            failure = unforeseen(error, kept=session.kept)
            document["error"] = failure.as_json()
            session.complain(str(failure))
        session.answer_line(document)

    with stopping() as stop:
        repeat(turn, every, stop, lambda at: session.notice(f"Next sync at {at:%H:%M:%S} UTC."))
    session.notice("Stopped as asked; everything read so far is stored.")


def _build_if(session: Session, is_building: bool) -> str | None:
    """Build and publish if that is wanted; returns the build's id."""
    if not is_building:
        return None
    from app.commands.build import run_build

    result = run_build(session)
    session.say(f"Published build {result.build_id}.")
    return result.build_id


def _estimate(session: Session, names: Sequence[str]) -> None:
    from ingest.source import Surroundings
    from ingest.store import RawStore
    from ingest.sync import chosen_sources, forecasts

    sources = chosen_sources(session.settings().source, names)
    with session.workspace.writing("twotrack sync"), RawStore(session.workspace.raw_path) as store:
        found = forecasts(sources, connectors(), Surroundings(store))
    failed = [(name, one) for name, one in found if isinstance(one, UserError)]
    documents: list[dict[str, Any]] = []
    for name, one in found:
        if isinstance(one, UserError):
            session.say(f"{name}: {one.what}")
            documents.append({"source": name, "error": one.as_json()})
        else:
            session.say(one.text() if one else f"{name}: everything was read before; a sync asks for what is new.")
            documents.append({"source": name, "error": None, "first_reading": forecast_document(one)})
    if failed:
        session.fail(failed[0][1], {"sources": documents})
    session.answer({"sources": documents})
