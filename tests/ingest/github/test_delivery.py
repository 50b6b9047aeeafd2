"""Deployments, runs, jobs and approvals as rows."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.ingest.github.syncing import Syncing
from tests.servers.github import Repository
from tests.servers.github_data import approval, deployment, job, person, run, sha, status
from tests.staging import staged

BEN = person("ben")


def test_a_deployment_knows_its_run_its_revision_and_who_created_it(repository: Repository, syncing: Syncing) -> None:
    """The run comes from the log's address; what only a status can say is left to the statuses."""
    repository.deployments.append(
        deployment(
            1, 0, status("1a", "IN_PROGRESS", 1, 77), status("1b", "SUCCESS", 5, 77), status("1c", "INACTIVE", 9)
        )
    )
    syncing.clean()
    row = staged(syncing.store, "github", "deployment")[0]
    assert (row["revision"], row["environment"], row["version"]) == (sha("merge-1"), "production", "main")
    assert (row["deployed_by"], row["deployed_by_type"]) == ("github-actions[bot]", "bot")
    assert (row["created_at"], row["started_at"], row["finished_at"]) == (datetime(2026, 1, 5, 8), None, None)
    assert row["url"] == "https://github.example/acme/shop/deployments"
    statuses = staged(syncing.store, "github", "deployment_status")
    told = sorted((entry["occurred_at"].minute, entry["status"]) for entry in statuses)
    assert told == [(1, "in_progress"), (5, "success"), (9, "inactive")]


def test_a_deployment_with_many_statuses_loses_none(repository: Repository, syncing: Syncing) -> None:
    """The list within the list is followed to its end."""
    many = [status(f"1-{n}", "IN_PROGRESS", n) for n in range(150)]
    repository.deployments += [deployment(1, 0, *many), deployment(2, 1, status("2", "SUCCESS", 3))]
    syncing.clean()
    assert len(staged(syncing.store, "github", "deployment_status")) == 151


def test_jobs_and_approvals_of_a_run_name_their_environment(repository: Repository, syncing: Syncing) -> None:
    """A job says where it deployed; an approval says who let it, and GitHub says no time."""
    deploying = run(77, 0, "deploy")
    target = {"__typename": "Deployment", "databaseId": 1, "environment": "production"}
    deploying.jobs = [job(5, 77, 1, "build"), job(6, 77, 4, "ship", "FAILURE") | {"deployment": target}]
    deploying.approvals = [approval(3, BEN, "REJECTED")]
    repository.runs.append(deploying)
    syncing.clean()
    steps = staged(syncing.store, "github", "run_step")
    assert [(row["name"], row["outcome"], row["environment"]) for row in steps] == [
        ("build", "success", None),
        ("ship", "failure", "production"),
    ]
    assert (steps[0]["started_at"], steps[0]["finished_at"]) == (datetime(2026, 1, 5, 8, 1), datetime(2026, 1, 5, 8, 4))
    decision = staged(syncing.store, "github", "decision")[0]
    assert {name: value for name, value in decision.items() if value is not None} == {
        "source": "hub",
        "source_event_id": "hub:deployment_reviews:acme/shop/run/77/approval/ben:rejected/environment/production",
        "key": "acme/shop/run/77/approval/ben:rejected/environment/production",
        "run_key": "acme/shop/run/77",
        "environment": "production",
        "decided_by": "ben",
        "decided_by_type": "human",
        "verdict": "rejected",
        "comment": "go",
    }


def test_the_jobs_of_a_very_large_run_are_all_read(repository: Repository, syncing: Syncing) -> None:
    """Beyond the first fifty they come through REST, under the same keys."""
    large = run(77, 0, "deploy")
    large.jobs = [job(100 + n, 77, n) for n in range(130)]
    repository.runs.append(large)
    syncing.clean()
    assert len(staged(syncing.store, "github", "run_step")) == 130
    assert syncing.server.rest_count(r"/runs/77/jobs") == 2


def test_a_run_that_is_run_again_keeps_its_key_and_counts_its_attempt(repository: Repository, syncing: Syncing) -> None:
    """The row is the latest attempt; the raw store keeps both."""
    again = run(77, 0, "ci", "in_progress")
    repository.runs.append(again)
    syncing.clock.at = datetime(2026, 1, 9, tzinfo=UTC)
    syncing.clean()
    again.rest |= {
        "run_attempt": 2,
        "status": "completed",
        "conclusion": "success",
        "updated_at": "2026-01-06T08:00:00Z",
    }
    syncing.clean()
    row = staged(syncing.store, "github", "run")[0]
    assert (row["key"], row["attempt"], row["outcome"]) == ("acme/shop/run/77", 2, "success")
    assert syncing.store.con.execute("select count(*) from raw.github_workflow_runs").fetchone() == (2,)


def test_a_completed_run_that_deploys_once_more_is_read_again(repository: Repository, syncing: Syncing) -> None:
    """A re-run weeks later changes no list that we read; its deployment gives it away."""
    again = run(77, 0, "deploy")
    repository.runs += [again, run(78, 60 * 24 * 20)]
    syncing.clock.at = datetime(2026, 1, 30, tzinfo=UTC)
    syncing.clean()
    again.rest |= {"run_attempt": 2, "conclusion": "failure", "updated_at": "2026-01-30T08:00:00Z"}
    repository.deployments.append(deployment(1, 35_000, status("1a", "FAILURE", 35_010, 77)))
    syncing.clean()
    rows = {row["key"]: row["outcome"] for row in staged(syncing.store, "github", "run")}
    assert rows["acme/shop/run/77"] == "failure"
    before = syncing.requests()
    syncing.clean()
    assert syncing.requests() - before == 1
