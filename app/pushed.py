"""What was pushed and is not in the raw store yet, taken over by every command that writes.

Owns nothing but that step and what is said of it; the spool and what becomes of a delivery are ``ingest.push``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.session import Session

if TYPE_CHECKING:
    from ingest.store import RawStore


def take_over_pushed(session: Session, store: RawStore) -> None:
    """Move the deliveries that wait in the spool into the raw store, which is open for writing under the lock."""
    path = session.workspace.spool_path
    if not path.is_file():
        return
    from ingest.push.takeover import take_over

    taken = take_over(store, path, "takeover of pushed deliveries")
    if taken.deliveries:
        session.notice(f"{taken.deliveries:,} pushed deliveries taken over.")
    if taken.rejected:
        session.notice(f"{taken.rejected:,} parts of them did not fit and are set aside; twotrack doctor says why.")
