"""Exports as organisations hand them over: what decides a number is proposed, and nobody's approval is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import records, write
from tests.ingest.files.test_suggest import proposed


def test_a_deploy_log_names_its_tickets_its_operator_and_what_was_taken_back(store: RawStore, tmp_path: Path) -> None:
    """Several tickets may stand in one cell; without them no deployment carries a known change."""
    log = (
        "Deployment,System,Env,Tickets,Started,Finished,OK,Is rollback,Rollback of,Operator\n"
        'd1,web,PROD,"C1, C2",1772438400000,1772438460000,true,false,,ann\n'
        "d2,web,PROD,,1772442000000,1772442060000,false,true,d1,bob\n"
    )
    _, result = proposed(store, tmp_path, log, "deployments.csv")
    assert result.total("rejected") == 0
    said = [
        (r.get("change_key"), r["deployed_by"], r["status"], r.get("task"), r.get("rollback_of_key"))
        for r in records(store, "record_deployments")
    ]
    assert said == [("C1, C2", "ann", "success", None, None), (None, "bob", "failure", "rollback", "d1")]


def test_a_change_says_when_it_was_planned_and_worked_on_in_words_of_its_own(store: RawStore, tmp_path: Path) -> None:
    """And an approval when it was asked for, why, and on which conditions, each instant in its own format."""
    changes = (
        "Ticket,Summary,System,Raised By,Raised On,Planned From,Planned To,Work Started,Work Finished,Status\n"
        "C1,One,web,ann,2026-03-01 08:00,2026-03-02 08:00,2026-03-02 09:00,2026-03-02 08:05,2026-03-02 08:30,Closed\n"
    )
    approvals = (
        "Ticket,Approver,Requested,Decision,Decided On,Remark,Conditions\n"
        "C1,bob,1772352000,Approved,2026-03-01 10:00,fine,only at night\n"
    )
    proposed(store, tmp_path, changes, "tickets.csv")
    proposed(store, tmp_path, approvals, "approvals.csv")
    (window,) = records(store, "record_windows")
    times = ("planned_start_at", "planned_end_at", "actual_start_at", "actual_end_at")
    assert [window[name][11:16] for name in times] == ["08:00", "09:00", "08:05", "08:30"]
    (decision,) = records(store, "record_decisions")
    assert (decision["comment"], decision["conditions"]) == ("fine", "only at night")
    (asked,) = records(store, "record_events")
    assert (asked["verb"], asked["occurred_at"]) == ("approval_requested", "2026-03-01T08:00:00Z")


def test_an_incident_names_the_deployment_that_caused_it(store: RawStore, tmp_path: Path) -> None:
    """A stated cause goes before every guess by time; when it was reported is when it was opened."""
    text = (
        "Incident,System,Priority,Reported at,Resolved,Caused by deployment\n"
        "I1,web,P2,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z,d1\n"
    )
    proposed(store, tmp_path, text, "incidents.csv")
    (incident,) = records(store, "record_incidents")
    assert (incident["service"], incident["deployment_key"]) == ("web", "d1")
    assert incident["created_at"] == "2026-03-02T09:00:00Z"


def _approver(name: str, decision: str) -> dict[str, Any]:
    return {"approver": {"accountId": name}, "approverDecision": decision}


@pytest.mark.parametrize(("word", "verdicts"), [("declined", ["approved", "rejected"]), ("vetoes", ["approved"])])
def test_who_was_asked_is_not_who_approved(store: RawStore, tmp_path: Path, word: str, verdicts: list[str]) -> None:
    """Jira Service Management lists all approvers with their answers; a word that nobody knows approves nothing."""
    approvers = [_approver("ann", "approved"), _approver("bob", word), _approver("cy", "pending")]
    issue = {
        "key": "CHM-1",
        "fields": {
            "issuetype": {"name": "[System] Change"}, "status": {"name": "Completed"}, "priority": {"name": "High"},
            "created": "2026-03-01T08:00:00.000+0000", "resolutiondate": "2026-03-02T08:00:00.000+0000",
            "customfield_1": [{"name": "CAB", "approvers": approvers}],
        },
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"issues": [issue]}), "search.json")
    assert [r["verdict"] for r in records(store, "record_decisions")] == verdicts
    (change,) = records(store, "record_issues")
    assert (change["state"], change["closed_at"]) == ("Completed", "2026-03-02T08:00:00Z")
    only_unknown = {**issue, "fields": {**issue["fields"], "customfield_1": [{"approvers": approvers[1:]}]}}
    if word == "vetoes":
        toml, _ = proposed(store, tmp_path, json.dumps({"issues": [only_unknown]}), "unknown.json")
        assert 'kind = "decision"' not in toml


def test_a_review_keeps_its_commit_and_its_words(store: RawStore, tmp_path: Path) -> None:
    """Without the commit every approval would count, also of code that was replaced afterwards."""
    request = {
        "number": 1, "title": "t", "headRefOid": "b" * 40, "createdAt": "2026-03-01T08:00:00Z",
        "mergedAt": "2026-03-01T12:00:00Z", "author": {"login": "ann"},
        "reviews": [
            {"id": "R1", "author": {"login": "bob"}, "state": "APPROVED", "submittedAt": "2026-03-01T09:00:00Z",
             "body": "fine", "commit": {"oid": "a" * 40}},
        ],
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps([request]), "prs.json")
    (decision,) = records(store, "record_decisions")
    assert (decision["revision"], decision["comment"]) == ("a" * 40, "fine")


def test_everybody_who_wrote_a_commit_contributed(store: RawStore, tmp_path: Path) -> None:
    """GitHub's command line lists each commit's authors; one without an account has an address only."""
    authors = [{"login": "ann", "email": "ann@x.org"}, {"login": "", "email": "cy@x.org", "name": "Cy"}]
    request = {
        "number": 1, "title": "t", "headRefName": "f", "createdAt": "2026-03-01T08:00:00Z", "author": {"login": "ann"},
        "labels": [{"name": "hotfix"}, {"name": "web"}],
        "commits": [{"oid": "a" * 40, "authoredDate": "2026-03-01T07:00:00Z", "authors": authors}],
    }  # fmt: skip
    toml, result = proposed(store, tmp_path, json.dumps([request]), "prs.json")
    assert result.total("rejected") == 0
    said = [(r.get("author"), r["author_email"], r["revision"]) for r in records(store, "record_commits")]
    assert sorted(said, key=str) == [("ann", "ann@x.org", "a" * 40), (None, "cy@x.org", "a" * 40)]
    (change,) = records(store)
    assert change["labels"] == "hotfix|web"
    assert "no column says which service or repository" in toml


def test_runs_name_the_environment_that_they_deploy_to(store: RawStore, tmp_path: Path) -> None:
    """Each run by its own number, which its place in a workflow is not; it ended when it was last changed."""
    runs = [
        {"databaseId": 9 + place, "number": 1, "attempt": 1, "workflowName": name, "status": "completed",
         "conclusion": "success", "createdAt": "2026-03-01T08:00:00Z", "updatedAt": "2026-03-01T08:05:00Z"}
        for place, name in enumerate(("Deploy to production", "Deploy staging", "Test in production mode"))
    ]  # fmt: skip
    proposed(store, tmp_path, json.dumps(runs), "runs.json")
    said = {r["key"]: (r.get("environment"), r["finished_at"][11:16]) for r in records(store, "record_runs")}
    assert said == {"9": ("production", "08:05"), "10": ("staging", "08:05"), "11": (None, "08:05")}


def test_what_only_names_or_relates_changes_is_refused(tmp_path: Path) -> None:
    """Each of its rows would be one more change."""
    rows = {"result": [{"sys_id": "s1", "task": {"value": "t1"}, "ci_item": {"value": "db"}}]}
    with pytest.raises(InputError, match="only tell which items tasks are about"):
        suggest_mapping(write(tmp_path, json.dumps(rows), "task_ci.json"))
    comments = "id,pull_request_id,created_date,account_id\n1,p1,2023-4-10 6:51:47,a\n2,p1,2023-4-11 6:51:47,b\n"
    with pytest.raises(InputError, match="may be its comments or commits"):
        suggest_mapping(write(tmp_path, comments, "pull_request_comments.csv"))


def test_a_data_warehouse_writes_instants_without_zeros(store: RawStore, tmp_path: Path) -> None:
    """DevLake's tables do; without them its pull requests had no time at all."""
    text = "id,author_id,merge_commit_sha,created_date,merged_date\np1,a,m1,2023-4-9 4:51:47,2023-4-10 14:51:47\n"
    proposed(store, tmp_path, text, "pull_requests.csv")
    (change,) = records(store)
    assert (change["created_at"], change["merged_at"]) == ("2023-04-09T04:51:47Z", "2023-04-10T14:51:47Z")
    assert change["requested_by"] == "a"


