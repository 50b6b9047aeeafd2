"""Cadence and decision value: context, never drift."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from models.drift.context import decision_value, synchrony

MONDAY = datetime(2025, 1, 6)


def acts(times: list[tuple[str, datetime]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"team": "payments", "track": [track for track, _ in times], "occurred_at": [at for _, at in times]}
    )


def at(week: int, day: int, hour: float) -> datetime:
    return MONDAY + timedelta(weeks=week, days=day, hours=hour)


def test_two_processes_that_act_in_the_same_hour_are_in_step() -> None:
    """One act for both, on a day that changes: only going together explains it."""
    rng = np.random.default_rng(1)
    times = []
    for week in range(20):
        hour, day = float(rng.integers(8, 18)), int(rng.integers(0, 5))
        times += [("change_governance", at(week, day, hour)), ("release_execution", at(week, day, hour + 0.3))]
    row = synchrony(acts(times)).iloc[0]
    assert row["together"] == 1
    assert row["expected"] == pytest.approx(0.2)
    assert row["excess"] == pytest.approx(0.8)


def test_a_shared_habit_is_not_being_in_step() -> None:
    """Both work at ten, each on its own day: that is a habit, and is expected."""
    rng = np.random.default_rng(2)
    times = [("change_governance", at(week, int(rng.integers(0, 5)), 10)) for week in range(300)]
    times += [("release_execution", at(week, int(rng.integers(0, 5)), 10)) for week in range(300)]
    assert synchrony(acts(times)).iloc[0]["excess"] == pytest.approx(0, abs=0.06)


def test_daily_delivery_is_not_being_in_step() -> None:
    """Decisions and deployments in every working hour: nothing can be told from their meeting."""
    times = [(track, at(week, day, hour)) for track in ("change_governance", "release_execution")
             for week in range(4) for day in range(5) for hour in range(9, 17)]  # fmt: skip
    row = synchrony(acts(times)).iloc[0]
    assert (row["together"], row["excess"]) == (1, pytest.approx(0))


def test_a_process_without_acts_has_no_synchrony() -> None:
    """Unknown is not zero."""
    row = synchrony(acts([("change_governance", at(0, 0, 9))])).iloc[0]
    assert (row["decisions"], row["deployments"]) == (1, 0)
    assert np.isnan(row["excess"])


def decided(*rows: tuple[str | None, str, int]) -> pd.DataFrame:
    return pd.DataFrame([("payments", *row) for row in rows], columns=["team", "risk", "outcome", "n"])


def test_risk_that_decides_alone_has_value_one() -> None:
    """High risk is always conditioned, low never."""
    row = decision_value(decided(("low", "approved", 50), ("high", "conditional", 50))).iloc[0]
    assert row["value"] == pytest.approx(1)


def test_risk_that_makes_no_difference_has_value_zero() -> None:
    """The same shares whatever the risk; chance alone is taken off."""
    rng = np.random.default_rng(3)
    values = []
    for _ in range(200):
        low, high = rng.binomial(15, 0.3), rng.binomial(15, 0.3)
        rows = decided(
            ("low", "rejected", low),
            ("low", "approved", 15 - low),
            ("high", "rejected", high),
            ("high", "approved", 15 - high),
        )
        values.append(decision_value(rows).iloc[0]["value"])
    assert np.nanmean(values) == pytest.approx(0, abs=0.02)


def test_where_everything_is_approved_nothing_depends_on_risk() -> None:
    """No outcome differs: there is no value to state, and it is not zero."""
    row = decision_value(decided(("low", "approved", 50), ("high", "approved", 50))).iloc[0]
    assert row["n"] == 100
    assert np.isnan(row["value"])


def test_unknown_risk_is_left_out() -> None:
    """A risk nobody stated cannot have decided anything."""
    row = decision_value(decided(("low", "approved", 5), ("high", "rejected", 5), (None, "approved", 100))).iloc[0]
    assert row["n"] == 10
