"""The definitions' traps by their own numbers, all the way: records in a file, an import, a build, a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from models.metric import MetricValue
from sql.aggregate import Filter, value
from tests.metrics.organisations import Records, write
from tests.metrics.real import load

START = datetime(2026, 3, 1, 9)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Ask = Callable[[str, str], MetricValue]


def deploy(records: Records, service: str, day: int, **more: object) -> str:
    """Deploy a new version to production on a day of March 2026."""
    at = START + day * DAY
    fields = {"environment": "production", "version": f"v{day}", "status": "success"} | more
    key = f"{service}-{day}-{fields['environment']}"
    return records.add("deployment", key, service=service, started_at=at, finished_at=at + 10 * MINUTE, **fields)


def fail(records: Records, service: str, day: int, times: int) -> None:
    """Open incidents in the hours after the deployment of a day."""
    for number in range(times):
        opened = START + day * DAY + HOUR + number * MINUTE
        records.add("incident", f"{service}-{day}-{number}", service=service, created_at=opened)


def fill(records: Records) -> None:
    """One service for each trap."""
    for service, deployments, incidents in (
        ("ten", 10, {3: 2}),
        ("twenty", 20, {4: 20}),
        ("twenty-three", 23, {1: 1, 6: 2, 10: 1, 19: 2}),
    ):
        for day in range(deployments):
            deploy(records, service, day)
        for day, times in incidents.items():
            fail(records, service, day, times)
    deploy(records, "none", 0, environment="production-like")
    fail(records, "none", 0, 1)
    review(records, "old", merged_at=START - 210 * DAY)
    deploy(records, "old", 0, version=None, revision="old-merge")
    decided = {"change_key": "old", "verdict": "commented"}
    records.add(
        "decision", "by-bot", decided_at=START - 210 * DAY, decided_by="ci-bot", decided_by_type="bot", **decided
    )
    for component in ("db1", "db2", "db3"):
        for change in ("one", "other"):
            window(records, change, component)


def review(records: Records, key: str, merged_at: datetime) -> None:
    """Merge a pull request of the service of that name, opened an hour before."""
    records.add(
        "change", key, record_type="pull_request", service=key, requested_by="ann", requested_by_type="human",
        created_at=merged_at - HOUR, merged_at=merged_at, merge_revision=f"{key}-merge", state="merged",
    )  # fmt: skip


def window(records: Records, change: str, component: str) -> None:
    """Give one row of an export that repeats each change per component."""
    records.add(
        "window", f"{change}-{component}", kind="change", change_key=change, service="windows", component=component,
        planned_start_at=START, planned_end_at=START + HOUR,
    )  # fmt: skip


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of all traps side by side."""
    home: Path = tmp_path_factory.mktemp("traps")
    records = Records()
    fill(records)
    with duckdb.connect(str(load(home, write(records, home / "files"))), read_only=True) as opened:
        yield opened


@pytest.fixture
def ask(con: duckdb.DuckDBPyConnection) -> Ask:
    return lambda metric, service: value(con, metric, Filter(services=(service,)))[0]


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


def test_a_change_repeated_per_component_is_counted_as_one_change_in_conflict(con: duckdb.DuckDBPyConnection) -> None:
    """Three components, three pairs of rows, two changes."""
    counts = con.execute(
        "select scope_pairs, changes_in_conflict from marts.overlap_counts "
        "where basis = 'planned' and scope = 'component'"
    ).fetchall()
    assert counts == [(3, 2)]
