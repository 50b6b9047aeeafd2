"""Proposals for what code hosts and change tools answer: nested people, reviewers, approvals in a file of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.files.importing import import_file
from ingest.files.mapping import load_mapping
from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import records
from tests.ingest.files.test_suggest import proposed
from tests.metrics.real import MAPPINGS

AZURE = {
    "pullRequestId": 7, "status": "completed", "createdBy": {"displayName": "Ann Lee", "uniqueName": "ann@example.org"},
    "closedBy": {"displayName": "Bob Ray", "uniqueName": "bob@example.org"}, "creationDate": "2026-03-01T08:00:00Z",
    "closedDate": "2026-03-02T08:00:00Z", "title": "One", "sourceRefName": "refs/heads/one",
    "repository": {"name": "web"}, "lastMergeCommit": {"commitId": "a" * 40},
    "reviewers": [
        {"uniqueName": "bob@example.org", "vote": 10},
        {"uniqueName": "cat@example.org", "vote": -5},
        {"uniqueName": "dan@example.org", "vote": 0},
        {"uniqueName": "vstfs:///team", "vote": 10, "isContainer": True},
    ],
}  # fmt: skip


def test_a_pull_request_has_its_people_and_the_votes_of_its_reviewers(store: RawStore, tmp_path: Path) -> None:
    """No vote is no decision, and a group's vote is that of a member who is listed too; a vote has no instant."""
    abandoned = {**AZURE, "pullRequestId": 8, "status": "abandoned", "reviewers": []}
    proposed(store, tmp_path, json.dumps({"value": [AZURE, abandoned]}), "pulls.json")
    one, other = records(store, "record_changes")
    assert (one["requested_by"], one["merged_by"], one["record_type"]) == (
        "ann@example.org", "bob@example.org", "pull_request",
    )  # fmt: skip
    assert (one["merged_at"], one["merge_revision"]) == ("2026-03-02T08:00:00Z", "a" * 40)
    assert (other.get("merged_at"), other.get("merged_by")) == (None, None)
    decisions = sorted(
        (row["decided_by"], row["verdict"], row.get("decided_at")) for row in records(store, "record_decisions")
    )
    assert decisions == [("bob@example.org", "approved", None), ("cat@example.org", "changes_requested", None)]


def test_a_participants_last_act_bounds_when_they_approved(store: RawStore, tmp_path: Path) -> None:
    """The approval is that act or came before it; who only took part decided nothing."""
    text = json.dumps(
        {"values": [{
            "id": 3, "type": "pullrequest", "state": "MERGED", "title": "One", "created_on": "2026-03-01T08:00:00Z",
            "updated_on": "2026-03-03T08:00:00Z", "author": {"display_name": "Ann", "account_id": "1:a"},
            "closed_by": {"display_name": "Bob", "account_id": "1:b"}, "merge_commit": {"hash": "abcdef123456"},
            "source": {"branch": {"name": "one"}, "commit": {"hash": "123456abcdef"}},
            "participants": [
                {"user": {"display_name": "Bob", "account_id": "1:b"}, "state": "approved", "approved": True,
                 "participated_on": "2026-03-02T08:00:00Z"},
                {"user": {"display_name": "Cat", "account_id": "1:c"}, "state": None, "approved": False,
                 "participated_on": "2026-03-02T09:00:00Z"},
            ],
        }]}
    )  # fmt: skip
    proposed(store, tmp_path, text, "bitbucket.json")
    (change,) = records(store, "record_changes")
    assert (change["requested_by"], change["merged_by"], change.get("change_type")) == ("1:a", "1:b", None)
    assert (change["head_revision"], change["merge_revision"]) == ("123456abcdef", "abcdef123456")
    (decision,) = records(store, "record_decisions")
    assert (decision["decided_by"], decision["decided_at"], decision["time_quality"]) == (
        "1:b", "2026-03-02T08:00:00Z", "bounded",
    )  # fmt: skip


