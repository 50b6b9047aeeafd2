"""How long a first reading will take, said before it begins.

Owns the reckoning: what the source counts, how fast it has answered so far, and what its limits leave. Refuses to ask
anything itself; a connection's ``expected`` does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.budget import Budget
from ingest.source import Connection, Expected
from ingest.store import RawStore

_WINDOW = 3600.0  # what limits are counted over, where the source does not say
_ENOUGH = 20  # requests of an earlier run below which its pace says little


@dataclass(frozen=True)
class Forecast:
    """What a first reading of a source will take.

    Args:
        source: Name of the source.
        expected: What it will bring.
        pace: Seconds a request takes, and with it the storing of its answer.
        is_pace_known: Whether the pace is that of an earlier run, and not of the few requests sent so far.
        waits: Seconds of waiting for limits to be renewed.
        left: What the limits leave by budget name; ``None`` where the source does not say.
    """

    source: str
    expected: Sequence[Expected]
    pace: float
    is_pace_known: bool
    waits: float
    left: Mapping[str, int | None]

    @property
    def requests(self) -> int:
        """About how many requests it takes."""
        return sum(one.requests for one in self.expected)

    @property
    def seconds(self) -> float:
        """About how long it takes, waiting included."""
        return self.requests * self.pace + self.waits

    def text(self) -> str:
        """Return the forecast as one line for people."""
        records: Counter[str] = Counter()
        for one in self.expected:
            records[one.stream.name.replace("_", " ")] += one.records
        counted = ", ".join(f"{count:,} {name}" for name, count in records.items() if count) or "nothing yet"
        measured = "measured at the last sync" if self.is_pace_known else "measured just now"
        left = "".join(f"; {name} limit leaves {count:,}" for name, count in self.left.items() if count is not None)
        waits = f", {duration(self.waits)} of it waiting for limits" if self.waits else ""
        return (
            f"{self.source}: first reading of {counted}: about {self.requests:,} requests, {duration(self.seconds)}"
            f"{waits} ({self.pace:.2f} s a request, {measured}{left})"
        )


def forecast(connection: Connection, store: RawStore, source: str) -> Forecast | None:
    """Return what a first reading will take; ``None`` where everything was read before.

    Raises:
        SourceError: The source does not say how much there is.
    """
    expected = [one for one in connection.expected() if one.requests]
    if not expected:
        return None
    client = connection.client
    earlier = _pace_of_last_run(store, source)
    pace = earlier or client.answering / max(1, client.requests)
    costs: Counter[str] = Counter()
    for one in expected:
        costs[one.budget] += one.requests if one.cost is None else one.cost
    now = client.clock.now()
    waits = max((_waiting(cost, client.budgets.get(name, Budget()), now) for name, cost in costs.items()), default=0.0)
    left = {name: client.budgets.get(name, Budget()).remaining for name in costs}
    return Forecast(source, expected, pace, earlier is not None, waits, left)


def duration(seconds: float) -> str:
    """Return a length of time as people say it: ``20 s``, ``4 min``, ``2 h 30 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h" + (f" {rest} min" if rest else "")


def _waiting(cost: int, budget: Budget, now: datetime) -> float:
    """Return the seconds until the limit has been renewed often enough for ``cost``."""
    if budget.remaining is None or cost <= budget.remaining:
        return 0.0
    limit = max(1, budget.limit or budget.remaining)
    renewals = math.ceil((cost - budget.remaining) / limit)
    until_first = max(0.0, (budget.reset_at - now).total_seconds()) if budget.reset_at else _WINDOW
    return until_first + (renewals - 1) * _WINDOW


def _pace_of_last_run(store: RawStore, source: str) -> float | None:
    row = store.con.execute(
        """
        select epoch(any_value(r.finished_at) - any_value(r.started_at)) / sum(s.requests)
        from raw.runs r join raw.run_streams s on s.run_id = r.run_id
        where r.source = ? and r.finished_at is not null
        group by r.run_id having sum(s.requests) >= ?
        order by max(r.started_at) desc limit 1
        """,
        [source, _ENOUGH],
    ).fetchone()
    return float(row[0]) if row and row[0] is not None else None