def test_an_alert_ended_when_its_report_says(store: RawStore, tmp_path: Path) -> None:
    """Opsgenie states how many milliseconds it took; a status page lists the components that were hit."""
    alert = {
        "id": "a", "message": "m", "status": "closed", "createdAt": "2026-03-01T08:00:00Z",
        "report": {"ackTime": 1000, "closeTime": 3600000}, "details": {"service": "web"},
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"data": [alert]}), "alerts.json")
    page = {
        "id": "p", "name": "n", "impact": "major", "resolved_at": "2026-03-01T09:00:00Z", "status": "resolved",
        "started_at": "2026-03-01T08:00:00Z", "components": [{"id": "c", "name": "web"}, {"id": "d", "name": "api"}],
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"incidents": [page]}), "incidents.json")
    said = [(r.get("service"), r.get("component"), r["resolved_at"][11:16]) for r in records(store, "record_incidents")]
    assert said == [("web", None, "09:00"), (None, "web|api", "09:00")]


def test_what_gitlab_merged_is_the_squashed_commit_or_the_branch_as_it_was(store: RawStore, tmp_path: Path) -> None:
    """Without it no deployment of a squashed or moved branch carries its request; one that is open merged nothing."""
    rows = [
        {"id": 1, "iid": 1, "sha": "a" * 40, "merge_commit_sha": None, "squash_commit_sha": "b" * 40, "draft": False,
         "merged_at": "2026-03-01T08:00:00Z", "source_branch": "f", "references": {"full": "acme/shop!1"}},
        {"id": 2, "iid": 2, "sha": "c" * 40, "merge_commit_sha": None, "squash_commit_sha": None, "draft": False,
         "merged_at": "2026-03-01T08:00:00Z", "source_branch": "f", "references": {"full": "acme/shop!2"}},
        {"id": 3, "iid": 3, "sha": "d" * 40, "merge_commit_sha": None, "squash_commit_sha": None, "draft": True,
         "merged_at": None, "source_branch": "f", "references": {"full": "acme/shop!3"}},
    ]  # fmt: skip
    proposed(store, tmp_path, json.dumps(rows), "merge_requests.json")
    said = [(r.get("merge_revision"), r["repository"], r["is_draft"]) for r in records(store)]
    assert said == [("b" * 40, "acme/shop", False), ("c" * 40, "acme/shop", False), (None, "acme/shop", True)]


