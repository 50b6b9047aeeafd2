"""What the next sync of GitHub sees."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.store import RawStore
from tests.ingest.github.large import large_repository
from tests.ingest.github.syncing import Syncing
from tests.servers.github import GitHubServer, Repository
from tests.servers.github_data import (
    EPOCH,
    at,
    bot,
    commit,
    deployment,
    environment,
    event,
    job,
    merged,
    person,
    pull_request,
    release,
    review,
    ruleset,
    run,
    status,
)
from tests.staging import staged

ANN, BEN = person("ann"), person("ben")


def test_a_late_review_of_a_closed_pull_request_is_seen(repository: Repository, syncing: Syncing) -> None:
    """A review after the merge is evidence too; closed pull requests are not settled."""
    old = merged(pull_request(1, ANN), BEN, 10)
    repository.pull_requests += [old, *(pull_request(number, ANN, 100 + number) for number in range(2, 70))]
    syncing.clean()
    old["reviews"].append(review(7, BEN, "CHANGES_REQUESTED", 5000))
    old["updatedAt"] = at(5000)
    before = syncing.server.graphql_count("pullRequests")
    syncing.clean()
    assert syncing.server.graphql_count("pullRequests") - before == 1
    assert [row["verdict"] for row in staged(syncing.store, "github", "decision")] == ["changes_requested"]


def test_a_reopened_pull_request_is_open_again(repository: Repository, syncing: Syncing) -> None:
    """A change that was given up and taken up again keeps its history."""
    change = pull_request(1, ANN, state="CLOSED", closedAt=at(5), updatedAt=at(5))
    change["timelineItems"].append(event("Closed", "1", ANN, 5, url="", stateReason=None))
    repository.pull_requests.append(change)
    syncing.clean()
    change |= {"state": "OPEN", "closedAt": None, "updatedAt": at(90)}
    change["timelineItems"].append(event("Reopened", "1", ANN, 90))
    syncing.clean()
    assert [row["state"] for row in staged(syncing.store, "github", "change")] == ["open"]
    verbs = [row["verb"] for row in staged(syncing.store, "github", "event")]
    assert sorted(verbs) == ["closed", "reopened"]
    assert [row["created_at"] for row in staged(syncing.store, "github", "change")] == [EPOCH.replace(tzinfo=None)]


def test_a_running_run_is_looked_at_until_it_completes(repository: Repository, syncing: Syncing) -> None:
    """It began before the window of the next sync, so it is asked for by its number."""
    running = run(1, 0, "deploy", status="in_progress")
    running.jobs = [job(11, 1, 1, "deploy", None)]
    repository.runs += [running, run(2, 60 * 24 * 30)]
    syncing.clean()
    assert {row["status"] for row in staged(syncing.store, "github", "run")} == {"completed", "in_progress"}
    running.rest |= {"status": "completed", "conclusion": "failure", "updated_at": at(60 * 24 * 31)}
    running.jobs = [job(11, 1, 1, "deploy", "FAILURE")]
    syncing.server.forget_nodes()
    syncing.clock.at = datetime(2026, 2, 7, tzinfo=UTC)
    syncing.clean()
    assert {row["outcome"] for row in staged(syncing.store, "github", "run")} == {"success", "failure"}
    assert [row["outcome"] for row in staged(syncing.store, "github", "run_step")] == ["failure"]


def test_a_dismissed_approval_stays_known_as_an_approval(repository: Repository, syncing: Syncing) -> None:
    """GitHub overwrites APPROVED by DISMISSED; our history keeps both, with who dismissed it and when."""
    approval = review(7, BEN, "APPROVED", 10, "head-1")
    change = pull_request(1, ANN, reviews=[approval], updatedAt=at(10))
    repository.pull_requests.append(change)
    syncing.clean()
    approval |= {"state": "DISMISSED", "updatedAt": at(30)}
    change["timelineItems"].append(_dismissal(approval, 30))
    change["updatedAt"] = at(30)
    syncing.clean()
    _expect_dismissed_approval(syncing.store)


def test_an_approval_dismissed_before_we_ever_looked_is_known_from_its_dismissal(
    repository: Repository, syncing: Syncing
) -> None:
    """The timeline says what the review was before."""
    dismissed = review(7, BEN, "DISMISSED", 10, "head-1", updatedAt=at(30))
    repository.pull_requests.append(
        pull_request(1, ANN, reviews=[dismissed], timelineItems=[_dismissal(dismissed, 30)])
    )
    syncing.clean()
    _expect_dismissed_approval(syncing.store)


def _dismissal(of: dict[str, object], minute: float) -> dict[str, object]:
    return event(
        "ReviewDismissed",
        "7",
        bot("policy"),
        minute,
        url="",
        dismissalMessage="new commits",
        previousReviewState="APPROVED",
        pullRequestCommit=commit("late", ANN),
        review=of,
    )


def _expect_dismissed_approval(store: RawStore) -> None:
    rows = staged(store, "github", "decision")
    assert [(row["verdict"], row["decided_by"], row["dismissed_by"]) for row in rows] == [
        ("approved", "ben", "policy[bot]"),
        ("dismissed", "ben", "policy[bot]"),
    ]
    assert {row["decided_at"] for row in rows} == {datetime(2026, 1, 5, 8, 10)}
    assert {row["dismissed_at"] for row in rows} == {datetime(2026, 1, 5, 8, 30)}
    assert len({row["revision"] for row in rows}) == 1


def test_a_superseded_deployment_keeps_the_time_it_succeeded(repository: Repository, syncing: Syncing) -> None:
    """GitHub lists deployments by creation, so an old one that changes must be asked for by name."""
    first = deployment(1, 0, status("1a", "IN_PROGRESS", 1), status("1b", "SUCCESS", 5))
    repository.deployments.append(first)
    syncing.clean()
    superseded = deployment(
        1, 0, status("1a", "IN_PROGRESS", 1), status("1b", "SUCCESS", 5), status("1c", "INACTIVE", 3000)
    )
    first |= superseded
    repository.deployments.append(deployment(2, 2999, status("2a", "SUCCESS", 3000)))
    syncing.clock.at = datetime(2026, 1, 9, tzinfo=UTC)
    syncing.clean()
    deployments = {row["key"]: row for row in staged(syncing.store, "github", "deployment")}
    assert deployments["acme/shop/deployment/1"]["status"] == "inactive"
    succeeded = {
        row["deployment_key"]: row["occurred_at"]
        for row in staged(syncing.store, "github", "deployment_status")
        if row["status"] == "success"
    }
    assert succeeded["acme/shop/deployment/1"] == datetime(2026, 1, 5, 8, 5)


def test_a_pending_deployment_is_looked_at_again_although_nothing_else_moved(
    repository: Repository, syncing: Syncing
) -> None:
    """The newest deployment hides the older one's movement from the question whether anything moved."""
    waiting = deployment(1, 0, status("1a", "WAITING", 1))
    repository.deployments += [waiting, deployment(2, 10, status("2a", "INACTIVE", 12))]
    syncing.clock.at = datetime(2026, 1, 9, tzinfo=UTC)
    syncing.clean()
    waiting |= deployment(1, 0, status("1a", "WAITING", 1), status("1b", "FAILURE", 50))
    syncing.clean()
    by_key = {row["key"]: row["status"] for row in staged(syncing.store, "github", "deployment")}
    assert by_key["acme/shop/deployment/1"] == "failure"


