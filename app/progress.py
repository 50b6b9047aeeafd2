"""Progress on standard error while a command works; nothing moves where nobody watches.

The dashboard, which starts commands of its own, asks for progress as plain lines by the environment variable
``TWOTRACK_PROGRESS=lines``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.session import Session, harmless

if TYPE_CHECKING:
    from ingest.progress import Progress


LINES = {"TWOTRACK_PROGRESS": "lines"}
_EVERY_SECONDS = 1.0


class _Lines:
    """Progress as lines, at most one a second, for a program that reads them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next = 0.0

    def say(self, text: str) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_SECONDS
            self._session.complain(text)


def _lines(session: Session) -> _Lines | None:
    name, value = next(iter(LINES.items()))
    return _Lines(session) if os.environ.get(name) == value else None


@contextmanager
def steps(session: Session, doing: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar over a known number of steps; yields a function to call with (step, done, total)."""
    if lines := _lines(session):
        yield lambda step, done, total: lines.say(f"{doing} {step} ({done:,} of {total:,})")
        return
    if not session.shows_progress:
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task(doing, total=None)

        def advance(step: str, done: int, total: int) -> None:
            display.update(task, description=f"{doing} {harmless(step)}", completed=done, total=total)

        yield advance


@contextmanager
def flow(session: Session, doing: str) -> Iterator[Callable[[Progress], None]]:
    """Show counts, rate, waiting and the budget left of a stream of records; yields a function to call with each."""
    if lines := _lines(session):
        yield lambda moment: lines.say(f"{doing} {describe(moment)}")
        return
    if not session.shows_progress:
        yield lambda moment: None
        return
    from rich.console import Console
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task(doing, total=None)
        yield lambda moment: display.update(task, description=describe(moment))


def describe(moment: Progress) -> str:
    """Return one line that says how far a run has come."""
    from ingest.forecast import duration

    place = " ".join(part for part in (moment.source, moment.stream, moment.scope) if part)
    rate = f", {moment.rate:,.0f}/s" if moment.rate else ""
    left = "".join(f", {name} budget left {count:,}" for name, count in moment.budget_left.items() if count is not None)
    seconds = moment.seconds_left
    remains = f", about {duration(seconds)} left" if seconds is not None else ""
    asked = f", {moment.requests:,} requests" if moment.requests else ""
    notice = f"; {moment.notice}" if moment.notice else ""
    return harmless(f"{place}: {moment.records:,} records{asked}{rate}{remains}{left}{notice}")