def test_an_approver_who_is_asked_twice_decides_twice(store: RawStore, tmp_path: Path) -> None:
    """Each round of approval has its own instants: asked for when it was created, decided when it was complete."""
    rounds = [
        {"id": "1", "approvers": [_approver("ann", "declined")], "createdDate": {"iso8601": "2026-03-01T08:00:00+0000"},
         "completedDate": {"iso8601": "2026-03-01T09:00:00+0000"}},
        {"id": "2", "approvers": [_approver("ann", "approved")], "createdDate": {"iso8601": "2026-03-01T10:00:00+0000"},
         "completedDate": {"iso8601": "2026-03-01T11:00:00+0000"}},
    ]  # fmt: skip
    issue = {"key": "C1", "fields": {"issuetype": {"name": "Change"}, "customfield_1": rounds}}
    _, result = proposed(store, tmp_path, json.dumps({"issues": [issue]}), "search.json")
    assert result.total("conflicts") == 0
    said = [(r["verdict"], r["decided_at"][11:16], r["time_quality"]) for r in records(store, "record_decisions")]
    assert said == [("rejected", "09:00", "bounded"), ("approved", "11:00", "bounded")]
    assert [r["occurred_at"][11:16] for r in records(store, "record_events")] == ["08:00", "10:00"]
