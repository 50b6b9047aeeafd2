"""What each kind of answer of GitLab becomes in the raw store and in staging, on recorded and on written answers."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from ingest.gitlab.parse import routes
from ingest.items import Item, Json
from ingest.store import RawStore
from models.errors import SourceError
from tests.ingest.answers import NOON, answer, keep, parsed, recorded, replayed
from tests.staging import staged

PROJECT = "https://gitlab.example.com/api/v4/projects/7"
REQUEST = f"{PROJECT}/merge_requests/12"


def rows_of(name: str) -> list[dict[str, Any]]:
    with (recorded("gitlab") / f"_raw_gitlab_api_{name}.csv").open(encoding="utf-8") as file:
        return [{**row, "data": json.loads(row["data"])} for row in csv.DictReader(file)]


def note(number: int, body: str, by: str = "ben", *, system: bool = True, minute: int | None = None) -> Item:
    at = f"2026-06-30T10:{number if minute is None else minute:02d}:00.000Z"
    author = {"username": by}
    return {"id": number, "body": body, "author": author, "system": system, "created_at": at, "updated_at": at}


def noted(store: RawStore, *notes: Item) -> None:
    keep(store, routes(), answer(f"{REQUEST}/notes", list(notes)))


def approved(updated: str, *logins: str, at: str | None = "2026-06-30T09:00:00.000Z") -> Item:
    entries = [{"user": {"username": login}, **({"approved_at": at} if at else {})} for login in logins]
    return {"updated_at": updated, "approved_by": entries}


def decisions(store: RawStore, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in staged(store, "gitlab", "decision")]


def test_every_recorded_item_is_a_row(store: RawStore) -> None:
    """One row per merge request, commit of one, deployment, pipeline, job and issue, counted independently."""
    replayed(store, "gitlab", routes())
    for kind, names in {
        "deployment": ["deployments"],
        "issue": ["issues"],
        "run": ["pipeline", "pipeline_details"],
        "run_step": ["job", "trigger_job"],
    }.items():
        ids = {row["data"]["id"] for name in names for row in rows_of(name)}
        assert len(staged(store, "gitlab", kind)) == len(ids), kind
    names = ("merge_requests", "merge_requests_for_mr_commit_test", "merge_requests_for_mr_notes_test")
    requests = {(row["data"]["project_id"], row["data"]["iid"]) for name in names for row in rows_of(name)}
    assert {row["key"] for row in staged(store, "gitlab", "change")} == {f"{p}!{i}" for p, i in requests}
    commits = {(row["url"].split("/")[7], row["data"]["id"]) for row in rows_of("merge_request_commits")}
    assert len(staged(store, "gitlab", "commit")) == len(commits) == 37


def test_every_recorded_note_is_a_decision_or_an_event(store: RawStore) -> None:
    """26 notes: 5 approvals, and 21 events, the one that takes an approval back among them."""
    replayed(store, "gitlab", routes())
    notes = {str(row["data"]["id"]) for row in rows_of("merge_request_notes")}
    told = [row["key"].rpartition("/")[2] for row in staged(store, "gitlab", "decision")]
    assert len(told) == 5
    told += [row["key"].rpartition("/")[2] for row in staged(store, "gitlab", "event")]
    assert sorted(told) == sorted(notes)
    assert len(notes) == 26


def test_a_recorded_approval_taken_back_eight_seconds_later_is_dismissed(store: RawStore) -> None:
    """Approved, unapproved, approved again: two decisions, the first held for eight seconds."""
    replayed(store, "gitlab", routes())
    rows = [row for row in staged(store, "gitlab", "decision") if row["change_key"] == "12345678!37"]
    assert [(row["decided_by"], row["dismissed_by"]) for row in rows] == [
        ("basicthinker", "basicthinker"),
        ("basicthinker", None),
    ]
    assert rows[0]["dismissed_at"] - rows[0]["decided_at"] == timedelta(seconds=8, milliseconds=362)


def test_a_recorded_deployment_ends_with_its_job(store: RawStore) -> None:
    """Not with its last update, which comes later and for other reasons; running and blocked ones have not ended."""
    replayed(store, "gitlab", routes())
    rows = {row["key"]: row for row in staged(store, "gitlab", "deployment")}
    first = rows["13426753"]
    assert (first["environment"], first["status"], first["run_key"]) == ("staging", "success", "51653436")
    assert (first["finished_at"], first["time_quality"]) == (datetime(2019, 3, 13, 14, 17, 47, 640000), "exact")
    assert first["repository"] == "merico-dev/ee/vdev.co"
    assert {rows[key]["finished_at"] for key in rows if rows[key]["status"] in ("created", "running", "blocked")} == {
        None
    }


def test_a_push_that_resets_approvals_dismisses_each_of_them(store: RawStore) -> None:
    """The note names several people; each loses the approval at that instant, by who pushed."""
    noted(
        store,
        note(1, "approved this merge request", "ben"),
        note(2, "approved this merge request", "cora.d"),
        note(3, "reset approvals from @ben and @cora.d by pushing to the branch", "anna"),
        note(4, "approved this merge request", "ben"),
    )
    assert decisions(store, "decided_by", "dismissed_at", "dismissed_by") == [
        ("ben", datetime(2026, 6, 30, 10, 3), "anna"),
        ("cora.d", datetime(2026, 6, 30, 10, 3), "anna"),
        ("ben", None, None),
    ]
    assert [row["verb"] for row in staged(store, "gitlab", "event")] == ["approvals_reset"]


def test_requested_changes_are_a_decision(store: RawStore) -> None:
    """Saying no is one, too."""
    noted(store, note(1, "requested changes"))
    assert decisions(store, "decided_by", "verdict") == [("ben", "changes_requested")]


def test_an_approval_that_a_note_tells_of_is_counted_once(store: RawStore) -> None:
    """The list of approvals repeats what the note says; the note has the history, the list fills gaps."""
    noted(store, note(1, "approved this merge request", "ben"))
    keep(store, routes(), answer(f"{REQUEST}/approvals", approved("2026-06-30T11:00:00.000Z", "ben", "cora")))
    assert decisions(store, "decided_by", "key", "decided_at") == [
        ("ben", "7!12/1", datetime(2026, 6, 30, 10, 1)),
        ("cora", "approval/7!12/cora", datetime(2026, 6, 30, 9)),
    ]


def test_an_approval_no_longer_listed_is_not_in_force(store: RawStore) -> None:
    """The latest list decides, also when it is empty."""
    for updated, logins in (("2026-06-30T11:00:00Z", ("ben", "cora")), ("2026-06-30T12:00:00Z", ("cora",))):
        keep(store, routes(), answer(f"{REQUEST}/approvals", approved(updated, *logins)))
    assert decisions(store, "decided_by") == [("cora",)]
    keep(store, routes(), answer(f"{REQUEST}/approvals", approved("2026-06-30T13:00:00Z")))
    assert decisions(store, "decided_by") == []


def test_an_old_server_does_not_say_when_it_was_approved(store: RawStore) -> None:
    """Without a note and a time the approval counts and its instant stays unknown."""
    keep(store, routes(), answer(f"{REQUEST}/approvals", approved("2026-06-30T11:00:00Z", "ben", at=None)))
    assert decisions(store, "decided_by", "decided_at", "time_quality") == [("ben", None, None)]


def test_approvals_of_a_deployment_are_decisions_about_it(store: RawStore) -> None:
    """From the plain list and from rules; an approval that both state counts once."""
    given = {"user": {"username": "ben"}, "status": "approved", "created_at": "2026-06-30T10:00:00Z", "comment": "go"}
    refused = {"user": {"username": "cora"}, "status": "rejected", "created_at": "2026-06-30T10:05:00Z"}
    rules = {"rules": [{"access_level_description": "qa-group", "deployment_approvals": [given, refused]}]}
    page = {"id": 5, "sha": "d" * 40, "environment": {"name": "production"}, "approvals": [given]}
    keep(store, routes(), answer(f"{PROJECT}/deployments/5", {**page, "approval_summary": rules}))
    names = ("deployment_key", "environment", "decided_by", "verdict", "comment", "authority", "revision")
    assert decisions(store, *names) == [
        ("5", "production", "ben", "approved", "go", "qa-group", "d" * 40),
        ("5", "production", "cora", "rejected", None, "qa-group", "d" * 40),
    ]


@pytest.mark.parametrize(
    ("body", "verb"),
    [
        ("added 2 commits\n\n<ul>…</ul>", "pushed"),
        ("marked this merge request as **ready**", "ready_for_review"),
        ("unmarked as a **Work In Progress**", "ready_for_review"),
        ("marked this merge request as **draft**", "converted_to_draft"),
        ("requested review from @cora", "review_requested"),
        ("merged", "merged"),
        ("closed", "closed"),
        ("reopened", "reopened"),
        ("changed title from **a** to **b**", "renamed"),
        ("enabled an automatic merge when all merge checks pass", "auto_merge_enabled"),
        ("did something new", "noted"),
    ],
)
def test_what_gitlab_wrote_down_is_named(body: str, verb: str, store: RawStore) -> None:
    """System notes have a verb; one nobody knows is kept as noted, never dropped."""
    noted(store, note(1, body))
    assert [(row["verb"], row["subject_key"]) for row in staged(store, "gitlab", "event")] == [(verb, "7!12")]


def test_a_comment_is_a_comment_whatever_it_says(store: RawStore) -> None:
    """People write 'approved this merge request' by hand; only GitLab's own note is an approval."""
    noted(store, note(1, "approved this merge request", system=False))
    assert decisions(store, "key") == []
    assert [row["verb"] for row in staged(store, "gitlab", "event")] == ["commented"]