def test_a_file_of_approvals_says_when_each_was_asked_for_and_given(store: RawStore, tmp_path: Path) -> None:
    """What only asks, or is no longer needed, decided nothing; it was asked for all the same."""
    text = (
        "State,Approver,Approval for,Created,Updated\n"
        "Approved,Bob,CHG1,2026-03-01 08:00:00,2026-03-01 09:00:00\n"
        "Requested,Cat,CHG1,2026-03-01 08:00:00,2026-03-01 08:00:00\n"
        "No Longer Required,Dan,CHG1,2026-03-01 08:30:00,2026-03-01 09:00:00\n"
    )
    proposed(store, tmp_path, text, "sysapproval_approver.csv")
    (decision,) = records(store, "record_decisions")
    assert (decision["decided_by"], decision["change_key"], decision["decided_at"]) == (
        "Bob",
        "CHG1",
        "2026-03-01T09:00:00Z",
    )
    asked = records(store, "record_events")
    assert {(row["verb"], row["subject_key"]) for row in asked} == {("approval_requested", "CHG1")}
    assert {row["occurred_at"] for row in asked} == {"2026-03-01T08:00:00Z", "2026-03-01T08:30:00Z"}


def test_a_file_in_which_nothing_says_what_a_row_is_gets_no_proposal(tmp_path: Path) -> None:
    """Service levels with a start are no changes with a planned window."""
    path = tmp_path / "task_sla.csv"
    path.write_text(
        "Task,SLA definition,Stage,Start time,Stop time\nCHG1,4h,Completed,2026-03-01 08:00:00,\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="what kind of record a row is"):
        suggest_mapping(path)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        (
            "ado_deployments.json",
            {"id": 1, "releaseDefinition": {"name": "pay"}, "releaseEnvironment": {"name": "Prod"},
             "release": {"name": "R-1"}, "deploymentStatus": "succeeded", "startedOn": "2026-03-01T08:00:00Z",
             "completedOn": "2026-03-01T08:10:00Z", "requestedFor": {"uniqueName": "ann@example.org"}},
            ("pay", "Prod", "succeeded", "2026-03-01T08:00:00Z", "2026-03-01T08:10:00Z", "ann@example.org"),
        ),
        (
            "spinnaker_executions.json",
            {"id": "01H", "application": "pay", "name": "Deploy", "status": "TERMINAL", "buildTime": 1772352000000,
             "startTime": 1772352000000, "endTime": 1772352600000, "trigger": {"type": "manual", "user": "ann"}},
            ("pay", None, "TERMINAL", "2026-03-01T08:00:00Z", "2026-03-01T08:10:00Z", "ann"),
        ),
        (
            "argocd_history.json",
            {"id": 1, "app": "pay", "revision": "a" * 40, "deployStartedAt": "2026-03-01T08:00:00Z",
             "deployedAt": "2026-03-01T08:10:00Z", "initiatedBy": {"username": "ann"}},
            ("pay", None, None, "2026-03-01T08:00:00Z", "2026-03-01T08:10:00Z", "ann"),
        ),
    ],
    ids=("azure", "spinnaker", "argo"),
)  # fmt: skip
def test_what_a_deployment_tool_answers_is_read_as_deployments(
    store: RawStore, tmp_path: Path, name: str, row: dict[str, object], expected: tuple[str | None, ...]
) -> None:
    """Its service, environment, result, instants and who; an environment that nobody states stays unknown."""
    proposed(store, tmp_path, json.dumps([row]), name)
    (found,) = records(store, "record_deployments")
    fields = ("service", "environment", "status", "started_at", "finished_at", "deployed_by")
    assert tuple(found.get(field) for field in fields) == expected


def test_a_review_that_is_submitted_is_merged_by_it(store: RawStore, tmp_path: Path) -> None:
    """It did not ask for approval then, which would be after all that was decided."""
    text = (
        "_number,project,subject,status,owner,created,submitted,submitter\n"
        "1,ops,One,MERGED,ann,2026-03-01 08:00:00.000000000,2026-03-02 08:00:00.000000000,bob\n"
    )
    proposed(store, tmp_path, text, "gerrit_changes.csv")
    (change,) = records(store, "record_changes")
    assert (change["merged_at"], change["merged_by"]) == ("2026-03-02T08:00:00Z", "bob")
    assert (change.get("requested_at"), change["record_type"]) == (None, "pull_request")


