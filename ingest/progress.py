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
    """

    source: str
    stream: str = ""
    scope: str = ""
    records: int = 0
    requests: int = 0
    seconds: float = 0.0
    budget_left: Mapping[str, int | None] = field(default_factory=dict)
    notice: str = ""

    @property
    def rate(self) -> float | None:
        """Records per second, ``None`` before any time has passed."""
        return self.records / self.seconds if self.seconds > 0 else None


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Show nothing."""
