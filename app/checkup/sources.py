"""Examining the configured sources: their secrets' references, and what they say when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.checkup.finding import Finding, Status
from app.connectors import connectors
from app.session import Session
from app.wording import duration
from models.errors import UserError

if TYPE_CHECKING:
    from ingest.examine import Examined
    from models.settings import SourceSettings

_TOPIC = "connections"
_CLOSE = 2.0  # seconds; a clock that is no further off needs no mention


def references(session: Session) -> Iterator[Finding]:
    """Say of every source whether the secrets that it refers to are there."""
    from ingest.secrets import resolve

    for source in session.settings().source:
        held = secret_references(source)
        for reference in held:
            try:
                resolve(reference)
                yield Finding("sources", "ok", f"{source.name}: {reference} holds a secret")
            except UserError as error:
                yield Finding("sources", "wrong", f"{source.name}: {error.what}", error.next_step)
        if not held:
            yield Finding("sources", "note", f"{source.name}: no token is set, so only public records can be read")


def secret_references(source: SourceSettings) -> list[str]:
    """Return the references of a source's secrets."""
    return [one for one in (source.token, source.private_key, source.client_secret) if one]


def connections(session: Session) -> Iterator[Finding]:
    """Ask every source who we are, what we may, what time it is and what its limits leave."""
    from ingest.examine import examine

    settings = session.settings()
    for source in settings.source:
        if not _holds_secrets(source):
            continue  # said where references are examined
        try:
            found = examine(source, connectors()[source.type])
        except UserError as error:
            yield Finding(_TOPIC, "wrong", f"{source.name}: {error.what}", error.next_step)
            continue
        yield from _answered(source, found, settings.thresholds.clock_skew_seconds)


def _holds_secrets(source: SourceSettings) -> bool:
    from ingest.secrets import resolve

    try:
        for reference in secret_references(source):
            resolve(reference)
    except UserError:
        return False
    return True


def _answered(source: SourceSettings, found: Examined, tolerance: int) -> Iterator[Finding]:
    name = source.name
    who = f"connected as {found.principal}" if found.principal else "connected; it does not say as whom"
    scopes = f", with {found.scopes}" if found.scopes else ""
    yield Finding(_TOPIC, "ok", f"{name}: {who}{scopes}")
    yield from _permissions(name, found)
    yield from _clock(name, found.clock_ahead, tolerance)
    for limit, budget in sorted(found.budgets.items()):
        if budget.remaining is not None:
            of = f" of {budget.limit:,}" if budget.limit else ""
            until = f", renewed at {budget.reset_at:%H:%M} UTC" if budget.reset_at else ""
            status: Status = "note" if budget.remaining == 0 else "ok"
            yield Finding("limits", status, f"{name}: {limit} limit leaves {budget.remaining:,}{of}{until}")


def _permissions(name: str, found: Examined) -> Iterator[Finding]:
    if found.granted:
        yield Finding("permissions", "ok", f"{name}: {', '.join(one.name for one in found.granted)}")
    for permission, refusal in found.missing:
        needed: Status = "wrong" if permission.is_needed else "note"
        text = f"{name}: missing '{permission.name}'; {refusal.what}"
        yield Finding("permissions", needed, text, f"grant it to read {permission.unlocks}")


def _clock(name: str, ahead: float | None, tolerance: int) -> Iterator[Finding]:
    if ahead is None:
        yield Finding("clocks", "note", f"{name}: does not state the time, so clocks cannot be compared")
    elif abs(ahead) <= _CLOSE:
        yield Finding("clocks", "ok", f"{name}: its clock and this machine's agree")
    else:
        text = f"{name}: this machine's clock is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} its own"
        if abs(ahead) > tolerance:
            yield Finding("clocks", "wrong", text, "synchronise this machine's clock (NTP); tokens and windows need it")
        else:
            yield Finding("clocks", "note", text)
