"""Reading Jira over HTTP, against the imitation: budgets, paging, changes meanwhile, kills, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.jira import CONNECTOR
from ingest.jira_parse import CHANGELOG
from ingest.jira_search import jql
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.syncing import KilledError, killed_after, synced, tables
from tests.servers.jira import START, JiraImitation
from tests.servers.loopback import Answer, Loopback
from tests.staging import staged

RISK = {"id": "customfield_10005", "name": "Change risk", "custom": True, "schema": {"type": "option"}}


@pytest.fixture
def jira() -> JiraImitation:
    return JiraImitation(fields=[RISK])


@pytest.fixture
def server(jira: JiraImitation) -> Iterator[Loopback]:
    with jira.serve() as opened:
        yield opened


def filled(jira: JiraImitation, count: int, entries: int = 3) -> None:
    for number in range(1, count + 1):
        jira.add(number, customfield_10005={"value": "High"})
        for entry in range(entries):
            jira.record(number, START + timedelta(minutes=number + entry), "status", "待审批", "已批准")


def keys(store: RawStore) -> set[str]:
    return {row["key"] for row in staged(store, "jira", "issue")}


def test_a_thousand_issues_take_fifteen_requests_and_lose_nothing(
    jira: JiraImitation, server: Loopback, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The budget, with one issue of 300 history entries, which an inline changelog would cut at 40."""
    filled(jira, 1000)
    for entry in range(297):
        jira.record(500, START + timedelta(days=1, seconds=entry), "status", "已批准", "待审批")
    outcome = synced(CONNECTOR, server, store, fixed_clock)
    assert outcome.failures == []
    assert len(server.asked) <= 15
    assert len(keys(store)) == 1000
    moves = [row for row in staged(store, "jira", "event") if row["verb"] == "status_changed"]
    assert len(moves) == 999 * 3 + 300
    assert sum(row["subject_key"] == "10500" for row in moves) == 300
    assert {row["risk"] for row in staged(store, "jira", "issue")} == {"High"}


def test_an_idle_poll_is_four_requests(
    jira: JiraImitation, server: Loopback, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Who we are, the field list, the statuses, one empty search."""
    filled(jira, 3)
    synced(CONNECTOR, server, store, fixed_clock)
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock)
    assert len(server.asked) == 4


def test_only_what_changed_is_asked_about_again(
    jira: JiraImitation, server: Loopback, store: RawStore, fixed_clock: FixedClock
) -> None:
    """One edited issue costs a search page and a bulk changelog; stored are it, its links' state and the new entry."""
    filled(jira, 250)
    synced(CONNECTOR, server, store, fixed_clock)
    server.asked.clear()
    jira.now += timedelta(hours=1)
    jira.touch(7, jira.now - timedelta(minutes=1), customfield_10005={"value": "Low"})
    outcome = synced(CONNECTOR, server, store, fixed_clock)
    assert len(server.asked) == 5
    assert outcome.total("stored") == 3
    row = next(row for row in staged(store, "jira", "issue") if row["key"] == "10007")
    assert row["risk"] == "Low"


@pytest.mark.parametrize("is_cloud", [True, False])
def test_what_changes_between_pages_is_not_lost(
    is_cloud: bool, server: Loopback, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Issues edited, added and deleted while pages are read; every issue that stays is there in the end."""
    jira.is_cloud = is_cloud
    filled(jira, 450, entries=0)

    def meanwhile(state: JiraImitation, page: int) -> None:
        if page == 1:
            state.touch(3, state.now)
            state.add(900, updated=state.now)
        if page == 2:
            for number in (1, 2, 50, 99, 100, 199):
                state.delete(number)

    jira.between = meanwhile
    outcome = synced(CONNECTOR, server, store, fixed_clock, deployment="cloud" if is_cloud else "data_center")
    assert outcome.failures == []
    assert {str(10_000 + number) for number in jira.issues} <= keys(store)


def test_a_page_of_deletions_is_read_again_from_further_up(
    server: Loopback, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """On Data Center a whole page of issues deleted behind us moves the rest up past our place."""
    jira.is_cloud = False
    filled(jira, 350, entries=0)

    def meanwhile(state: JiraImitation, page: int) -> None:
        if page == 2:
            for number in range(1, 181):
                state.delete(number)

    jira.between = meanwhile
    synced(CONNECTOR, server, store, fixed_clock, deployment="data_center")
    assert {str(10_000 + number) for number in jira.issues} <= keys(store)


@pytest.mark.parametrize(
    ("is_cloud", "pages"), [*((True, pages) for pages in range(11)), *((False, pages) for pages in range(8))]
)
def test_a_killed_sync_goes_on_where_it_stopped(
    is_cloud: bool, pages: int, server: Loopback, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Killed at any page boundary and run again, the tables are those of a sync that was never killed."""
    jira.is_cloud, jira.bulk_page = is_cloud, 400
    deployment = "cloud" if is_cloud else "data_center"
    filled(jira, 320)
    for number in (4, 5):
        for entry in range(30):
            jira.comment(number, START + timedelta(hours=entry), f"comment {entry}")
    undo = killed_after(store, pages)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock, deployment=deployment)
    undo()
    assert synced(CONNECTOR, server, store, fixed_clock, deployment=deployment).failures == []
    with RawStore(store.path.parent / "whole.duckdb") as whole:
        synced(CONNECTOR, server, whole, fixed_clock, deployment=deployment)
        assert tables(store, "jira") == tables(whole, "jira")
        assert whole.count(CHANGELOG) == 960
