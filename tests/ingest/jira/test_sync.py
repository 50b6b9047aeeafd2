"""Reading Jira over HTTP, against the imitation: budgets, paging, changes meanwhile, kills, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.jira.connector import CONNECTOR
from ingest.jira.parse import CHANGELOG, COMMENTS, ISSUES
from ingest.jira.search import jql
from ingest.source import Surroundings
from ingest.store import RawStore
from ingest.sync import sync
from models.settings import SourceSettings
from tests.conftest import FixedClock
from tests.ingest.jira.factories import BEN, approval
from tests.ingest.syncing import KilledError, killed_after, synced, tables
from tests.servers.base import Answer
from tests.servers.jira import START, JiraImitation
from tests.servers.responding import Responding, to
from tests.staging import staged

RISK = {"id": "customfield_10005", "name": "Change risk", "custom": True, "schema": {"type": "option"}}


@pytest.fixture
def jira() -> JiraImitation:
    return JiraImitation(fields=[RISK])


@pytest.fixture
def server(jira: JiraImitation) -> Iterator[Responding]:
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
    jira: JiraImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
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
    jira: JiraImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Who we are, the field list, the statuses, one empty search."""
    filled(jira, 3)
    synced(CONNECTOR, server, store, fixed_clock)
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock)
    assert len(server.asked) == 4


def test_only_what_changed_is_asked_about_again(
    jira: JiraImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
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
    is_cloud: bool, server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
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
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
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


def busy(jira: JiraImitation) -> None:
    """Fill it with enough for several pages of each kind."""
    filled(jira, 320)
    for number in (4, 5):
        for entry in range(30):
            jira.comment(number, START + timedelta(hours=entry), f"comment {entry}")


def deployment(is_cloud: bool) -> str:
    return "cloud" if is_cloud else "data_center"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, dict[str, list[tuple[object, ...]]]]:
    """What the tables hold after a sync that nobody killed, by whether it was Cloud."""
    found = {}
    for is_cloud in (True, False):
        state = JiraImitation(is_cloud=is_cloud, fields=[RISK], bulk_page=400)
        busy(state)
        folder = tmp_path_factory.mktemp("whole")
        with state.serve() as server, RawStore(folder / "store.duckdb") as store:
            synced(CONNECTOR, server, store, FixedClock(), deployment=deployment(is_cloud))
            assert (store.count(ISSUES), store.count(CHANGELOG), store.count(COMMENTS)) == (320, 960, 60)
            found[is_cloud] = tables(store, "jira")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_cloud", "pages"), [*((True, pages) for pages in range(11)), *((False, pages) for pages in range(8))]
)
def test_a_killed_sync_goes_on_where_it_stopped(
    is_cloud: bool,
    pages: int,
    server: Responding,
    jira: JiraImitation,
    store: RawStore,
    fixed_clock: FixedClock,
    undisturbed: dict[bool, dict[str, list[tuple[object, ...]]]],
) -> None:
    """Killed at any page boundary and run again, the tables are those of a sync that was never killed."""
    jira.is_cloud, jira.bulk_page = is_cloud, 400
    busy(jira)
    undo = killed_after(store, pages)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock, deployment=deployment(is_cloud))
    undo()
    server.asked.clear()
    assert synced(CONNECTOR, server, store, fixed_clock, deployment=deployment(is_cloud)).failures == []
    assert tables(store, "jira") == undisturbed[is_cloud]


def test_a_continued_sync_does_not_read_the_pages_it_has(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The cursor is kept per page: after three of four pages one is left."""
    filled(jira, 350, entries=0)
    undo = killed_after(store, 5)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock)
    undo()
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/search/jql")) == 1


def test_an_expired_token_begins_the_window_again(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Tokens live seven days; a sync that was killed longer ago reads its window from the beginning."""
    filled(jira, 250, entries=0)
    undo = killed_after(store, 3)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock)
    undo()
    refusal = Answer({"errorMessages": ["The nextPageToken is invalid or has expired."]}, 400)
    server.fail(refusal, matches=lambda asked: bool(asked.body and asked.body.get("nextPageToken")))
    assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    assert len(keys(store)) == 250


