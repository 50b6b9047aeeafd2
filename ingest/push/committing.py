"""One thread that commits deliveries to the spool, everything that came in meanwhile at once.

A flush to disk takes a millisecond or many; requests that arrive during one share the next. Owns the queue and its
bound. Refuses to know HTTP: whoever submits waits on a future.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from concurrent.futures import Future

from ingest.push.spool import Delivery, Outcome, Spool

_TOGETHER = 256
_Item = tuple[Delivery, "Future[Outcome]"]


class WriterBehindError(Exception):
    """More deliveries wait for the disk than may be held in memory."""


class Committer:
    """The spool's writer. Start it, submit from any thread, stop it; stopping commits what was submitted."""

    def __init__(self, spool: Spool, longest_queue: int = 2048) -> None:
        self._spool = spool
        self._queue: queue.Queue[_Item | None] = queue.Queue(longest_queue)
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """Begin to commit."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def submit(self, delivery: Delivery) -> Future[Outcome]:
        """Return what will tell, once it is on disk, what became of a delivery; ``sqlite3.Error`` if it cannot be.

        Raises:
            WriterBehindError: The queue is full.
        """
        told: Future[Outcome] = Future()
        try:
            self._queue.put_nowait((delivery, told))
        except queue.Full:
            raise WriterBehindError from None
        return told

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            items, is_last = [first], False
            while len(items) < _TOGETHER:
                try:
                    further = self._queue.get_nowait()
                except queue.Empty:
                    break
                if further is None:
                    is_last = True
                    break
                items.append(further)
            self._commit(items)
            if is_last:
                return

    def _commit(self, items: list[_Item]) -> None:
        try:
            outcomes = self._spool.add([delivery for delivery, _ in items])
        except sqlite3.Error as error:
            for _, told in items:
                told.set_exception(error)
            return
        for (_, told), outcome in zip(items, outcomes, strict=True):
            told.set_result(outcome)
