"""Proposals for what tools answer as JSON: rows behind objects, votes, runs, statuses, and names in addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.store import RawStore
from tests.ingest.files.making import records, rejected
from tests.ingest.files.test_suggest import proposed

ANN, BOB = ({"_account_id": n, "name": name.title(), "username": name} for n, name in enumerate(("ann", "bob")))
GERRIT = {
    "id": "ops~I1", "_number": 7, "project": "ops", "subject": "One", "status": "MERGED", "owner": ANN,
    "created": "2026-03-01 08:00:00.000000000", "updated": "2026-03-01 12:00:00.000000000",
    "submitted": "2026-03-01 12:00:00.000000000", "submitter": BOB, "current_revision": "a" * 40,
    "labels": {"Code-Review": {"all": [
        {"value": 2, "date": "2026-03-01 11:00:00.000000000", **BOB}, {"value": 0, **ANN}, {"_account_id": 9}]}},
}  # fmt: skip
ZUUL = {
    "uuid": "u1", "job_name": "promote-site", "result": "POST_FAILURE", "pipeline": "promote", "duration": 60.0,
    "start_time": "2026-03-01T08:00:00", "end_time": "2026-03-01T08:01:00", "event_timestamp": "2026-03-01T07:59:00",
    "ref": {"project": "ops", "branch": "main", "change": 7, "newrev": None}, "buildset": {"uuid": "b1"},
}  # fmt: skip


def test_gerrit_s_answers_are_read_behind_their_guard(store: RawStore, tmp_path: Path) -> None:
    """What is submitted is merged, by whoever submitted; each vote of a label is one, also 0, which decides nothing."""
    text = ")]}'\n" + json.dumps([GERRIT])
    proposed(store, tmp_path, text, "changes.json")
    (change,) = records(store)
    assert (change["requested_by"], change["merged_by"], change["merged_at"], change.get("requested_at")) == (
        "ann",
        "bob",
        "2026-03-01T12:00:00Z",
        None,
    )
    votes = {vote["voter"]: vote for vote in records(store, "record_votes")}
    assert (votes["bob"]["label"], votes["bob"]["value"], votes["bob"]["voted_at"]) == (
        "Code-Review",
        2,
        "2026-03-01T11:00:00Z",
    )
    assert {vote["change_key"] for vote in votes.values()} == {"7"} and votes["ann"]["value"] == 0 and len(votes) == 2


def test_gerrit_s_query_names_the_label_of_each_vote(store: RawStore, tmp_path: Path) -> None:
    """In seconds since 1970, on the patch set around it; the line that counts the others is none."""
    row = {
        "project": "ops", "number": 7, "subject": "One", "owner": {"username": "ann"}, "createdOn": 1772352000,
        "status": "MERGED", "currentPatchSet": {"number": 1, "revision": "a" * 40, "approvals": [
            {"type": "Code-Review", "value": "2", "grantedOn": 1772355600, "by": {"username": "bob"}},
            {"type": "SUBM", "value": "1", "grantedOn": 1772355660, "by": {"username": "bob"}}]},
    }  # fmt: skip
    proposed(store, tmp_path, f'{json.dumps(row)}\n{{"type":"stats","rowCount":1}}\n', "query.json")
    votes = {vote["label"]: vote for vote in records(store, "record_votes")}
    assert (votes["Code-Review"]["voted_at"], votes["Code-Review"]["revision"]) == ("2026-03-01T09:00:00Z", "a" * 40)
    assert records(store)[0]["head_revision"] == "a" * 40


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("builds.json", [ZUUL], ("promote-site", "promote", "ops", "POST_FAILURE", "7", "2026-03-01T08:01:00Z")),
        (
            "workflows.json",
            {"items": [{"id": "w1", "name": "deploy", "project_slug": "gh/acme/shop", "status": "success",
                        "created_at": "2026-03-01T08:00:00Z", "stopped_at": "2026-03-01T08:01:00Z"}]},
            ("deploy", None, "gh/acme/shop", "success", None, "2026-03-01T08:01:00Z"),
        ),
        (
            "buildkite.json",
            [{"id": "k1", "number": 1, "state": "passed", "commit": "a" * 40, "message": "m", "branch": "main",
              "pipeline": {"name": "Deploy shop", "slug": "deploy-shop"}, "created_at": "2026-03-01T08:00:00Z",
              "started_at": "2026-03-01T08:00:30Z", "finished_at": "2026-03-01T08:01:00Z"}],
            ("Deploy shop", None, None, "passed", None, "2026-03-01T08:01:00Z"),
        ),
    ],
    ids=("zuul", "circleci", "buildkite"),
)  # fmt: skip
def test_runs_of_pipelines_are_runs_and_neither_changes_nor_incidents(
    store: RawStore, tmp_path: Path, name: str, document: object, expected: tuple[str | None, ...]
) -> None:
    """Which of them deploy is told by their names; that no environment is stated is said."""
    toml, _ = proposed(store, tmp_path, json.dumps(document), name)
    (run,) = records(store, "record_runs")
    found = (run["name"], run.get("workflow"), run.get("repository"), run.get("outcome", run.get("status")))
    assert (*found, run.get("change_key"), run["finished_at"]) == expected
    assert "no column says the environment" in toml


def test_reviews_and_statuses_name_what_they_are_of_in_an_address(store: RawStore, tmp_path: Path) -> None:
    """GitHub answers with the address of the pull request and of the deployment, and with nothing else of them."""
    api = "https://api.github.com/repos/acme/shop"
    review = {
        "id": 1, "user": {"login": "bob"}, "state": "APPROVED", "submitted_at": "2026-03-01T08:00:00Z",
        "commit_id": "a" * 40, "pull_request_url": f"{api}/pulls/12",
    }  # fmt: skip
    status = {
        "id": 2, "state": "success", "creator": {"login": "ann"}, "created_at": "2026-03-01T08:00:00Z",
        "environment": "production", "deployment_url": f"{api}/deployments/5",
    }  # fmt: skip
    deployment = {
        "id": 5, "sha": "a" * 40, "environment": "production", "creator": {"login": "ann"},
        "created_at": "2026-03-01T08:00:00Z", "statuses_url": f"{api}/deployments/5/statuses", "repository_url": api,
    }  # fmt: skip
    for name, row in (("reviews", review), ("deployment_statuses", status), ("deployments", deployment)):
        proposed(store, tmp_path, json.dumps([row]), f"{name}.json")
    (decision,) = records(store, "record_decisions")
    assert (decision["change_key"], decision["decided_by"], decision["revision"]) == ("12", "bob", "a" * 40)
    (read,) = records(store, "record_deployment_statuses")
    assert (read["deployment_key"], read["status"], read["occurred_at"]) == ("5", "success", "2026-03-01T08:00:00Z")
    (deployed,) = records(store, "record_deployments")
    assert (deployed["repository"], deployed["deployed_by"]) == ("acme/shop", "ann")


def test_that_somebody_approved_is_no_instant(store: RawStore, tmp_path: Path) -> None:
    """Bitbucket Server says ``approved: true`` and not when; merged it is when it was closed as merged."""
    people = [{"user": {"name": name, "emailAddress": f"{name}@example.org"}} for name in ("ann", "bob")]
    row = {
        "id": 3, "title": "One", "state": "MERGED", "createdDate": 1772352000000, "closedDate": 1772355600000,
        "fromRef": {"displayId": "f", "latestCommit": "a" * 40, "repository": {"slug": "pay"}},
        "toRef": {"displayId": "main", "repository": {"slug": "pay"}}, "author": people[0],
        "reviewers": [{**people[1], "approved": True, "status": "APPROVED"}],
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"size": 1, "values": [row]}), "answer.json")
    (change,) = records(store)
    assert (change["merged_at"], change["repository"], change["head_revision"]) == (
        "2026-03-01T09:00:00Z",
        "pay",
        "a" * 40,
    )
    (decision,) = records(store, "record_decisions")
    assert (decision["decided_by"], decision["verdict"], decision.get("decided_at")) == (
        "bob@example.org",
        "approved",
        None,
    )
    assert rejected(store) == []


def test_rows_and_lists_behind_objects_are_found(store: RawStore, tmp_path: Path) -> None:
    """Phabricator puts revisions under ``result.data``, what they say under ``fields``, reviewers deeper still."""
    row = {
        "id": 30, "phid": "PHID-DREV-1",
        "fields": {"title": "One", "authorPHID": "PHID-USER-ann", "status": {"value": "published"},
                   "diffPHID": "PHID-DIFF-1", "dateCreated": 1772352000, "dateModified": 1772355600},
        "attachments": {"reviewers": {"reviewers": [{"reviewerPHID": "PHID-USER-bob", "status": "accepted"},
                                                    {"reviewerPHID": "PHID-USER-cat", "status": "added"}]}},
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"result": {"data": [row], "maps": {}}, "error_code": None}), "search.json")
    (change,) = records(store)
    assert (change["key"], change["title"], change["requested_by"]) == ("30", "One", "PHID-USER-ann")
    (decision,) = records(store, "record_decisions")
    assert (decision["change_key"], decision["decided_by"]) == ("30", "PHID-USER-bob")


def test_announced_maintenance_is_a_window_and_no_incident(store: RawStore, tmp_path: Path) -> None:
    """What was planned and when it was worked on stand side by side."""
    row = {
        "id": "m1", "name": "Upgrade", "status": "completed", "created_at": "2026-02-27T08:00:00Z",
        "started_at": "2026-03-01T08:05:00Z", "resolved_at": "2026-03-01T09:30:00Z", "impact": "maintenance",
        "scheduled_for": "2026-03-01T08:00:00Z", "scheduled_until": "2026-03-01T10:00:00Z",
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps({"scheduled_maintenances": [row]}), "answer.json")
    (window,) = records(store, "record_windows")
    instants = ("planned_start_at", "planned_end_at", "actual_start_at", "actual_end_at")
    assert [window[name][11:16] for name in instants] == ["08:00", "10:00", "08:05", "09:30"]


def test_a_column_that_is_blank_somewhere_is_no_key_where_another_is_filled(store: RawStore, tmp_path: Path) -> None:
    """Every row without it would be set aside; Bodhi's "request" is what an update asks for next."""
    row = {"title": "One", "status": "stable", "request": None, "date_submitted": "2026-03-01 08:00:00"}
    updates = [{**row, "updateid": "F-1"}, {**row, "updateid": "F-2", "request": "testing"}]
    proposed(store, tmp_path, json.dumps({"updates": updates, "pages": 1}), "bodhi_updates.json")
    assert [change["key"] for change in records(store)] == ["F-1", "F-2"]