def test_one_unreadable_issue_does_not_hide_the_changelogs_of_the_others(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Jira refuses a whole batch for one id; it is found by halving, set aside with the reason, the rest is kept."""
    filled(jira, 40)
    jira.unreadable = {17}
    assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    assert store.count(CHANGELOG) == 39 * 3
    ((key, reason),) = store.con.execute("select record_key, reason from raw.rejected").fetchall()
    assert key == "10017"
    assert "does not exist or you do not have permission" in reason


def test_comments_beyond_the_first_twenty_are_fetched(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """An issue brings some of its comments; the rest costs a request for that issue alone."""
    filled(jira, 5, entries=0)
    for entry in range(35):
        jira.comment(3, START + timedelta(hours=entry), f"comment {entry}")
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/comment")) == 1
    texts = [row["text"] for row in staged(store, "jira", "event") if row["verb"] == "commented"]
    assert sorted(texts) == sorted(f"comment {entry}" for entry in range(35))


APPROVALS_FIELD = {
    "id": "customfield_10033",
    "name": "Approvals",
    "custom": True,
    "schema": {"type": "sd-approvals", "custom": "com.atlassian.servicedesk.approvals-plugin:sd-approvals"},
}


def test_approvals_are_asked_for_once_per_change_of_their_state(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """One request per change whose approvals changed; none for other edits, other issue types or without approvals."""
    jira.fields.append(APPROVALS_FIELD)
    for number, kind in ((1, "Change"), (2, "Change"), (3, "Task")):
        jira.add(number, issuetype={"name": kind}, customfield_10033=[{"id": "1", "finalDecision": "pending"}])
        jira.approvals[number] = [approval(1, (BEN, "pending"))]
    jira.add(4, customfield_10033=None)
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/approval")) == 2
    jira.now += timedelta(hours=1)
    jira.touch(1, jira.now, customfield_10033=[{"id": "1", "finalDecision": "approved"}])
    jira.approvals[1] = [approval(1, (BEN, "approved"), decision="approved", completed="2026-07-01T21:00:00+0800")]
    jira.touch(2, jira.now, summary="another title")
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock)
    assert [asked.path for asked in server.asked if "/approval" in asked.path] == [
        "/rest/servicedeskapi/request/10001/approval"
    ]
    rows = staged(store, "jira", "decision")
    assert [(r["change_key"], r["verdict"], r["decided_at"]) for r in rows] == [
        ("10001", "approved", datetime(2026, 7, 1, 13))
    ]


def test_where_the_approvals_field_is_hidden_a_status_move_asks(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Without the field a change in a service project is asked about whenever its status is another."""
    jira.add(1, project={"key": "CHG", "projectTypeKey": "service_desk"})
    jira.approvals[1] = [approval(1, (BEN, "pending"))]
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/approval")) == 1
    jira.now += timedelta(hours=1)
    jira.touch(1, jira.now, summary="another title")
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/approval")) == 1
    jira.now += timedelta(hours=1)
    jira.touch(1, jira.now, status={"id": "11", "name": "已批准"})
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/approval")) == 2


def test_a_change_that_is_no_request_is_done_without_an_answer(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A 404 for one issue ends nothing and is not asked again."""
    for number in (1, 2):
        jira.add(number, project={"key": "CHG", "projectTypeKey": "service_desk"})
    jira.approvals[2] = [approval(1, (BEN, "pending"))]
    assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    synced(CONNECTOR, server, store, fixed_clock)
    assert server.count(to("/approval")) == 2
    assert [row["subject_key"] for row in staged(store, "jira", "event")] == ["10002"]


def test_a_rate_limit_is_waited_out_as_jira_asks(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A 429 with its reason and time costs the wait and nothing else."""
    filled(jira, 150)
    limited = {"Retry-After": "37", "RateLimit-Reason": "jira-burst-based", "X-RateLimit-Remaining": "0"}
    server.fail(Answer({"errorMessages": ["Too many"]}, 429, limited), matches=to("search"))
    assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    assert len(keys(store)) == 150
    assert any(37 <= seconds < 40 for seconds in fixed_clock.slept)


@pytest.mark.parametrize("answer", [Answer({"errorMessages": ["?"]}), Answer(b"<html>maintenance</html>")])
def test_an_answer_that_is_no_page_moves_no_mark(
    answer: Answer, server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """What cannot be read must not pass for 'nothing new': the stream fails and the next sync reads it all."""
    filled(jira, 20, entries=0)
    server.fail(answer, times=10, matches=to("search"))
    assert len(synced(CONNECTOR, server, store, fixed_clock).failures) == 1
    assert store.watermark("here", ISSUES, "*") == (None, None)
    server.faults.clear()
    assert synced(CONNECTOR, server, store, fixed_clock).failures == []
    assert len(keys(store)) == 20


def test_a_project_added_later_is_read_from_the_beginning(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The mark belongs to the projects it was set for; old issues of a new project are not behind it."""
    jira.add(1)
    jira.add(2, key="OPS-1")
    synced(CONNECTOR, server, store, fixed_clock, projects=["CHG"])
    assert keys(store) == {"10001"}
    synced(CONNECTOR, server, store, fixed_clock, projects=["CHG", "OPS"])
    assert keys(store) == {"10001", "10002"}


def test_the_token_is_nowhere_in_the_store(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It travels in a header and is kept by nobody; who we were is."""
    monkeypatch.setenv("JIRA_TOKEN", "planted-secret-value")
    filled(jira, 2)
    synced(CONNECTOR, server, store, fixed_clock, user="auditor@example.com", token="env:JIRA_TOKEN")
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert store.con.execute("select principal from raw.runs").fetchall() == [("Auditor",)]
    store.con.execute("checkpoint")
    assert b"planted-secret-value" not in store.path.read_bytes()


def test_a_window_begins_in_the_accounts_own_time() -> None:
    """JQL compares wall-clock minutes of the account; ten minutes of overlap are added."""
    text = jql(("CHG",), datetime(2026, 7, 1, 4, 0, 30, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    assert text == 'project in ("CHG") AND updated >= "2026-07-01 11:50" ORDER BY key ASC'


def test_an_hour_that_comes_twice_is_read_from_before_it() -> None:
    """On 25 October 2026 02:30 comes twice in Berlin and JQL cannot say which; neither is taken."""
    text = jql((), datetime(2026, 10, 25, 0, 45, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert text == 'updated >= "2026-10-25 00:35" ORDER BY key ASC'


def test_an_unknown_time_zone_widens_the_window() -> None:
    """Where the account's zone is not stated the window begins early enough for any."""
    text = jql((), datetime(2026, 7, 2, 12, 0, tzinfo=UTC), ZoneInfo("UTC"), is_zone_known=False)
    assert text == 'updated >= "2026-07-01 09:50" ORDER BY key ASC'


def test_since_reads_again_from_then_on(
    server: Responding, jira: JiraImitation, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The user's --since asks for issues behind the mark, and for their changelogs."""
    filled(jira, 30)
    synced(CONNECTOR, server, store, fixed_clock)
    server.asked.clear()
    fixed_clock.sleep(60)
    source = SourceSettings(type="jira", name="here", base_url=server.url)
    since = START + timedelta(minutes=20)
    sync([source], {"jira": CONNECTOR}, Surroundings(store, since=since, clock=fixed_clock.clock))
    asked = next(asked for asked in server.asked if "search" in asked.path)
    assert 'updated >= "2026-06-01 16:10"' in asked.body["jql"]
    bulk = next(asked for asked in server.asked if "bulkfetch" in asked.path)
    assert set(bulk.body["issueIdsOrKeys"]) == {str(10_000 + number) for number in range(20, 31)}
