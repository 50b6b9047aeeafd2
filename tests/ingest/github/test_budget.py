"""How many requests GitHub is asked, and how fast its answers are stored."""

from __future__ import annotations

from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.github.large import large_repository
from tests.ingest.github.syncing import Syncing
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import person, pull_request, run
from tests.staging import staged


def test_a_whole_repository_takes_no_more_than_eighty_requests(store: RawStore, fixed_clock: FixedClock) -> None:
    """1,000 pull requests in 25; with 300 deployments, 3,000 runs and their rules 80; nothing is lost on the way."""
    with GitHubServer(large_repository()) as server:
        outcome = Syncing(server, store, fixed_clock).clean()
        pull_requests = server.graphql_count("pullRequest")
        assert (pull_requests <= 25, len(server.asked) <= 80) == (True, True), (pull_requests, len(server.asked))
    assert outcome.requests == len(server.asked)
    counted = {task.stream: task.stored for task in outcome.tasks}
    assert counted["github.deployments"] == 300 * 4
    changes = staged(store, "github", "change")
    assert (len(changes), sum(change["state"] == "merged" for change in changes)) == (1000, 900)
    assert len(staged(store, "github", "commit")) == 3000
    assert sum(row["change_key"] is not None for row in staged(store, "github", "decision")) == 2000
    assert len(staged(store, "github", "deployment_status")) == 900
    assert len(staged(store, "github", "run")) == 3000


def test_jobs_and_approvals_are_read_for_deploying_workflows_only(store: RawStore, fixed_clock: FixedClock) -> None:
    """300 of 3,000 runs deploy; their 1,200 jobs and 300 approvals take three requests."""
    with GitHubServer(large_repository(pull_requests=0)) as server:
        Syncing(server, store, fixed_clock).clean()
        assert server.graphql_count("workflowRuns") == 3
    steps = staged(store, "github", "run_step")
    assert len(steps) == 1200
    approvals = [row for row in staged(store, "github", "decision") if row["run_key"]]
    assert len(approvals) == 300
    assert {(row["environment"], row["verdict"], row["decided_by"], row["decided_at"]) for row in approvals} == {
        ("production", "approved", "cat", None)
    }


def test_five_hundred_idle_repositories_cost_ten_requests(store: RawStore, fixed_clock: FixedClock) -> None:
    """One question asks after fifty; what has not moved is not asked again, what has is."""
    names = [f"acme/service-{number}" for number in range(500)]
    with GitHubServer(*(Repository(name) for name in names)) as server:
        syncing = Syncing(server, store, fixed_clock, tuple(names))
        syncing.mark_all_read()
        before = len(server.asked)
        idle = syncing.clean()
        assert (len(server.asked) - before, idle.total("stored")) == (10, 0)
        server.repositories[names[7]].pull_requests.append(pull_request(1))
        moved = syncing.clean()
        assert {task.scope for task in moved.tasks} == {names[7]}
    assert [change["key"] for change in staged(store, "github", "change")] == [f"{names[7]}#1"]


def test_runs_beyond_the_cap_of_a_filtered_list_are_all_found(store: RawStore, fixed_clock: FixedClock) -> None:
    """GitHub shows a thousand results of a window and no more; 2,500 runs of one busy hour among 10 quiet ones."""
    repository = Repository(runs=[run(number, 600 + number * 60 / 2500) for number in range(1, 2501)])
    repository.runs += [run(10_000 + number, number * 60) for number in range(10)]
    with GitHubServer(repository) as server:
        Syncing(server, store, fixed_clock).clean()
    assert len(staged(store, "github", "run")) == 2510


def test_everything_of_an_owner_is_read_by_its_pattern(store: RawStore, fixed_clock: FixedClock) -> None:
    """``acme/*`` is every repository that is not archived."""
    repositories = [Repository(f"acme/{name}", [pull_request(1, person("ann"))]) for name in ("one", "two")]
    with GitHubServer(*repositories, Repository("other/three")) as server:
        Syncing(server, store, fixed_clock, ("acme/*",)).clean()
    assert [row["repository"] for row in staged(store, "github", "change")] == ["acme/one", "acme/two"]
