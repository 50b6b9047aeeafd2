"""The definitions' traps by their own numbers, all the way: records in a file, an import, a build, a value."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from models.metric import MetricValue
from sql.aggregate import Filter, value

Ask = Callable[[str, str], MetricValue]


@pytest.fixture
def ask(traps: duckdb.DuckDBPyConnection) -> Ask:
    return lambda metric, service: value(traps, metric, Filter(services=(service,)))[0]


@pytest.mark.parametrize(
    ("service", "failed", "deployments"), [("ten", 1, 10), ("twenty", 1, 20), ("twenty-three", 4, 23)]
)
def test_several_incidents_on_one_deployment_are_one_failure(
    ask: Ask, service: str, failed: int, deployments: int
) -> None:
    """Two on one of ten are 0.10, twenty on one of twenty 0.05, six on four of twenty-three 17.4 %."""
    found = ask("change_failure_rate", service)
    assert (found.numerator, found.denominator) == (failed, deployments)
    assert found.value == failed / deployments


def test_without_deployments_the_rate_is_undefined_and_a_name_like_production_is_not_production(ask: Ask) -> None:
    """Null with its reason, never 0 %."""
    found = ask("change_failure_rate", "none")
    assert (found.value, found.denominator) == (None, 0)
    assert found.note.startswith("undefined")


def test_a_change_merged_before_the_first_known_deployment_has_no_lead_time(ask: Ask) -> None:
    """It is left out as unknown, and is not 30 weeks."""
    found = ask("lead_time_from_merge", "old")
    assert (found.value, found.denominator) == (None, 0)
    assert found.excluded == {"first deployment seen of the service: backlog, unknown": 1}


def test_a_bots_comment_is_no_first_response(ask: Ask) -> None:
    """Nobody answered, so there is no time to answer."""
    assert ask("first_response_time", "old").value is None


def test_a_change_repeated_per_component_is_counted_as_one_change_in_conflict(traps: duckdb.DuckDBPyConnection) -> None:
    """Three components, three pairs of rows, two changes."""
    counts = traps.execute(
        "select scope_pairs, changes_in_conflict from marts.overlap_counts "
        "where basis = 'planned' and scope = 'component'"
    ).fetchall()
    assert counts == [(3, 2)]
