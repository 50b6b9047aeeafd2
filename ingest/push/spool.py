"""The spool: deliveries that were acknowledged, on disk until the raw store has them.

Owns one SQLite file, what makes a delivery a repetition, and that what was added survives a kill and a power cut: one
commit, flushed to disk, for everything that came in together. Refuses to know what a delivery means.

The server adds while a sync or a build, another process, takes over: SQLite's write-ahead log lets both work. Once the
raw store has a delivery, its body goes; its key and its body's hash stay, so that it is recognised for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from models.errors import InputError

_SCHEMA = """
create table if not exists deliveries (
    seq integer primary key autoincrement,
    receiver text not null,
    receiver_type text not null,
    delivery_key text not null,
    body_sha256 text not null,
    event text not null,
    received_at text not null,
    headers text,
    body blob,
    unique (receiver, delivery_key),
    unique (receiver, body_sha256)
);
create index if not exists waiting on deliveries (seq) where body is not null;
"""
_BUSY_SECONDS = 10.0


@dataclass(frozen=True)
class Delivery:
    """One accepted request.

    Args:
        receiver: Name of the receiver, which becomes the source of its records.
        receiver_type: github, pagerduty, opsgenie or records.
        key: The sender's own identity of the delivery, else the body's hash.
        event: What the sender calls it, such as ``deployment_status``.
        received_at: When it had arrived (aware).
        headers: JSON object of the headers worth keeping; none that proves anything.
        body: JSON text.
        body_sha256: Hash (hex) of the body as it was sent and signed.
    """

    receiver: str
    receiver_type: str
    key: str
    event: str
    received_at: datetime
    headers: str
    body: str
    body_sha256: str


class Outcome(Enum):
    """What became of a delivery: stored now, held already, or its key is taken by another body."""

    STORED = "stored"
    SEEN = "seen"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class SpoolState:
    """How a spool stands: deliveries waiting, all ever received, and when the last came and the oldest waiting did."""

    waiting: int
    received: int
    last_at: datetime | None
    oldest_waiting_at: datetime | None


class Spool:
    """An open spool; one thread at a time. Use as a context manager.

    Raises:
        InputError: The file is there and is no spool.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whoever writes serialises the calls; the server opens it in one thread and writes in another.
        self._con = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._con.execute("pragma journal_mode = wal")
            # FULL flushes the log at every commit; NORMAL could lose the last ones when power fails.
            self._con.execute("pragma synchronous = full")
            self._con.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._con.close()
            raise InputError(
                f"The spool of pushed deliveries cannot be opened: {error}.",
                where=str(path),
                kept="it was not touched",
                next_step="twotrack doctor",
            ) from error

    def __enter__(self) -> Self:
        """Return the open spool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._con.close()

    def add(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Store deliveries in one commit; when this returns they are on disk.

        Raises:
            sqlite3.Error: Nothing of it was stored: the disk is full or the file is unusable.
        """
        with self._transaction():
            return [self._add(delivery) for delivery in deliveries]

    def _add(self, delivery: Delivery) -> Outcome:
        row = self._con.execute(
            """
            insert into deliveries
                (receiver, receiver_type, delivery_key, body_sha256, event, received_at, headers, body)
            values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning seq
            """,
            (
                delivery.receiver, delivery.receiver_type, delivery.key, delivery.body_sha256, delivery.event,
                delivery.received_at.astimezone(UTC).isoformat(), delivery.headers, delivery.body.encode(),
            ),
        ).fetchone()  # fmt: skip
        if row:
            return Outcome.STORED
        same = self._con.execute(
            "select 1 from deliveries where receiver = ? and body_sha256 = ?", (delivery.receiver, delivery.body_sha256)
        ).fetchone()
        return Outcome.SEEN if same else Outcome.CONFLICT

    def waiting(self, count: int, size: int) -> list[tuple[int, Delivery]]:
        """Return the oldest waiting deliveries with their numbers: at most ``count``, and about ``size`` bytes."""
        found: list[tuple[int, Delivery]] = []
        rows = self._con.execute(
            "select seq, receiver, receiver_type, delivery_key, event, received_at, headers, body, body_sha256 "
            "from deliveries where body is not null order by seq limit ?",
            (count,),
        )
        with closing(rows):
            for seq, receiver, kind, key, event, at, headers, body, digest in rows:
                instant = datetime.fromisoformat(at)
                found.append(
                    (seq, Delivery(receiver, kind, key, event, instant, headers, bytes(body).decode(), digest))
                )
                size -= len(body)
                if size <= 0:
                    break
        return found

    def stored(self, numbers: Sequence[int]) -> None:
        """Forget the bodies of deliveries that the raw store has committed."""
        with self._transaction():
            self._con.executemany(
                "update deliveries set body = null, headers = null where seq = ?", [(number,) for number in numbers]
            )

    def state(self) -> SpoolState:
        """Return how the spool stands."""
        waiting, oldest = self._con.execute(
            "select count(*), min(received_at) from deliveries where body is not null"
        ).fetchone()
        received, last = self._con.execute(
            "select count(*), (select received_at from deliveries order by seq desc limit 1) from deliveries"
        ).fetchone()
        return SpoolState(waiting, received, _instant(last), _instant(oldest))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE takes the write lock at once: two processes wait for each other instead of failing half-way.
        self._con.execute("begin immediate")
        try:
            yield
            self._con.execute("commit")
        except BaseException:
            if self._con.in_transaction:
                self._con.execute("rollback")
            raise


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