def test_nothing_new_costs_one_request_and_stores_nothing(syncing: Syncing) -> None:
    """An idle repository is one of fifty in one question."""
    syncing.server.repositories["acme/shop"] = large_repository(20, 10, 30, 1)
    syncing.clean()
    before = syncing.requests()
    again = syncing.clean()
    assert (syncing.requests() - before, again.total("received")) == (1, 0)


def test_since_reads_everything_again_from_then_on(repository: Repository, syncing: Syncing) -> None:
    """``--since`` asks again although nothing moved; what has not changed is not stored twice."""
    repository.pull_requests += [pull_request(number, ANN, number * 60 * 24) for number in range(150)]
    syncing.clean()
    before = syncing.server.graphql_count("pullRequests")
    again = syncing.clean(since=datetime(2026, 5, 1, tzinfo=UTC))
    assert syncing.server.graphql_count("pullRequests") - before == 1
    assert again.total("stored") == 0


def test_a_workflow_found_out_late_to_deploy_gets_its_earlier_jobs_too(
    repository: Repository, syncing: Syncing
) -> None:
    """Nothing in its name says so; the first deployment that names one of its runs does."""
    repository.runs += [run(number, number * 60, "ship-it", jobs=1) for number in range(1, 4)]
    syncing.clean()
    assert staged(syncing.store, "github", "run_step") == []
    repository.deployments.append(deployment(9, 200, status("9a", "SUCCESS", 201, run=3)))
    syncing.clean()
    assert len(staged(syncing.store, "github", "run_step")) == 3
    assert staged(syncing.store, "github", "deployment")[0]["run_key"] == "acme/shop/run/3"


