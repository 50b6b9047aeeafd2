"""Levels and the index: intervals, trailing windows, half of the weight, limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift.assessment import MOVING, DriftSettings, assess
from models.drift.levels import wilson
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS
from tests.models.drift_tables import step, together, weekly


def test_wilson_agrees_with_the_published_example() -> None:
    """15 of 148: 0.0624 to 0.1605 (Newcombe 1998, method 3)."""
    low, high = wilson(np.array([15.0]), np.array([148.0]), np.array([1.0]))
    assert (round(float(low[0]), 4), round(float(high[0]), 4)) == (0.0624, 0.1605)


@given(st.integers(0, 200), st.integers(1, 200), st.floats(1, 20))
def test_an_interval_holds_its_rate_and_widens_with_dispersion(x: int, n: int, dispersion: float) -> None:
    """Counts that vary more than independent ones know less."""
    x = min(x, n)
    plain, wide = (wilson(np.array([float(x)]), np.array([float(n)]), np.array([d])) for d in (1.0, dispersion))
    assert 0 <= wide[0][0] <= x / n <= wide[1][0] <= 1
    assert wide[1][0] - wide[0][0] >= plain[1][0] - plain[0][0] - 1e-9


def levels(marks: pd.DataFrame, dimension: str, **more: object) -> pd.DataFrame:
    found = assess(marks, **more).levels  # type: ignore[arg-type]
    return found[found["dimension"] == dimension].reset_index(drop=True)


def test_a_level_is_the_share_over_the_trailing_weeks() -> None:
    """Thirteen weeks, ended by the Sunday that is shown."""
    rows = levels(weekly(step(0.0, 1.0, 30), n=10), "owners")
    at = rows.set_index("week_end")["level"]
    assert at.iloc[29] == 0
    assert at.iloc[30 + 6] == pytest.approx(7 / 13)
    assert at.iloc[30 + 12] == 1
    assert (rows["n"].iloc[12:] == 130).all()
    assert (rows["week_end"].dt.day_name() == "Sunday").all()


def test_censored_weeks_are_left_out_of_levels() -> None:
    """A silent source does not lower a level, nor raise it."""
    marks = weekly(lambda week: 1.0 if week == 20 else 0.2, n=10)
    week = pd.to_datetime(marks["day"]).iloc[20] - pd.Timedelta(days=1)
    gate = pd.DataFrame({"team": ["payments"], "week": [week]})
    assert levels(marks, "owners", gate=gate)["level"].max() < 0.25
    assert levels(marks, "owners")["level"].max() > 0.25


def test_the_index_is_the_weighted_mean_of_what_is_observed() -> None:
    """Weights of dimensions without marks are shared out; what is observed is shown."""
    marks = together(
        weekly(0.2, dimension="act", n=50), weekly(0.4, dimension="owners", n=50), weekly(0.6, dimension="order", n=50)
    )
    last = levels(marks, "index").iloc[-1]
    assert last["weight_observed"] == pytest.approx(0.5)
    assert last["level"] == pytest.approx((0.2 * 0.2 + 0.15 * 0.4 + 0.15 * 0.6) / 0.5, abs=0.01)
    assert last["low"] < last["level"] < last["high"]


def test_no_index_below_half_of_the_weight() -> None:
    """An index of a part is not the index."""
    rows = levels(together(weekly(0.2, dimension="act"), weekly(0.4, dimension="owners")), "index")
    assert rows["level"].isna().all()
    assert rows["weight_observed"].iloc[-1] == pytest.approx(0.35)


def test_weights_are_configuration() -> None:
    """An organisation may weigh dimensions its own way; the default weights add up to one."""
    assert sum(dimension.weight for dimension in DIMENSIONS) == pytest.approx(1)
    marks = weekly(0.3, dimension="batch")
    only = DriftSettings(weights={"batch": 1.0})
    assert levels(marks, "index", settings=only)["level"].iloc[-1] == pytest.approx(0.3, abs=0.02)
    with pytest.raises(ValueError, match="unknown dimension mood"):
        DriftSettings(weights={"mood": 1.0})
    with pytest.raises(ValueError, match="above 0"):
        DriftSettings(weights=dict.fromkeys(DIMENSION_NAMES, 0.0))


def test_an_index_outside_its_limits_without_an_alarm_is_moving() -> None:
    """Several small rises, none of them a drift, still move the index out of its routine."""
    names = ("owners", "act", "order", "bare_decision", "governance_agenda")
    marks = together(*(weekly(step(0.2, 0.24, 50), dimension=name, n=100) for name in names))
    found = assess(marks).findings.iloc[0]
    assert found["state"] == MOVING
    assert found["index"] > found["index_limit_high"]
    assert found["sentence"].startswith("payments' index is above the limits of its baseline")
    assert "but no dimension has drifted" in found["sentence"]
