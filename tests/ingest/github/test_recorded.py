"""Responses of GitHub that other people recorded, through the same code as live ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ingest.connector import Response, route_for
from ingest.github.routes import ROUTES
from ingest.replay import ReplayResult, replay
from ingest.store import RawStore
from ingest.store_records import Page
from tests.conftest import SHARED
from tests.staging import staged

ANTS = "panjf2000/ants"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RawStore, list[ReplayResult]]]:
    if not SHARED.is_dir():
        pytest.skip("the folder with recorded input (../shared/data) is not here")
    with RawStore(tmp_path_factory.mktemp("recorded") / "store.duckdb") as store:
        results = [
            replay(
                store,
                lambda source, kind: store.begin_run(source, kind, "sync --replay"),
                SHARED / "devlake-e2e" / folder,
                {"github": ROUTES},
            )
            for folder in ("github", "github_graphql")
        ]
        yield store, results


def of_ants(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if str(row["key"]).startswith(ANTS)]


def test_fifty_recorded_pull_requests_are_forty_nine(recorded: tuple[RawStore, list[ReplayResult]]) -> None:
    """One of the fifty rows repeats a pull request; 26 were merged, and a merged one has its merge commit."""
    changes = of_ants(staged(recorded[0], "github", "change"))
    assert len(changes) == 49
    merged = [change for change in changes if change["state"] == "merged"]
    assert len(merged) == 26
    assert all(change["merge_revision"] and change["merged_at"] for change in merged)
    assert not any(change["merge_revision"] for change in changes if change["state"] != "merged")


def test_no_recorded_review_approved(recorded: tuple[RawStore, list[ReplayResult]]) -> None:
    """The recorded reviews asked for changes or commented; approval must not appear from nowhere."""
    verdicts = Counter(row["verdict"] for row in of_ants(staged(recorded[0], "github", "decision")))
    assert verdicts == {"commented": 27, "changes_requested": 3}


def test_recorded_runs_and_jobs_keep_their_states(recorded: tuple[RawStore, list[ReplayResult]]) -> None:
    """35 runs and 35 jobs; only a completed run has a finish."""
    runs = staged(recorded[0], "github", "run")
    assert len(runs) == 35
    assert all((run["finished_at"] is not None) == (run["status"] == "completed") for run in runs)
    steps = staged(recorded[0], "github", "run_step")
    assert len(steps) == 35
    assert all(str(step["run_key"]).startswith(f"{ANTS}/run/") for step in steps)


def test_a_deployment_finished_when_it_first_succeeded_not_when_it_was_superseded(
    recorded: tuple[RawStore, list[ReplayResult]],
) -> None:
    """Seven deployments; where the statuses were recorded, the first success is the finish."""
    store = recorded[0]
    assert len(staged(store, "github", "deployment")) == 7
    finished = {}
    for status in staged(store, "github", "deployment_status"):
        if status["status"] == "success":
            key = str(status["deployment_key"]).rpartition("/")[2]
            finished[key] = min(finished.get(key, datetime.max), status["occurred_at"])
    assert finished == {
        "3881429895": datetime(2026, 2, 20, 0, 30, 59),
        "3839563910": datetime(2026, 2, 14, 0, 32, 36),
        "1707033729": datetime(2024, 8, 8, 0, 18, 12),
    }


def test_issues_leave_out_the_pull_requests_that_github_lists_among_them(
    recorded: tuple[RawStore, list[ReplayResult]],
) -> None:
    """41 stored items, of which 15 are pull requests; all 41 stay in the raw store."""
    assert len(staged(recorded[0], "github", "issue")) == 26
    assert recorded[0].con.execute("select count(*) from raw.github_issues").fetchone() == (41,)


def test_recorded_events_know_their_subject_and_their_verb(recorded: tuple[RawStore, list[ReplayResult]]) -> None:
    """Events of issues and of pull requests come in one list; the verbs are ours, not the API's."""
    events = staged(recorded[0], "github", "event")
    verbs = Counter((row["subject_kind"], row["verb"]) for row in events)
    assert verbs["change", "force_pushed"] == 6
    assert verbs["change", "ready_for_review"] == 1
    assert verbs["issue", "closed"] == 10
    # Its opening is told by the pull request itself.
    assert verbs["change", "opened"] == 0
    assert sum(row["created_at"] is not None for row in staged(recorded[0], "github", "change")) == 51


def test_nothing_recorded_of_github_is_rejected_or_left_unrouted_but_accounts(
    recorded: tuple[RawStore, list[ReplayResult]],
) -> None:
    """Only user profiles, organisations and milestones have no place in the store."""
    results = recorded[1]
    assert sum(count.rejected for result in results for count in result.streams) == 0
    left = {address for result in results for address in result.unrouted}
    assert left
    assert all("/users/" in address or address.endswith("/milestones") for address in left)


def test_the_later_pages_of_a_list_belong_to_the_repository_that_the_first_names(
    store: RawStore, shared_data: Path
) -> None:
    """GitHub's links go on under a number; recorded pages of issues must not end up without a repository."""
    scenario = shared_data / "octokit" / "fixtures-scenarios" / "api.github.com" / "paginate-issues"
    recorded = [
        entry
        for entry in orjson.loads((scenario / "raw-fixture.json").read_bytes())
        if entry["method"].upper() == "GET"
    ]
    for entry in recorded:
        url = entry["scope"].replace(":443", "") + entry["path"]
        if route := route_for(ROUTES, url):
            parsed = route.parse(Response(url, entry["response"], datetime(2022, 7, 19, tzinfo=UTC)))
            store.write_page(store.begin_run("github", "github", "test"), Page(parsed.stream, parsed.records))
    issues = staged(store, "github", "issue")
    assert len(issues) == 13
    assert len({issue["repository"] for issue in issues}) == 1


def test_every_recorded_read_of_a_rest_scenario_is_parsed_or_left_alone(shared_data: Path) -> None:
    """Whatever else GitHub answers, no route fails on it."""
    parsed = []
    for path in sorted((shared_data / "octokit").rglob("raw-fixture.json")):
        for entry in orjson.loads(path.read_bytes()):
            url = entry["scope"].replace(":443", "") + entry["path"]
            is_read = entry["method"].upper() == "GET" and entry["status"] < 300
            if is_read and (route := route_for(ROUTES, url)):
                parsed.append(route.parse(Response(url, entry["response"], datetime(2022, 7, 19, tzinfo=UTC))))
    assert len(parsed) == 5
    assert [reject for one in parsed for reject in one.rejected] == []