def test_a_pipelines_own_page_is_not_hidden_by_a_later_list(store: RawStore) -> None:
    """The list says less; read after the page it must not take away when the pipeline ran and for whom."""
    line: Item = {"id": 5, "project_id": 7, "status": "success", "ref": "refs/merge-requests/12/head"}
    line |= {"created_at": "2026-06-30T10:00:00Z", "updated_at": "2026-06-30T10:09:00Z"}
    page = {**line, "user": {"username": "anna"}, "finished_at": "2026-06-30T10:09:00Z"}
    keep(store, routes(), answer(f"{PROJECT}/pipelines", [line]), answer(f"{PROJECT}/pipelines/5", page))
    keep(store, routes(), answer(f"{PROJECT}/pipelines?page=1", [line], fetched_at=NOON + timedelta(hours=1)))
    (row,) = staged(store, "gitlab", "run")
    assert (row["triggered_by"], row["change_key"], row["outcome"]) == ("anna", "7!12", "success")
    assert row["finished_at"] == datetime(2026, 6, 30, 10, 9)


def test_a_deployment_without_a_job_ended_no_later_than_first_seen_done(store: RawStore) -> None:
    """Deployments made over the API have no job: the earliest update that says success bounds the end."""
    for hour, status in ((9, "running"), (10, "success"), (15, "success")):
        item = {"id": 5, "status": status, "sha": "a" * 40, "created_at": "2026-06-30T08:00:00Z", "deployable": None}
        item["updated_at"] = f"2026-06-30T{hour:02d}:00:00Z"
        keep(store, routes(), answer(f"{PROJECT}/deployments", [item]))
    (row,) = staged(store, "gitlab", "deployment")
    assert (row["finished_at"], row["time_quality"]) == (datetime(2026, 6, 30, 10), "bounded")