def test_changed_rules_are_events_and_unchanged_ones_are_not_asked_for(
    repository: Repository, syncing: Syncing
) -> None:
    """A ruleset that was relaxed, a wider environment and an edit of the code owners are changes of rules."""
    repository.rulesets, repository.environments = [ruleset(1)], [environment("production", 2)]
    syncing.clock.at = datetime(2026, 1, 9, tzinfo=UTC)
    syncing.clean()
    details = r"/rulesets/1$"
    assert syncing.server.rest_count(details) == 1
    repository.releases.append(release(1, 10))
    syncing.clean()
    assert syncing.server.rest_count(details) == 1
    repository.rulesets[0] = ruleset(1, "disabled", 60)
    repository.rule_files = {".github/CODEOWNERS": [commit("owners", ANN, 70, "Widen owners\n\nWhy")]}
    repository.head = "1"
    syncing.clean()
    changed = [row for row in staged(syncing.store, "github", "event") if row["verb"] == "rule_changed"]
    told = sorted((str(row["field"]), str(row["actor"]), str(row["new_value"])[:8]) for row in changed)
    assert [(field, actor) for field, actor, _ in told] == [
        (".github/CODEOWNERS", "ann"),
        ("enforcement", "None"),
        ("enforcement", "None"),
        ("protection_rules", "None"),
    ]
    assert {value for field, _, value in told if field == "enforcement"} == {"active", "disabled"}
    assert len(staged(syncing.store, "github", "release")) == 1


def test_a_bypassed_rule_is_an_event_with_its_actor(
    repository: Repository, server: GitHubServer, syncing: Syncing
) -> None:
    """Who pushed past the rules, where and when."""
    repository.rule_suites = [
        {
            "id": 5,
            "actor_name": "ben",
            "after_sha": "abc",
            "before_sha": "def",
            "ref": "refs/heads/main",
            "result": "bypass",
            "pushed_at": at(30),
        }
    ]
    syncing.clean()
    bypass = staged(syncing.store, "github", "event")[0]
    assert (bypass["verb"], bypass["actor"], bypass["revision"]) == ("rule_bypassed", "ben", "abc")


def test_releases_beyond_the_first_page_are_read_and_an_unchanged_list_is_not_sent_again(
    repository: Repository, syncing: Syncing
) -> None:
    """GitHub's link to the next page names the repository by number; keys must not."""
    repository.releases = [release(number, number) for number in range(1, 231)]
    syncing.clean()
    assert len(staged(syncing.store, "github", "release")) == 230
    repository.head = "1"
    again = syncing.clean()
    assert {task.stream: task.received for task in again.tasks}["github.releases"] == 0
    repository.releases.append(release(231, 231))
    third = {task.stream: (task.requests, task.stored) for task in syncing.clean().tasks}
    assert third["github.releases"] == (1, 1)
