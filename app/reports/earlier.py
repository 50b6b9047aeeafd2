"""The pack before: which of those at hand a new one follows, and what it says of itself.

Owns the choice. Refuses to check a pack; that is ``verify``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.reports import bag, container
from app.reports.question import Scope
from models.errors import InputError, VerificationError


@dataclass(frozen=True)
class Link:
    """The pack before: its name and the digest of its tag manifest."""

    name: str
    digest: str


def given(path: Path) -> Link:
    """Return the pack at ``path``; raises ``InputError`` where there is none."""
    found = _link_of(path)
    if found is None:
        raise InputError(
            "There is no pack to follow.", where=str(path), kept="nothing was written",
            next_step="give the folder of the pack before, or --first",
        )  # fmt: skip
    return found[1]


def latest(folder: Path, scope: Scope, start: datetime) -> Link | None:
    """Return the latest pack in ``folder`` of this scope whose period ends by ``start``; ``None`` for none."""
    candidates = [
        (listed, link)
        for path in sorted(folder.glob("evidence-*"))
        if (path.is_dir() or path.suffix == ".zip") and (both := _link_of(path)) is not None
        for listed, link in [both]
        if listed.info.get("Twotrack-Scope") == str(scope)
        and listed.info.get("Twotrack-Period-To", "9") <= start.isoformat() + "Z"
    ]
    best = max(candidates, key=lambda one: (one[0].info["Twotrack-Period-To"], one[1].name), default=None)
    return best[1] if best else None


def _link_of(path: Path) -> tuple[bag.Listed, Link] | None:
    """Return what a pack, folder or ZIP file, says of itself; ``None`` when it is none."""
    try:
        with container.opened(path) as pack:
            return bag.read(pack.folder), Link(pack.name, bag.digest(pack.folder / bag.TAG_MANIFEST))
    except VerificationError:
        return None