@pytest.mark.parametrize(
    ("fields", "revision"),
    [
        ({"merge_commit_sha": "m", "squash_commit_sha": "s"}, "m"),
        ({"merge_commit_sha": None, "squash_commit_sha": "s"}, "s"),
        ({}, "head"),
        ({"state": "opened"}, None),
    ],
)
def test_what_brought_a_change_in_depends_on_how_it_was_merged(
    fields: Item, revision: str | None, store: RawStore
) -> None:
    """Merge commit, squashed commit, or the head itself when fast-forwarded; nothing before the merge."""
    item = {"project_id": 7, "iid": 12, "state": "merged", "sha": "head", "created_at": "2026-06-30T08:00:00Z"}
    keep(store, routes(), answer(f"{PROJECT}/merge_requests", [{**item, **fields}]))
    assert staged(store, "gitlab", "change")[0]["merge_revision"] == revision


def test_a_revert_names_what_it_reverts(store: RawStore) -> None:
    """GitLab writes the reference into the description."""
    item = {"project_id": 7, "iid": 13, "state": "opened", "created_at": "2026-06-30T08:00:00Z"}
    item["description"] = "This reverts merge request !12"
    keep(store, routes(), answer(f"{PROJECT}/merge_requests", [item]))
    assert staged(store, "gitlab", "change")[0]["reverts_key"] == "7!12"


