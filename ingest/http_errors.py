"""What can go wrong between us and a source, as errors a user can act on.

Owns which answer means which error. Refuses to retry; that is the client's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import requests

from ingest.secrets import Scrubber
from models.errors import SourceError

_EXCERPT = 200
# What to do when every try failed: nothing is lost by waiting.
LATER = "the source itself fails: sync again later, it goes on from what is stored"
AGAIN = "sync again: it goes on from what is stored; if this comes again, run with --debug and report what it prints"
NO_SOURCE = "check the source's base_url, and that no sign-in page or proxy stands in between"
NETWORK = "check the network, a VPN and HTTPS_PROXY, then sync again: it goes on from what is stored"


class AuthenticationError(SourceError):
    """The source does not accept the credential (401)."""


class ForbiddenError(SourceError):
    """The credential is accepted but may not do this (403)."""


class NotFoundError(SourceError):
    """The source has no such thing, or hides it from this credential (404, 410)."""


class OverloadedError(SourceError):
    """The source failed or took too long; asking for less may help."""


class UnreadableAnswerError(SourceError):
    """The source answered with something that is not JSON."""


class RateLimitError(SourceError):
    """A rate limit is used up. ``wait`` is what the source asks for in seconds, ``None`` when it does not say."""

    def __init__(self, what: str, *, wait: float | None = None, where: str = "", next_step: str = "") -> None:
        super().__init__(
            what, where=where, kept="everything read before is stored", next_step=next_step or "sync again in an hour"
        )
        self.wait = wait

    def until(self, now: datetime, wait: float) -> RateLimitError:
        """Return the error for a wait that is too long, naming when to come back."""
        at = (now + timedelta(seconds=wait)).strftime("%H:%M:%S UTC")
        return RateLimitError(
            self.what, wait=wait, where=self.where, next_step=f"run the command again after {at}; it continues there"
        )


def is_rate_limited(answer: requests.Response) -> bool:
    """Return whether a refusal is about a limit: 429, or a 403 that says so in a header or in words."""
    if answer.status_code == 429:
        return True
    if answer.status_code != 403:
        return False
    if "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        return True
    words = answer.text[:2000].lower()
    return "rate limit" in words or "abuse detection" in words


def refusal(answer: requests.Response, shown: str, scrub: Scrubber) -> SourceError:
    """Return the error for an answer with a status of 300 and above that no retry will change."""
    status = answer.status_code
    said = _said(answer, scrub)
    if status == 401:
        return AuthenticationError(
            f"The source does not accept the credential (401{said}).",
            where=shown,
            next_step="check that the token exists, has not expired and is of this server; renew it, then sync again",
        )
    if status == 403:
        needed = answer.headers.get("x-accepted-github-permissions") or answer.headers.get("x-accepted-oauth-scopes")
        return ForbiddenError(
            f"The credential may not read this (403{said}).",
            where=shown,
            next_step=f"grant {needed}" if needed else "grant the token read access to it",
        )
    if status in (404, 410):
        return NotFoundError(
            f"The source has no such thing, or hides it from this credential ({status}{said}).",
            where=shown,
            next_step="check its name, and that the token may see it",
        )
    return SourceError(f"The source refused with status {status}{said}.", where=shown, next_step=AGAIN)


def _said(answer: requests.Response, scrub: Scrubber) -> str:
    """Return the source's own words, if it spoke JSON, short and without secrets."""
    try:
        body = answer.json()
    except requests.exceptions.JSONDecodeError:
        return ""
    if not isinstance(body, dict):
        return ""
    words = body.get("message") or body.get("errorMessages") or body.get("error") or ""
    text = scrub.text(" ".join(map(str, words)) if isinstance(words, list) else str(words))
    return f": {text[:_EXCERPT]}" if text else ""


def unreachable(error: requests.exceptions.RequestException, host: str) -> str:
    """Say why no answer came, in words: an unknown name and a refused connection have different causes."""
    text = str(error)
    if "NameResolution" in text or "Failed to resolve" in text or "Name or service not known" in text:
        return f"The name {host} cannot be looked up."
    if "Connection refused" in text:
        return f"Nothing answers at {host}: the connection was refused."
    if "Network is unreachable" in text or "No route to host" in text:
        return f"There is no way through the network to {host}."
    return f"The connection failed ({type(error).__name__})."
