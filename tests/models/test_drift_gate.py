"""The source gate: what is a gap in the data, and what is a team's own doing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.drift.gate import silent_weeks
from tests.models.drift_tables import MONDAY

WEEKS = 70


def source(
    kept: dict[str, Callable[[int], float]], *, changes: int = 30, seed: int = 5, weeks: int = WEEKS
) -> pd.DataFrame:
    """Return the weekly activity of the teams of one source; ``kept`` is the share of decisions that arrives."""
    rng = np.random.default_rng(seed)
    rows = []
    for team, share in kept.items():
        for week in range(weeks):
            count = int(rng.poisson(changes))
            rows.append(
                ("github", team, MONDAY + timedelta(weeks=week), count, int(rng.binomial(2 * count, 0.6 * share(week))))
            )
    return pd.DataFrame(rows, columns=["source", "team", "week", "changes", "decisions"])


def weeks_of(gate: pd.DataFrame, team: str) -> list[int]:
    return [(week.date() - MONDAY).days // 7 for week in gate.loc[gate["team"] == team, "week"]]


def fine(_: int) -> float:
    return 1.0


def between(first: int, last: int, share: float) -> Callable[[int], float]:
    return lambda week: share if first <= week < last else 1.0


def test_a_silent_source_is_a_gap_for_all_of_its_teams() -> None:
    """Five weeks without a decision, named with what was expected."""
    gate = silent_weeks(source(dict.fromkeys(("payments", "search", "web"), between(40, 45, 0.0))))
    for team in ("payments", "search", "web"):
        assert weeks_of(gate, team) == [40, 41, 42, 43, 44]
    assert gate["reason"].iloc[0].startswith("github brought 0 decisions for ")
    assert gate["reason"].iloc[0].endswith(" expected")


def test_a_team_that_stops_asking_is_not_a_gap() -> None:
    """Four in ten changes without a decision, and the source's other teams are as ever: its own doing."""
    gate = silent_weeks(source({"payments": between(40, WEEKS, 0.6), "search": fine, "web": fine}))
    assert weeks_of(gate, "payments") == []
    assert gate.empty


def test_a_team_of_which_nothing_arrives_is_a_gap_whatever_the_others_show() -> None:
    """A renamed field in one project: nobody stops deciding altogether from one week to the next."""
    gate = silent_weeks(source({"payments": between(40, WEEKS, 0.0), "search": fine, "web": fine}))
    assert weeks_of(gate, "payments") == list(range(40, WEEKS))
    assert set(gate["team"]) == {"payments"}


def test_a_lasting_loss_of_a_third_is_found_over_several_weeks() -> None:
    """Too little for one week, but it lasts and all teams show it."""
    gate = silent_weeks(source(dict.fromkeys(("payments", "search", "web"), between(40, WEEKS, 0.65))))
    found = weeks_of(gate, "payments")
    assert len(found) >= 25
    assert min(found) in range(38, 43)


def test_a_team_alone_on_its_source_is_judged_by_itself() -> None:
    """With nobody to compare with, a fall beyond a quarter is taken for a gap."""
    gate = silent_weeks(source({"payments": between(40, 46, 0.3)}))
    assert set(range(40, 46)) <= set(weeks_of(gate, "payments"))


def test_another_teams_bypass_is_no_gap_of_mine() -> None:
    """Of two teams one stops asking: the other, whose decisions arrive, is not censored."""
    gate = silent_weeks(source({"payments": fine, "search": between(40, WEEKS, 0.4)}))
    assert weeks_of(gate, "payments") == []


def test_a_quiet_season_is_no_gap() -> None:
    """Few changes bring few decisions: it is decisions per change that count."""
    rng = np.random.default_rng(9)
    activity = source(dict.fromkeys(("payments", "search"), fine))
    quiet = (activity["week"] >= MONDAY + timedelta(weeks=50)) & (activity["week"] < MONDAY + timedelta(weeks=54))
    activity.loc[quiet, "changes"] = 3
    activity.loc[quiet, "decisions"] = rng.binomial(6, 0.6, int(quiet.sum()))
    assert silent_weeks(activity).empty


def test_steady_sources_are_hardly_ever_censored() -> None:
    """Forty sources, more than two thousand team-weeks: chance alone gates fewer than one in five hundred."""
    gated = [len(silent_weeks(source(dict.fromkeys(("a", "b"), fine), changes=6, seed=seed))) for seed in range(40)]
    assert sum(gated) <= 40 * 2 * WEEKS / 500


@pytest.mark.parametrize("rows", [[], [("github", "payments", None, 3, 4)]], ids=["no rows", "no week"])
def test_nothing_known_gates_nothing(rows: list[tuple[object, ...]]) -> None:
    """Without activity there is no gap to state."""
    activity = pd.DataFrame(rows, columns=["source", "team", "week", "changes", "decisions"])
    assert silent_weeks(activity).empty