def test_co_authors_are_read_from_the_message(store: RawStore) -> None:
    """Trailers name them by address, however they are spelled."""
    commit = {
        "id": "c1",
        "message": "Fix\n\nCo-authored-by: Cora <cora@example.com>\nco-authored-by: D <d@example.com>",
    }
    commit["author_email"] = "12-anna@users.noreply.gitlab.example.com"
    keep(store, routes(), answer(f"{REQUEST}/commits", [commit]))
    (row,) = staged(store, "gitlab", "commit")
    assert (row["co_authors"], row["author"]) == ("cora@example.com|d@example.com", "anna")
    assert (row["change_key"], row["revision"]) == ("7!12", "c1")


def test_a_release_ahead_of_its_date_is_planned(store: RawStore) -> None:
    """Its date is a plan until it is reached."""
    ahead = {"tag_name": "v2", "created_at": "2026-06-01T08:00:00Z", "released_at": "2027-01-01T08:00:00Z"}
    done = {"tag_name": "v1", "created_at": "2026-06-01T08:00:00Z", "released_at": "2026-06-02T08:00:00Z"}
    keep(store, routes(), answer(f"{PROJECT}/releases", [{**ahead, "upcoming_release": True}, done]))
    rows = [
        (row["key"], row["status"], row["planned_at"], row["released_at"]) for row in staged(store, "gitlab", "release")
    ]
    assert rows == [
        ("7/v1", "released", None, datetime(2026, 6, 2, 8)),
        ("7/v2", "upcoming", datetime(2027, 1, 1, 8), None),
    ]


def test_an_incident_is_resolved_when_closed(store: RawStore) -> None:
    """Other issues are closed without having been an incident."""
    base = {
        "project_id": 7,
        "state": "closed",
        "created_at": "2026-06-01T08:00:00Z",
        "closed_at": "2026-06-01T09:00:00Z",
    }
    issue = {**base, "iid": 1, "issue_type": "issue", "severity": "UNKNOWN"}
    incident = {**base, "iid": 2, "issue_type": "incident", "severity": "HIGH"}
    keep(store, routes(), answer(f"{PROJECT}/issues", [issue, incident]))
    rows = [(row["key"], row["severity"], row["resolved_at"]) for row in staged(store, "gitlab", "issue")]
    assert rows == [("7#1", None, None), ("7#2", "high", datetime(2026, 6, 1, 9))]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"iid": 2}, "has no 'project_id'"),
        ({"project_id": 7}, "has no 'iid'"),
        ({"project_id": 7, "iid": 2, "merged_at": "soon"}, "'merged_at' is no instant with an offset: 'soon'"),
        (None, "is not a JSON object"),
    ],
)
def test_a_bad_merge_request_is_set_aside_and_the_good_ones_are_kept(bad: Json, reason: str, store: RawStore) -> None:
    """One item never costs the page, and its reason is written down."""
    good = {"project_id": 7, "iid": 1, "state": "opened", "created_at": "2026-06-30T08:00:00Z"}
    keep(store, routes(), answer(f"{PROJECT}/merge_requests", [bad, good]))
    assert [row["key"] for row in staged(store, "gitlab", "change")] == ["7!1"]
    assert store.con.execute("select reason from raw.rejected").fetchall() == [(reason,)]


def test_an_error_with_status_200_is_no_empty_page() -> None:
    """A message instead of a list must not look like 'nothing new'."""
    with pytest.raises(SourceError, match="without a list"):
        parsed(routes(), answer(f"{PROJECT}/merge_requests", {"message": "maintenance"}))
