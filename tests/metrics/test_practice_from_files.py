"""Patterns, criteria and verdicts about practice, worked by hand from the definitions, all the way from a file."""

from __future__ import annotations

import duckdb
import pytest

QUARTER = "2026Q2"


def pattern(con: duckdb.DuckDBPyConnection, team: str, name: str) -> tuple[object, ...]:
    """Return state, value and n of a pattern in the quarter."""
    rows = con.execute(
        "select state, round(value, 4), n from marts.confusion_patterns where period = ? and team = ? and pattern = ?",
        [QUARTER, team, name],
    ).fetchall()
    assert len(rows) == 1
    return tuple(rows[0])


@pytest.mark.parametrize(
    ("team", "state"), [("agenda-only", "too_few"), ("agenda-unplanned", "fires"), ("agenda-planned", "clear")]
)
def test_a_board_does_logistics_only_where_fewer_than_half_of_known_releases_have_a_plan(
    traps: duckdb.DuckDBPyConnection, team: str, state: str
) -> None:
    """All 30 items are of steps and timing; of releases 4 of 10 with a plan are fewer than half, 5 are not."""
    assert pattern(traps, team, "cab_does_release_logistics") == (state, 1.0, 30)


@pytest.mark.parametrize(("team", "state", "value"), [("meeting-once", "clear", 0.0), ("meeting-weekly", "fires", 1.0)])
def test_a_slot_in_which_all_was_decided_and_deployed_once_does_not_recur(
    traps: duckdb.DuckDBPyConnection, team: str, state: str, value: float
) -> None:
    """Twenty decisions and twenty deployments by one person: in one hour of one week, and in that hour of two."""
    assert pattern(traps, team, "one_meeting_for_both") == (state, value, 20)


@pytest.mark.parametrize(
    ("team", "state", "n"),
    [("stamp-same", "fires", 50), ("stamp-unknown", "too_few", 60), ("stamp-by-risk", "clear", 60)],
)
def test_whether_the_outcome_depends_on_risk_is_unknown_where_risk_is(
    traps: duckdb.DuckDBPyConnection, team: str, state: str, n: int
) -> None:
    """None of 50 declined is one outcome for all; 1 of 60 (1.7 %) may be the risky one; 1 of 30 high is 3.3 %."""
    assert pattern(traps, team, "rubber_stamp") == (state, 1.0, n)


def test_without_a_release_to_judge_nothing_is_said_of_every_release(
    traps: duckdb.DuckDBPyConnection,
) -> None:
    """One person decides on 20 after four days each, two minutes apart, and only puts an old version out again."""
    state, value, n = pattern(traps, "nothing-to-release", "review_meeting_for_every_release")
    assert (state, n) == ("too_few", 20)
    assert isinstance(value, float)
    assert value > 3


@pytest.mark.parametrize(("team", "holds"), [("risk-unstated", None), ("risk-low", True), ("risk-high", False)])
def test_low_risk_is_of_all_changes_and_unknown_where_too_many_state_none(
    traps: duckdb.DuckDBPyConnection, team: str, holds: bool | None
) -> None:
    """Of 100: 10 low and 90 unstated may be either; 95 low are 95 %; 6 high leave 94 at most."""
    rows = traps.execute(
        "select holds from marts.combine_criteria "
        "where scope = 'team' and name = ? and criterion = 'consistently low risk'",
        [team],
    ).fetchall()
    assert rows == [(holds,)]


@pytest.mark.parametrize(
    ("team", "condition", "value", "holds"),
    [
        ("mended", "failures are rolled back or fixed in the target time", 0.8, True),
        ("mended-late", "failures are rolled back or fixed in the target time", 0.7, False),
        ("matching", "artifacts match what was approved", 0.95, True),
        ("mismatched", "artifacts match what was approved", 0.9, False),
    ],
)
def test_a_condition_of_a_verdict_holds_at_its_limit_and_not_below(
    traps: duckdb.DuckDBPyConnection, team: str, condition: str, value: float, holds: bool
) -> None:
    """Exactly 24 h is within the target, a second more is not; 8 of 10, and 19 of 20 as approved, are the least."""
    rows = traps.execute(
        "select round(value, 4), holds from marts.verdict_conditions where period = ? and team = ? and condition = ?",
        [QUARTER, team, condition],
    ).fetchall()
    assert rows == [(value, holds)]


@pytest.mark.parametrize(
    ("team", "value", "holds"), [("conditioned-by-risk", 1.0, True), ("conditioned-alike", 0.0, False)]
)
def test_conditions_in_a_field_of_the_change_are_an_outcome_that_risk_may_change(
    traps: duckdb.DuckDBPyConnection, team: str, value: float, holds: bool
) -> None:
    """Twenty approvals of a minute each: conditions for all ten of high risk and none of low, or for all of both."""
    rows = traps.execute(
        "select round(value, 4), n, holds from marts.verdict_conditions "
        "where period = ? and team = ? and condition = 'risk changes the outcome or the handling'",
        [QUARTER, team],
    ).fetchall()
    assert rows == [(value, 10, holds)]
