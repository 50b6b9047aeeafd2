"""How patient we are with a source: time limits, and when to try again.

Owns the clock a client sees and the pause between attempts (growing, jittered, under a deadline). Refuses to send.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry


@dataclass(frozen=True)
class Clock:
    """Time as the client sees it; tests supply one that does not wait."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Policy:
    """Seconds and counts. ``deadline`` bounds one request with its retries; ``patience`` one wait for a rate limit."""

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 6
    backoff: float = 1.0
    backoff_max: float = 60.0
    deadline: float = 300.0
    patience: float = 900.0


class Attempts:
    """The attempts at one request. Waiting for a rate limit counts apart, and not against the deadline."""

    def __init__(self, policy: Policy, clock: Clock, attempts: int | None = None) -> None:
        self._clock = clock
        self._policy = policy
        self._ends = clock.monotonic() + policy.deadline
        self._retry = Retry(
            total=(attempts or policy.attempts) - 1, backoff_factor=policy.backoff, backoff_max=policy.backoff_max
        )
        self._renewals = 0
        self.limits = 0

    def next_pause(self) -> float | None:
        """Count a failure and return the seconds to wait before the next attempt, or ``None`` to give up."""
        try:
            self._retry = self._retry.increment()
        except MaxRetryError:
            return None
        # urllib3 does not pause before the first retry; a little jitter keeps several clients from moving in step.
        pause = float(self._retry.get_backoff_time()) + _jitter(self._policy.backoff)
        return None if self._clock.monotonic() + pause > self._ends else pause

    def next_after_limit(self, wait: float) -> float | None:
        """Count a refusal for a rate limit and return ``wait`` with jitter, or ``None`` to give up."""
        self.limits += 1
        if self.limits > self._policy.attempts or wait > self._policy.patience:
            return None
        self._ends += wait
        return wait + _jitter(self._policy.backoff)

    def may_renew_credential(self) -> bool:
        """Return whether a refused credential may be replaced: once."""
        self._renewals += 1
        return self._renewals == 1


def _jitter(seconds: float) -> float:
    return random.uniform(0, seconds)  # noqa: S311 - spreads requests over time, guards nothing
