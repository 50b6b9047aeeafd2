"""Doing something again and again until asked to stop: when the next turn begins, and how a stop ends it cleanly.

Owns the waiting, the jitter and the signals. Refuses to know what is done.
"""

from __future__ import annotations

import queue
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import FrameType

_JITTER = 0.1  # share of the interval; several workspaces on one timetable do not ask a source at the same second
_JITTER_MOST = 300.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody asked this process to stop."""

    def __init__(self) -> None:
        self._is_asked = False
        # A signal is handled in the thread that waits, at any instruction of the wait. An Event's lock may be held by
        # that very wait then, and asking would never return; a SimpleQueue's put may interrupt its own get.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    @property
    def is_asked(self) -> bool:
        """Whether it was asked."""
        return self._is_asked

    def ask(self) -> None:
        """Ask for it; safe in a signal handler and in any thread."""
        self._is_asked = True
        self._wake.put(None)

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` once it was asked; called where nothing is half done."""
        if self.is_asked:
            raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """Wait, and no longer once asked to stop; raises ``KeyboardInterrupt`` then."""
        with suppress(queue.Empty):
            self._wake.get(timeout=seconds)
            self._wake.put(None)  # whoever else waits is woken too
        self.check()


@contextmanager
def stopping() -> Iterator[Stop]:
    """Turn the first SIGINT or SIGTERM into a wish that work in progress may finish; a second one interrupts it."""
    stop = Stop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def asked(number: int, frame: FrameType | None) -> None:
        if stop.is_asked:
            raise KeyboardInterrupt
        stop.ask()

    for number in _SIGNALS:
        signal.signal(number, asked)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def repeat(turn: Callable[[], None], every: timedelta, stop: Stop, waiting: Callable[[datetime], None]) -> None:
    """Do ``turn`` every so often, one at a time, until asked to stop; returns then.

    Args:
        turn: What to do. It may raise ``KeyboardInterrupt`` where it noticed the wish to stop.
        every: From the beginning of a turn to the beginning of the next; a turn that took longer is followed at once.
        stop: The wish to stop.
        waiting: Told when the next turn begins.
    """
    try:
        while True:
            began = monotonic()
            turn()
            stop.check()
            left = began + every.total_seconds() - monotonic()
            pause = max(0.0, left) + _jitter(every.total_seconds())
            waiting(datetime.now(UTC) + timedelta(seconds=pause))
            stop.sleep(pause)
    except KeyboardInterrupt:
        if not stop.is_asked:
            raise


def _jitter(seconds: float) -> float:
    return random.uniform(0, min(_JITTER * seconds, _JITTER_MOST))  # noqa: S311 - spreads load, guards nothing
