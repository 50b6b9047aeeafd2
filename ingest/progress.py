"""How far a sync, replay or import has come, as one value that a progress bar, a log or a JSON stream can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """A moment of a run.

    Args:
        source: Name of the source.
        stream: Stream being read, as shown to users.
        scope: What within the source, such as a repository.
        records: Records received so far in this run.
        requests: Requests sent so far to this source.
        seconds: Time since the run began.
        budget_left: Requests (or points) left by budget name; ``None`` where the source does not say.
        notice: A sentence for the user, such as that the source asked us to wait.
        expected_requests: About how many requests the whole run takes, where that was found out.
    """

    source: str
    stream: str = ""
    scope: str = ""
    records: int = 0
    requests: int = 0
    seconds: float = 0.0
    budget_left: Mapping[str, int | None] = field(default_factory=dict)
    notice: str = ""
    expected_requests: int | None = None

    @property
    def rate(self) -> float | None:
        """Records per second, ``None`` before any time has passed."""
        return self.records / self.seconds if self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the run is done at the pace so far; ``None`` where that cannot be known."""
        if not self.expected_requests or not self.requests:
            return None
        return max(0, self.expected_requests - self.requests) * self.seconds / self.requests


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Show nothing."""
