"""Reading GitLab over HTTP, against the imitation: paging by update, what hangs on records, kills, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ingest.gitlab.connector import CONNECTOR
from ingest.gitlab.lists import Project, updated_pages
from ingest.gitlab.parse import JOBS, MERGE_REQUESTS, parse_merge_requests
from ingest.http import Client
from ingest.items import Item
from ingest.source import Position
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.syncing import KilledError, killed_after, synced, tables
from tests.servers.base import Answer
from tests.servers.gitlab import PATH, START, GitLabImitation, pipeline, user
from tests.servers.responding import Responding, to
from tests.staging import staged

PROJECTS = [PATH]


@pytest.fixture
def gitlab() -> GitLabImitation:
    return GitLabImitation()


@pytest.fixture
def server(gitlab: GitLabImitation) -> Iterator[Responding]:
    with gitlab.serve() as opened:
        yield opened


def filled(gitlab: GitLabImitation, count: int) -> None:
    for iid in range(1, count + 1):
        gitlab.merge_request(iid)
        commit = {"id": f"{iid:040x}", "message": "Work", "authored_date": START, "committed_date": START}
        gitlab.commits[iid] = [{**commit, "author_email": "anna@example.com"}]
        gitlab.note(iid, iid, "approved this merge request")
        gitlab.approved_by[iid] = [{"user": user("ben")}]


def test_everything_of_a_project_is_read(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Merge requests with what hangs on them, deployments with pipeline and jobs, releases and issues."""
    filled(gitlab, 3)
    gitlab.deployment(1)
    gitlab.issues[1] = {"id": 1, "iid": 1, "project_id": 7, "state": "opened", "created_at": START, "updated_at": START}
    gitlab.releases = [{"tag_name": "v1", "created_at": START, "released_at": START}]
    outcome = synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    assert outcome.failures == []
    kinds = ("change", "commit", "decision", "deployment", "run", "run_step", "release", "issue")
    assert {kind: len(staged(store, "gitlab", kind)) for kind in kinds} == {
        "change": 3,
        "commit": 3,
        "decision": 3,
        "deployment": 1,
        "run": 1,
        "run_step": 1,
        "release": 1,
        "issue": 1,
    }
    (run,) = staged(store, "gitlab", "run")
    assert (run["triggered_by"], run["finished_at"] is not None) == ("anna", True)
    (change,) = (row for row in staged(store, "gitlab", "change") if row["key"] == "7!2")
    assert (change["labels"], change["stakeholders"], change["title"]) == ("risk::high|web", "ben", "Change 2 変更")


