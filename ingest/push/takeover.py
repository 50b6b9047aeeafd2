"""Taking deliveries over from the spool into the raw store.

Owns the order that makes it exactly once: read a batch, commit it to the raw store, then let the spool forget the
bodies. Killed in between, the batch is read again, and the raw store finds that it holds every payload already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ingest.push.readers import DELIVERIES, read, request_url
from ingest.push.spool import Delivery, Spool
from ingest.store import RawStore
from ingest.store_records import Page, RawRecord, Rejected, Run

BATCH = 500
BATCH_BYTES = 32 * 1024 * 1024


@dataclass
class Taken:
    """What was taken over: deliveries, what they brought, and those by ``receiver event`` that nothing reads."""

    deliveries: int = 0
    stored: int = 0
    rejected: int = 0
    unread: dict[str, int] = field(default_factory=dict)


def take_over(store: RawStore, spool_path: Path, command: str, *, until: Callable[[], bool] = lambda: False) -> Taken:
    """Move every waiting delivery into the raw store.

    Args:
        store: Open for writing, under the workspace's writer lock.
        spool_path: The spool; nothing happens where there is none.
        command: What does it, for the run log.
        until: Asked between batches; true ends it early, the rest waits on.
    """
    taken = Taken()
    if not spool_path.is_file():
        return taken
    runs: dict[str, Run] = {}
    with Spool(spool_path) as spool:
        while (batch := spool.waiting(BATCH, BATCH_BYTES)) and not until():
            for receiver in dict.fromkeys(delivery.receiver for _, delivery in batch):
                own = [delivery for _, delivery in batch if delivery.receiver == receiver]
                run = runs.get(receiver) or runs.setdefault(
                    receiver, store.begin_run(receiver, own[0].receiver_type, command)
                )
                _store(store, run, own, taken)
            spool.stored([number for number, _ in batch])
    for run in runs.values():
        store.finish_run(run)
    return taken


def _store(store: RawStore, run: Run, deliveries: list[Delivery], taken: Taken) -> None:
    """Commit one receiver's deliveries; those that nothing reads are kept and counted like the others."""
    records: list[RawRecord] = []
    rejected: list[Rejected] = []
    for delivery in deliveries:
        found = read(delivery)
        records += found.records
        rejected += found.rejected
        if len(found.records) == 1 and not found.rejected:
            name = f"{delivery.receiver} {delivery.event}"
            taken.unread[name] = taken.unread.get(name, 0) + 1
    first, last = deliveries[0].received_at, deliveries[-1].received_at
    url = request_url(deliveries[0]) if len(deliveries) == 1 else f"push:{run.source}"
    counts = store.write_page(
        run,
        Page(
            DELIVERIES,
            records,
            rejected,
            request_url=url,
            fetched_at=last,
            requests=len(deliveries),
            window=(first, last + timedelta(microseconds=1)),
        ),
    )
    taken.deliveries += len(deliveries)
    taken.stored += counts["stored"]
    taken.rejected += counts["rejected"]
