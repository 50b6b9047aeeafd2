"""What GitHub's webhooks become in the tables, whatever the order they come in and whatever a sync knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ingest.push.spool import Spool
from ingest.store import RawStore
from tests.ingest.push.delivering import NOON, github, push, taken
from tests.staging import staged


def pull_request(number: int = 7, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a pull request
    known = {
        "number": number,
        "title": "Add checkout",
        "state": "open",
        "draft": False,
        "updated_at": "2026-07-01T11:00:00Z",
        "created_at": "2026-07-01T10:00:00Z",
        "user": {"login": "ana", "type": "User"},
        "head": {"ref": "f", "sha": "a" * 40},
        "base": {"ref": "main", "sha": "b" * 40},
    }
    return {**known, **fields}


def review(state: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a review
    known = {
        "id": 5,
        "node_id": "PRR_5",
        "user": {"login": "ben", "type": "User"},
        "state": state,
        "commit_id": "a" * 40,
        "submitted_at": "2026-07-01T10:30:00Z",
        "body": None,
    }
    return {**known, **fields}


def test_an_approval_that_was_dismissed_keeps_its_time_and_gets_the_dismissals(store: RawStore, spool: Spool) -> None:
    """Webhooks tell both states of a review; who dismissed it, and when, is told by the second."""
    push(
        spool,
        "github",
        github("submitted", review=review("approved"), pull_request=pull_request()),
        "pull_request_review",
    )
    body = github("dismissed", review=review("dismissed"), pull_request=pull_request(updated_at="2026-07-01T11:30:00Z"))
    push(spool, "github", body, "pull_request_review", minutes=60)
    taken(store, spool)
    rows = {row["verdict"]: row for row in staged(store, "github", "decision")}
    assert set(rows) == {"approved", "dismissed"}
    assert {(row["decided_at"].hour, row["dismissed_by"], row["dismissed_at"].minute) for row in rows.values()} == {
        (10, "ana", 30)
    }
    assert staged(store, "github", "change") == []  # a review's pull request is a short form


def run(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a run
    known = {
        "id": 42,
        "node_id": "WFR_42",
        "name": "deploy",
        "path": ".github/workflows/deploy.yml",
        "status": "waiting",
        "created_at": "2026-07-01T11:00:00Z",
        "updated_at": "2026-07-01T11:01:00Z",
        "run_number": 3,
        "run_attempt": 1,
    }
    return {**known, **fields}


def test_a_runs_approval_has_the_time_its_webhook_came_and_a_later_sync_does_not_undo_it(
    store: RawStore, spool: Spool
) -> None:
    """GitHub's API states no time for it; the webhook's arrival bounds it."""
    from ingest.connector import Response
    from ingest.github.delivery import parse_approvals
    from ingest.store_records import Page

    approver = {"login": "eve", "type": "User"}
    jobs = [{"environment": "production", "status": "queued"}]
    body = github(
        "approved",
        workflow_run=run(),
        workflow_job_runs=jobs,
        approver=approver,
        comment="go",
        since="2026-07-01T11:01:00Z",
    )
    push(spool, "github", github("requested", workflow_run=run(), environment="production"), "deployment_review")
    push(spool, "github", body, "deployment_review", minutes=3)
    taken(store, spool)
    told = [{"state": "approved", "comment": "go", "user": approver, "environments": [{"name": "production"}]}]
    parsed = parse_approvals(
        Response("https://api.github.com/repos/acme/shop/actions/runs/42/approvals", told, NOON + timedelta(days=1))
    )
    store.write_page(
        store.begin_run("github", "github", "sync"),
        Page(parsed.stream, parsed.records, fetched_at=NOON + timedelta(days=1)),
    )
    (decision,) = staged(store, "github", "decision")
    assert (decision["decided_by"], decision["environment"], decision["time_quality"]) == (
        "eve",
        "production",
        "bounded",
    )
    assert decision["decided_at"] == datetime(2026, 7, 1, 12, 3)
    assert decision["run_key"] == "acme/shop/run/42"


def test_acts_are_told_by_webhooks_only_where_the_timeline_does_not(store: RawStore, spool: Spool) -> None:
    """Without a sync the webhook is all there is; with one, the same act is not counted twice."""
    from ingest.github.parse import timeline_record
    from ingest.store_records import Page

    asked = github("review_requested", pull_request=pull_request(), requested_reviewer={"login": "ben"})
    moved = github(
        "synchronize", pull_request=pull_request(updated_at="2026-07-01T11:10:00Z"), before="a" * 40, after="c" * 40
    )
    push(spool, "github", asked, "pull_request")
    push(spool, "github", moved, "pull_request", minutes=1)
    taken(store, spool)
    rows = [
        (row["verb"], row["actor"], row["new_value"], row["subject_kind"]) for row in staged(store, "github", "event")
    ]
    assert sorted(rows) == [
        ("pushed", "ana", "c" * 40, "change"),
        ("review_requested", "ana", "ben", "change"),
    ]
    # Its opening is told by the pull request itself.
    (opened,) = staged(store, "github", "change")
    assert (opened["requested_by"], opened["created_at"]) == ("ana", datetime(2026, 7, 1, 10))
    item = {
        "__typename": "ReviewRequestedEvent",
        "id": "RRE_1",
        "createdAt": "2026-07-01T10:59:58Z",
        "actor": {"login": "ana", "__typename": "User"},
        "requestedReviewer": {"login": "ben"},
    }
    sync = store.begin_run("github", "github", "sync")
    record = timeline_record("acme/shop#7", item)
    store.write_page(sync, Page(record.stream, [record], fetched_at=NOON))
    requests = [row for row in staged(store, "github", "event") if row["verb"] == "review_requested"]
    assert [row["key"] for row in requests] == ["acme/shop#7/event/RRE_1"]


def test_changes_of_rules_are_events_with_who_made_them(store: RawStore, spool: Spool) -> None:
    """A ruleset, classic protection of a branch, and a push that touched code owners or workflows."""
    rules = {"id": 8, "name": "main", "enforcement": "active", "rules": [], "updated_at": "2026-07-01T09:00:00Z"}
    push(spool, "github", github("edited", repository_ruleset=rules), "repository_ruleset")
    rule = {"id": 4, "name": "main", "updated_at": "2026-07-01T09:30:00.000-04:00"}
    push(
        spool,
        "github",
        github("edited", rule=rule, changes={"admin_enforced": {"from": True}}),
        "branch_protection_rule",
    )
    commit = {
        "id": "d" * 40,
        "timestamp": "2026-07-01T11:00:00+02:00",
        "message": "Loosen\n\nbody",
        "author": {"name": "Ana", "username": "ana"},
        "modified": [".github/workflows/deploy.yml"],
        "added": [],
        "removed": [],
    }
    push(
        spool,
        "github",
        github("", ref="refs/heads/main", commits=[commit, {**commit, "id": "e" * 40, "modified": ["a.py"]}]),
        "push",
    )
    push(spool, "github", github("", ref="refs/heads/other", commits=[commit]), "push", minutes=5)
    taken(store, spool)
    rows = [
        (row["subject_key"], row["actor"], row["actor_type"], row["field"], row["occurred_at"].hour)
        for row in staged(store, "github", "event")
        if row["verb"] == "rule_changed"
    ]
    assert sorted(rows) == [
        ("acme/shop/branch_protection/4", "ana", "human", "admin_enforced", 13),
        ("acme/shop/file/.github/workflows", "ana", "human", ".github/workflows", 9),
        ("acme/shop/ruleset/8", "ana", "human", "enforcement", 9),
    ]