def test_an_idle_poll_is_a_request_per_list(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The project's number, merge requests, deployments, pipelines, releases, issues: nothing hangs on what rests."""
    filled(gitlab, 5)
    gitlab.deployment(1)
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    assert len(server.asked) == 6


def test_only_what_changed_is_asked_about_again(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A new note costs notes and approvals of that merge request; commits only when the head is another."""
    filled(gitlab, 8)
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    later = START + timedelta(days=1)
    gitlab.merge_requests[5] |= {"updated_at": later}
    gitlab.merge_requests[6] |= {"updated_at": later, "sha": "f" * 40}
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    hanging = sorted(
        asked.path.partition("merge_requests/")[2] for asked in server.asked if "merge_requests/" in asked.path
    )
    assert hanging == ["5/approvals", "5/notes", "6/approvals", "6/commits", "6/notes"]


def listed(server: Responding, store: RawStore) -> list[Item]:
    """Return the merge requests of all pages in the order in which they came."""
    project = Project("here", Client(server.url), store, PATH)
    pages = updated_pages(project, "merge_requests", parse_merge_requests, Position())
    return [record.payload for page in pages for record in page.records if isinstance(record.payload, dict)]


def test_records_that_change_between_pages_are_not_lost(
    gitlab: GitLabImitation, server: Responding, store: RawStore
) -> None:
    """A record touched while we read moves to the end; with numbered pages alone the one behind it would be skipped."""
    for iid in range(1, 351):
        gitlab.merge_request(iid)

    def meanwhile(state: GitLabImitation, lists: int) -> None:
        if lists == 1:
            for iid in range(1, 40):
                state.merge_requests[iid] |= {"updated_at": START + timedelta(days=2, seconds=iid), "state": "merged"}
            state.merge_request(900, updated=START + timedelta(days=3))
        if lists == 2:
            del state.merge_requests[150], state.merge_requests[151]

    gitlab.between = meanwhile
    found = {item["iid"]: item["state"] for item in listed(server, store)}
    assert set(gitlab.merge_requests) <= set(found)
    assert {found[iid] for iid in range(1, 40)} == {"merged"}


def test_more_records_of_one_instant_than_a_page_holds_are_all_read(
    gitlab: GitLabImitation, server: Responding, store: RawStore
) -> None:
    """A bulk edit gives hundreds one last update; they are paged by number and the reading goes on after them."""
    for iid in range(1, 251):
        gitlab.merge_request(iid, updated=START)
    gitlab.merge_request(300, updated=START + timedelta(minutes=1))
    assert len({item["iid"] for item in listed(server, store)}) == 251


def test_approvals_of_a_deployment_are_asked_for_where_its_environment_needs_them(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Environments that ask for approvals, and deployments that wait for one; no others."""
    gitlab.protected = [{"name": "production", "required_approval_count": 1}, {"name": "staging", "approval_rules": []}]
    gitlab.deployment(1)
    gitlab.deployment(2, environment={"name": "staging"})
    gitlab.deployment(3, environment={"name": "staging"}, status="blocked")
    gitlab.approvals[1] = [{"user": user("cora"), "status": "approved", "created_at": START, "comment": "go"}]
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    asked = [asked.path.rpartition("/")[2] for asked in server.asked if "/deployments/" in asked.path]
    assert asked == ["1", "3"]
    rows = [(row["deployment_key"], row["decided_by"]) for row in staged(store, "gitlab", "decision")]
    assert rows == [("1", "cora")]
    server.asked.clear()
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    assert server.count(to("/deployments/")) == 0
    assert server.count(to("protected_environments")) == 0


def test_a_pipeline_that_goes_on_after_its_deployment_is_read_again(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Its line in the list changes when it ends, although the deployment does not; other pipelines are left alone."""
    gitlab.deployment(1)
    gitlab.pipelines[501] = pipeline(501, START, "running")
    gitlab.pipelines[900] = pipeline(900, START)
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    gitlab.pipelines[501] = pipeline(501, START + timedelta(hours=1), "failed")
    gitlab.pipelines[900] = pipeline(900, START + timedelta(hours=1), "failed")
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    rows = {row["key"]: row["outcome"] for row in staged(store, "gitlab", "run")}
    assert rows == {"501": "failed", "900": "failed"}
    assert server.count(to("/pipelines/501")) == 4
    assert server.count(to("/pipelines/900")) == 0


@pytest.mark.slow
@pytest.mark.parametrize("pages", range(16))
def test_a_killed_sync_goes_on_where_it_stopped(
    pages: int, gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Killed at a page boundary and run again, the tables are those of a sync that was never killed."""
    filled(gitlab, 2)
    gitlab.deployment(1)
    gitlab.deployment(2)
    undo = killed_after(store, pages)
    with pytest.raises(KilledError):
        synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS)
    undo()
    assert synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS).failures == []
    with RawStore(store.path.parent / "whole.duckdb") as whole:
        synced(CONNECTOR, server, whole, fixed_clock, projects=PROJECTS)
        assert tables(store, "gitlab") == tables(whole, "gitlab")
        assert (whole.count(MERGE_REQUESTS), whole.count(JOBS)) == (2, 2)


def test_a_project_that_cannot_be_read_does_not_stop_the_others(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """The failure is told once to the source that has it, asked once, and the next project is read."""
    filled(gitlab, 2)
    outcome = synced(CONNECTOR, server, store, fixed_clock, projects=["gone/away", PATH])
    assert {task.scope for task in outcome.tasks if task.error and task.is_failure} == {"gone/away"}
    assert server.count(to("gone")) == 1
    assert len(staged(store, "gitlab", "change")) == 2


def test_the_principal_and_its_scopes_are_logged_and_the_token_is_not(
    gitlab: GitLabImitation,
    server: Responding,
    store: RawStore,
    fixed_clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An auditor sees who read and what that account may do; the token is kept by nobody."""
    monkeypatch.setenv("GITLAB_TOKEN", "planted-secret-value")
    filled(gitlab, 1)
    synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS, token="env:GITLAB_TOKEN")
    assert server.asked[0].headers["private-token"] == "planted-secret-value"
    assert store.con.execute("select principal, scopes from raw.runs").fetchall() == [("auditor", "read_api")]
    store.con.execute("checkpoint")
    assert b"planted-secret-value" not in store.path.read_bytes()


def test_a_rate_limit_is_waited_out(
    gitlab: GitLabImitation, server: Responding, store: RawStore, fixed_clock: FixedClock
) -> None:
    """A 429 with its time costs the wait and nothing else."""
    filled(gitlab, 3)
    server.fail(Answer({"message": "Retry later"}, 429, {"Retry-After": "30"}), matches=to("/notes"))
    assert synced(CONNECTOR, server, store, fixed_clock, projects=PROJECTS).failures == []
    assert len(staged(store, "gitlab", "decision")) == 3
    assert any(30 <= seconds < 33 for seconds in fixed_clock.slept)
