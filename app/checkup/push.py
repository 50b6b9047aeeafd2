"""The push endpoint as doctor sees it: its secrets, and what waits in its spool.

Refuses to start or ask the endpoint: the spool tells what reached it, whether it runs now or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.checkup.finding import Finding
from app.session import Session
from models.errors import UserError
from models.workspace import Workspace

TOPIC = "push endpoint"
_LONG_IN_SPOOL = timedelta(hours=1)


def push_endpoint(session: Session) -> Iterator[Finding]:
    """Examine the receivers' secrets and the spool; nothing is said where neither is there."""
    from ingest.secrets import resolve

    for receiver in session.settings().push.receiver:
        for reference in receiver.secrets:
            try:
                resolve(reference)
                yield Finding(TOPIC, "ok", f"{receiver.name} ({receiver.type}): {reference} holds a secret")
            except UserError as error:
                yield Finding(TOPIC, "wrong", f"{receiver.name}: {error.what}", error.next_step)
    if session.workspace.spool_path.is_file():
        yield from _spool(session)


def waiting(workspace: Workspace) -> int:
    """Return how many deliveries wait for the next build to take them over."""
    from ingest.push.spool import Spool

    if not workspace.spool_path.is_file():
        return 0
    with Spool(workspace.spool_path) as spool:
        return spool.state().waiting


def _spool(session: Session) -> Iterator[Finding]:
    from ingest.push.spool import Spool

    with Spool(session.workspace.spool_path) as spool:
        state = spool.state()
    last = f", the last at {state.last_at:%Y-%m-%d %H:%M} UTC" if state.last_at else ""
    yield Finding(TOPIC, "ok", f"{state.received:,} deliveries received{last}; {state.waiting:,} wait in the spool")
    oldest = state.oldest_waiting_at
    if oldest and datetime.now(UTC) - oldest > _LONG_IN_SPOOL:
        yield Finding(TOPIC, "note", f"a delivery has waited since {oldest:%Y-%m-%d %H:%M} UTC", "twotrack build")