def test_activities_of_incidents_are_events_and_no_incidents(store: RawStore, tmp_path: Path) -> None:
    """Four lines of one incident's history would be one incident that has nothing but a team."""
    text = (
        "Incident ID;DateStamp;IncidentActivity_Number;IncidentActivity_Type;Assignment Group;KM number\n"
        "IM1;07-01-2013 08:17:51;001A1;Open;TEAM0001;KM1\nIM1;17-01-2013 08:17:51;001A2;Closed;TEAM0001;KM1\n"
    )
    proposed(store, tmp_path, text, "Detail_Incident_Activity.csv")
    events = records(store, "record_events")
    assert {(event["subject_kind"], event["subject_key"], event["verb"]) for event in events} == {
        ("incident", "IM1", "Open"),
        ("incident", "IM1", "Closed"),
    }


def test_only_a_trackers_changes_have_windows_of_changes(store: RawStore, tmp_path: Path) -> None:
    """An incident with a start would be one more scheduled change."""
    text = (
        "Issue key,Issue Type,Summary,Created,Custom field (Change start date)\n"
        "CHG-1,[System] Change,One,01/Mar/26 8:00 AM,02/Mar/26 8:00 AM\n"
        "CHG-2,[System] Incident,Two,01/Mar/26 8:00 AM,02/Mar/26 8:00 AM\n"
    )
    proposed(store, tmp_path, text, "jira.csv")
    assert [window["change_key"] for window in records(store, "record_windows")] == ["CHG-1"]


def test_a_log_of_when_rows_were_made_lists_what_was_deployed(store: RawStore, tmp_path: Path) -> None:
    """Its one instant is start and end, marked as inferred; where statuses are told elsewhere, it is neither."""
    row = {"deploy_id": "d1", "time_created": "2026-03-01 08:00:00 UTC", "main_commit": "a" * 40}
    proposed(store, tmp_path, json.dumps([row]), "deployments.json")
    proposed(store, tmp_path, json.dumps([{**row, "deploy_id": "d2", "statuses_url": "u"}]), "deployments2.json")
    first, second = records(store, "record_deployments")
    assert (first["finished_at"], first["time_quality"], first["revision"]) == (
        "2026-03-01T08:00:00Z",
        "inferred",
        "a" * 40,
    )
    assert "finished_at" not in second and "started_at" not in second
