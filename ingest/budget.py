"""What a source still lets us ask: rate limits as its answers state them, and how long to wait when there is none left.

Owns the reading of ``Retry-After``, ``x-ratelimit-*`` and their relatives. Refuses to send or to sleep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

UNSTATED_WAIT = 60.0  # what sources ask for when a secondary limit names no time


@dataclass(frozen=True)
class Budget:
    """The state of one rate limit; fields are ``None`` where the source does not say."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    requests: int = 0

    def wait(self, now: datetime) -> float:
        """Return the seconds until the next request may be sent; 0 when one may be sent now."""
        if self.remaining is None or self.remaining > 0 or self.reset_at is None:
            return 0.0
        return max(0.0, (self.reset_at - now).total_seconds())

    def after(self, headers: Mapping[str, str], now: datetime) -> Budget:
        """Return the budget as an answer's headers leave it; headers a server does not send change nothing."""
        limit = _number(headers, "x-ratelimit-limit", "ratelimit-limit")
        remaining = _number(headers, "x-ratelimit-remaining", "ratelimit-remaining")
        return Budget(
            limit=self.limit if limit is None else limit,
            remaining=self.remaining if remaining is None else remaining,
            reset_at=_reset_at(headers, now) or self.reset_at,
            requests=self.requests,
        )

    def sent(self) -> Budget:
        """Return the budget after one more request."""
        return Budget(self.limit, self.remaining, self.reset_at, self.requests + 1)

    def renewed(self) -> Budget:
        """Return the budget after its reset: what remains is unknown until the next answer."""
        return Budget(self.limit, None, None, self.requests)

    def stated(self, limit: int | None, remaining: int | None, reset_at: datetime | None) -> Budget:
        """Return the budget as an answer's body states it (GraphQL ``rateLimit``, which may be null)."""
        return Budget(
            self.limit if limit is None else limit,
            self.remaining if remaining is None else remaining,
            reset_at or self.reset_at,
            self.requests,
        )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as seconds or as a date; ``None`` where it is absent."""
    stated = headers.get("retry-after", "").strip()
    if not stated:
        return None
    try:
        return max(0.0, float(stated))
    except ValueError:
        pass
    at = stated_time(stated)
    return None if at is None else max(0.0, (at - now).total_seconds())


def stated_time(text: str) -> datetime | None:
    """Return an HTTP date (RFC 9110, section 5.6.7) as an aware instant; ``None`` for anything else."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def limited_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long a refusal for a rate limit asks us to wait; ``None`` where it does not say."""
    stated = retry_after(headers, now)
    if stated is not None:
        return stated
    return Budget().after({**headers, "x-ratelimit-remaining": "0"}, now).wait(now) or None


def _number(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        value = headers.get(name, "").strip()
        if value.isdigit():
            return int(value)
    return None


def _reset_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Read the reset instant: epoch seconds (GitHub, GitLab), an ISO instant (Jira) or seconds from now."""
    for name in ("x-ratelimit-reset", "ratelimit-reset", "x-ratelimit-reset-at"):
        value = headers.get(name, "").strip()
        if not value:
            continue
        if value.isdigit():
            seconds = int(value)
            far = seconds > 1_000_000_000
            return datetime.fromtimestamp(seconds, UTC) if far else now + timedelta(seconds=seconds)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None
