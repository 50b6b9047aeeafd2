"""Answers of tools in several files, each imported as it is proposed, give the numbers that a person reads off them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.metrics.reading import one
from tests.metrics.test_files_together import built

API = "https://api.github.com/repos/acme/shop"


def test_statuses_of_a_file_of_their_own_are_of_the_deployments_that_they_name(tmp_path: Path) -> None:
    """Two deployments of which one failed; a finish is the first success, half an hour after the start."""
    deployments = [
        {"id": n, "sha": f"{n:040x}", "environment": "production", "creator": {"login": "ann"},
         "created_at": f"2026-03-0{n}T08:00:00Z", "repository_url": API}
        for n in (1, 2)
    ]  # fmt: skip
    statuses = [
        {"id": 10 * n + place, "state": state, "created_at": f"2026-03-0{n}T08:{minute}:00Z",
         "deployment_url": f"{API}/deployments/{n}"}
        for n, end in ((1, "success"), (2, "failure"))
        for place, (state, minute) in enumerate((("in_progress", "01"), (end, "30")))
    ]  # fmt: skip
    con = built(
        tmp_path / "files",
        {"deployments.json": json.dumps(deployments), "deployment_statuses.json": json.dumps(statuses)},
    )
    found = con.execute("select key, outcome, finished_at - started_at from marts.deployments order by key")
    assert [(key, outcome, took.seconds) for key, outcome, took in found.fetchall()] == [
        ("1", "succeeded", 1740),
        ("2", "failed", 1740),
    ]
    assert one(con, "select count(*) from metrics.deployment_attempt_failure_rate where in_numerator") == 1


def test_a_vote_lets_a_change_in_and_a_promoting_run_deploys(tmp_path: Path) -> None:
    """Two hours from upload to the other's vote; the owner's own is none. Of four runs one deployed."""
    people = {name: {"name": name.title(), "username": name} for name in ("ann", "bob")}
    changes = [
        {"_number": number, "project": "ops", "subject": "One", "status": "MERGED", "owner": people["ann"],
         "created": "2026-03-01 08:00:00.000000000", "submitted": "2026-03-01 11:00:00.000000000",
         "submitter": people["bob"],
         "labels": {"Code-Review": {"all": [{"value": 2, "date": "2026-03-01 10:00:00.000000000", **people[voter]}]}}}
        for number, voter in ((7, "bob"), (8, "ann"))
    ]  # fmt: skip
    runs = [
        {"uuid": f"u{n}", "job_name": job, "pipeline": pipeline, "result": result, "ref": {"change": 7},
         "start_time": "2026-03-01T12:00:00", "end_time": "2026-03-01T12:10:00"}
        for n, (job, pipeline, result) in enumerate(
            (("tox", "check", "SUCCESS"), ("tox", "gate", "SUCCESS"), ("site", "promote", "SUCCESS"),
             ("site", "promote", "SKIPPED"))
        )
    ]  # fmt: skip
    con = built(tmp_path / "files", {"changes.json": json.dumps(changes), "builds.json": json.dumps(runs)})
    found = con.execute("select record_id, value, exclusion_reason from metrics.approval_latency order by 1")
    assert found.fetchall() == [("changes:7", 7200.0, None), ("changes:8", None, "approved by the requester only")]
    assert con.execute("select key, outcome from marts.deployments").fetchall() == [("u2", "succeeded")]


def test_approvals_that_name_a_change_by_its_second_name_are_its_approvals(tmp_path: Path) -> None:
    """ServiceNow's tables name a change by its sys_id, people by its number; in one source or in two."""
    change = {
        "number": "CHG1", "sys_id": "e" * 32, "type": "normal", "state": "3", "short_description": "One",
        "requested_by": {"link": "l", "value": "u1"}, "sys_created_on": "2026-03-01 08:00:00",
        "start_date": "2026-03-02 08:00:00", "end_date": "2026-03-02 10:00:00", "close_code": "successful",
    }  # fmt: skip
    approval = {
        "sys_id": "a" * 32, "approver": {"link": "l", "value": "u2"}, "state": "approved",
        "sysapproval": {"link": "l", "value": "e" * 32}, "sys_created_on": "2026-03-01 09:00:00",
        "sys_updated_on": "2026-03-01 11:00:00",
    }  # fmt: skip
    files = {
        "change_request.json": json.dumps({"result": [change]}),
        "sysapproval_approver.json": json.dumps({"result": [approval]}),
    }
    for folder, same in (("two", False), ("one", True)):
        con = built(tmp_path / folder, files, source="servicenow" if same else None)
        assert con.execute("select value, exclusion_reason from metrics.approval_latency").fetchall() == [
            (7200.0, None)
        ]
