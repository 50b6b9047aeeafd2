"""What a sync, a replay or an estimate says when it is done: lines for people, documents for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.session import Session, aligned
from app.wording import plural
from models.errors import ConfigurationError, SourceError, UserError

if TYPE_CHECKING:
    from ingest.forecast import Forecast
    from ingest.replay import ReplayResult
    from ingest.sync import SourceOutcome

_SHOWN = 10
_COUNTS = ("received", "stored", "unchanged", "rejected")


def print_replay(session: Session, result: ReplayResult) -> None:
    """Print what a replay read, what nobody understands and what was no recording."""
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


def print_sources(session: Session, outcomes: Sequence[SourceOutcome]) -> list[tuple[str, UserError]]:
    """Print what was read of each source; returns what failed, with its source, for ``as_one_failure`` to tell.

    A single failure is told there in full, so its sentence is not said here as well.
    """
    failures = [(outcome.source, error) for outcome in outcomes for error in outcome.failures]
    for outcome in outcomes:
        _print_source(session, outcome, failures[0][1] if len(failures) == 1 else None)
    return failures


def _print_source(session: Session, outcome: SourceOutcome, told_below: UserError | None) -> None:
    """Print what was read of a source: a line for each stream of each scope."""
    # Of a source that was never connected to, nobody counted what was asked in vain.
    counted = f"{outcome.requests:,} requests, " if outcome.requests or not outcome.error else ""
    session.say(f"{outcome.source}: {counted}{outcome.seconds:.1f} s")
    rows = [
        (f"  {task.stream}", task.scope, *(f"{getattr(task, name):,}" for name in _COUNTS),
         "" if task.error is None else _failed(task.error, told_below) if task.is_failure
         else f"not available: {task.error.what}")
        for task in outcome.tasks
    ]  # fmt: skip
    if rows:
        session.say(aligned(rows, ("  stream", "scope", *_COUNTS, ""), right=frozenset(range(2, 6))))
    if outcome.error:
        session.say(f"  {_failed(outcome.error, told_below)}")


def _failed(error: UserError, told_below: UserError | None) -> str:
    return "failed, as told below" if error is told_below else f"failed: {error.what}"


def source_document(outcome: SourceOutcome) -> dict[str, Any]:
    """Return what was read of a source, for machines."""
    tasks = [
        {"stream": task.stream, "scope": task.scope, **{name: getattr(task, name) for name in _COUNTS},
         "pages": task.pages, "requests": task.requests, "error": task.error.as_json() if task.error else None,
         "is_failure": task.is_failure}
        for task in outcome.tasks
    ]  # fmt: skip
    return {"source": outcome.source, "run_id": outcome.run_id, "seconds": round(outcome.seconds, 3),
            "requests": outcome.requests, "tasks": tasks,
            "error": outcome.error.as_json() if outcome.error else None}  # fmt: skip


def as_one_failure(outcomes: Sequence[SourceOutcome], failures: Sequence[tuple[str, UserError]]) -> UserError:
    """Return one error for all failures: the first in full, the others counted."""
    stored = sum(outcome.total("stored") for outcome in outcomes)
    source, first = failures[0]
    is_alike = all(error.what == first.what for _, error in failures)
    many = f"{len(failures)} readings failed{', all alike' if is_alike else '; the first'}: {first.what}"
    # What is wrong in the settings alone has the exit code of wrong settings.
    is_ours = all(isinstance(error, ConfigurationError) for _, error in failures)
    return (ConfigurationError if is_ours else SourceError)(
        first.what if len(failures) == 1 else many,
        where=first.where if first.where and source in first.where else ", ".join(filter(None, (source, first.where))),
        kept=_kept(stored, sum(len(outcome.tasks) for outcome in outcomes) > len(failures)),
        next_step=first.next_step or "twotrack doctor",
    )


def _kept(stored: int, has_others: bool) -> str:
    """Return what a sync with failures has stored."""
    new = (
        f"{plural(stored, 'new record')} {'is' if stored == 1 else 'are'} stored" if stored else "nothing new is stored"
    )
    rest = "what the other readings brought is complete" if has_others else "what was stored before is untouched"
    return f"{new}; {rest}"


def forecast_document(found: Forecast | None) -> dict[str, Any] | None:
    """Return a forecast for machines."""
    if found is None:
        return None
    expected = [{"stream": str(one.stream), "scope": one.scope, "records": one.records, "requests": one.requests}
                for one in found.expected]  # fmt: skip
    return {"requests": found.requests, "seconds": round(found.seconds, 1), "waiting_seconds": round(found.waits, 1),
            "seconds_per_request": round(found.pace, 3), "limits_left": dict(found.left),
            "expected": expected}  # fmt: skip