def test_a_deployments_approvals_are_decisions_on_it(store: RawStore, tmp_path: Path) -> None:
    """Who let it go, and when; a login goes before the name of the same person."""
    row = {
        "id": 5, "sha": "a" * 40, "status": "success", "created_at": "2026-03-01T08:00:00Z",
        "user": {"name": "Ann Lee", "username": "ann"}, "environment": {"name": "production"},
        "deployable": {"started_at": "2026-03-01T08:05:00Z", "finished_at": "2026-03-01T08:15:00Z"},
        "approvals": [{"user": {"name": "Bob Ray", "username": "bob"}, "status": "approved",
                       "created_at": "2026-03-01T08:02:00Z"}],
    }  # fmt: skip
    proposed(store, tmp_path, json.dumps([row]), "gitlab_deployments.json")
    (deployment,) = records(store, "record_deployments")
    assert (deployment["deployed_by"], deployment["environment"]) == ("ann", "production")
    (decision,) = records(store, "record_decisions")
    assert (decision["deployment_key"], decision["decided_by"], decision["decided_at"]) == (
        "5",
        "bob",
        "2026-03-01T08:02:00Z",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "jenkins.json",
            '{"builds":[{"number":1,"result":"SUCCESS","timestamp":1772352000000,"duration":60000,"url":"https://j/1"}]}',
        ),
        (
            "upload_history.csv",
            "source,version,distribution,date,changed_by\nnginx,1,unstable,2026-03-01 08:00:00,Ann\n",
        ),
    ],
    ids=("builds", "uploads"),
)
def test_what_is_no_kind_of_record_gets_no_proposal(tmp_path: Path, name: str, text: str) -> None:
    """A numbered build is no change request, and something that happened to nothing is no event."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="what kind of record a row is"):
        suggest_mapping(path)


def test_objects_line_by_line_are_read_whatever_the_files_name_says(tmp_path: Path) -> None:
    """Some tools call it .json."""
    path = tmp_path / "deployments.json"
    line = '{"id":"1","service":"pay","environment":"prod","status":"success","started_at":"2026-03-01T08:00:00Z"}'
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    assert 'format = "jsonl"' in suggest_mapping(path)


def event(kind: str, at: str, actor: str, **payload: object) -> dict[str, object]:
    return {
        "id": at, "type": kind, "actor": {"login": actor}, "repo": {"name": "acme/web"}, "payload": payload,
        "created_at": f"2026-03-01T{at}:00Z",
    }  # fmt: skip


def test_public_events_of_one_pull_request_are_one_change(store: RawStore, tmp_path: Path) -> None:
    """The latest says how it stands, also where an event says only what was done; a proposal points to the mapping."""
    whole = {
        "number": 1,
        "title": "One",
        "state": "open",
        "user": {"login": "ann"},
        "created_at": "2026-03-01T08:00:00Z",
    }
    merged = {
        **whole,
        "state": "closed",
        "merged": True,
        "merged_at": "2026-03-01T10:00:00Z",
        "merged_by": {"login": "bob"},
    }
    review = {
        "id": 9,
        "state": "approved",
        "user": {"login": "bob"},
        "submitted_at": "2026-03-01T09:00:00Z",
        "commit_id": "c",
    }
    events = [
        event("PullRequestEvent", "08:00", "ann", action="opened", pull_request=whole),
        event("PullRequestReviewEvent", "09:00", "bob", action="created", review=review, pull_request={"number": 1}),
        event("PullRequestEvent", "10:00", "bob", action="closed", pull_request=merged),
        event("PullRequestEvent", "08:30", "cat", action="opened", pull_request={"number": 2, "url": "u"}),
        event("PushEvent", "10:00", "bob", push_id=3),
    ]
    path = tmp_path / "2026-03-01-8.json"
    path.write_text("\n".join(json.dumps(one) for one in events), encoding="utf-8")
    with pytest.raises(InputError, match="a mapping for them is shipped"):
        suggest_mapping(path)
    import_file(store, path, load_mapping(MAPPINGS / "github-archive-events.toml"))
    stored = {(row["key"], row["state"]): row for row in records(store, "record_changes")}
    assert set(stored) == {("acme/web#1", "open"), ("acme/web#1", "merged"), ("acme/web#2", "open")}
    assert stored["acme/web#1", "merged"]["merged_by"] == "bob"
    assert stored["acme/web#1", "merged"]["updated_at"] > stored["acme/web#1", "open"]["updated_at"]
    assert stored["acme/web#2", "open"]["requested_by"] == "cat"
    (decision,) = records(store, "record_decisions")
    assert (decision["change_key"], decision["verdict"], decision["decided_by"]) == ("acme/web#1", "approved", "bob")


@pytest.mark.parametrize(("column", "is_both"), [("deployed_at", True), ("timestamp", True), ("started_at", False)])
def test_a_deployments_one_instant_stands_for_both_unless_it_is_a_start(
    store: RawStore, tmp_path: Path, column: str, is_both: bool
) -> None:
    """Without an end it would be in no rate of finished deployments; it is marked as inferred."""
    text = f"service,env,sha,{column},outcome\npay,production,abc,2026-03-01 08:00:00,success\n"
    proposed(store, tmp_path, text, "deployments.csv")
    (found,) = records(store, "record_deployments")
    assert found["started_at"] == "2026-03-01T08:00:00Z"
    both = ("2026-03-01T08:00:00Z", "inferred") if is_both else (None, None)
    assert (found.get("finished_at"), found.get("time_quality")) == both


def test_each_of_several_who_approved_in_one_cell_is_an_approver(store: RawStore, tmp_path: Path) -> None:
    """Together they would be a person whom nobody knows, who is never the requester."""
    text = (
        "Change ID,Title,Change Requester,Change Owner,Created Time,Approver(s),Approved Time\n"
        "C1,One,Cat Fox,Ops,2026-03-01 08:00:00,Bob Ray; Cat Fox,2026-03-01 09:00:00\n"
        "C2,Two,Dan,Ops,2026-03-01 08:00:00,Eve,2026-03-01 10:00:00\nC3,Three,Dan,Ops,2026-03-01 08:00:00,Eve,\n"
    )
    proposed(store, tmp_path, text, "changes.csv")
    assert [row["requested_by"] for row in records(store, "record_changes")] == ["Cat Fox", "Dan", "Dan"]
    decided = sorted(
        (row["change_key"], row["decided_by"], row["decided_at"]) for row in records(store, "record_decisions")
    )
    assert decided == [
        ("C1", "Bob Ray", "2026-03-01T09:00:00Z"),
        ("C1", "Cat Fox", "2026-03-01T09:00:00Z"),
        ("C2", "Eve", "2026-03-01T10:00:00Z"),
    ]


def test_a_boards_decision_says_who_and_when(store: RawStore, tmp_path: Path) -> None:
    """What is deferred is not decided."""
    text = (
        "RFC,Title,Submitted by,CAB date,Decision,Decided by,Conditions\n"
        "C1,One,Ann,2026-03-12,Approved with conditions,Chair,Rollback tested\nC2,Two,Ann,2026-03-12,Deferred,Chair,\n"
    )
    proposed(store, tmp_path, text, "cab.csv")
    (decision,) = records(store, "record_decisions")
    assert (decision["change_key"], decision["verdict"], decision["decided_by"]) == ("C1", "approved", "Chair")
    assert decision["decided_at"] == "2026-03-12T00:00:00Z"
    assert records(store, "record_changes")[0]["conditions"] == "Rollback tested"


def test_a_column_called_time_is_no_instant_beside_a_date(store: RawStore, tmp_path: Path) -> None:
    """The next column whose name speaks for the instant is taken, and both together are read."""
    text = "Date,Time,Application,Environment,Status\n13/03/2026,10:15,pay,PROD,OK\n14/03/2026,11:15,pay,PROD,OK\n"
    proposed(store, tmp_path, text, "deploy_log.csv")
    started = sorted(row["started_at"] for row in records(store, "record_deployments"))
    assert started == ["2026-03-13T10:15:00Z", "2026-03-14T11:15:00Z"]
