"""Small tables of marks for the tests of drift: a team's weeks, written as rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

MONDAY = date(2025, 1, 6)
COLUMNS = ("team", "dimension", "stratum", "day", "n", "x")
Rate = Callable[[int], float]


def weekly(
    rate: float | Rate,
    *,
    team: str = "payments",
    dimension: str = "owners",
    stratum: str = "normal",
    weeks: int = 60,
    n: int | Callable[[int], int] = 20,
    start: date = MONDAY,
    skip: Sequence[int] = (),
) -> pd.DataFrame:
    """Return one day of marks a week, the Tuesday, whose count of x is the rounded expectation: no chance at all."""
    rows, owed = [], 0.0
    for week in range(weeks):
        if week in skip:
            continue
        count = n(week) if callable(n) else n
        owed += count * (rate(week) if callable(rate) else rate)
        x = min(max(round(owed), 0), count)
        owed -= x
        rows.append((team, dimension, stratum, start + timedelta(days=7 * week + 1), count, x))
    return table(*rows)


def table(*rows: tuple[str | None, str | None, str | None, date | None, int | None, int | None]) -> pd.DataFrame:
    """Return a table of marks."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return frame.astype({"n": "Int64", "x": "Int64"})


def drawn(
    rng: np.random.Generator, rate: float, *, teams: int, weeks: int, n: int, dimension: str = "owners"
) -> pd.DataFrame:
    """Return independent marks of many teams, five days a week."""
    days = [MONDAY + timedelta(days=7 * week + day) for week in range(weeks) for day in range(5)]
    counts = rng.poisson(n / 5, (teams, len(days)))
    hits = rng.binomial(counts, rate)
    return pd.DataFrame(
        {
            "team": np.repeat([f"team {k:03d}" for k in range(teams)], len(days)),
            "dimension": dimension,
            "stratum": "normal",
            "day": np.tile(pd.to_datetime(days).to_numpy(), teams),
            "n": counts.reshape(-1),
            "x": hits.reshape(-1),
        }
    )


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    """Return several tables as one."""
    return pd.concat(frames, ignore_index=True)


def step(before: float, after: float, at: int) -> Rate:
    """Return a rate that jumps."""
    return lambda week: after if week >= at else before
