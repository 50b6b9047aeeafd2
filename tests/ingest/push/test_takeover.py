"""From the spool into the raw store, and from there into the tables: each delivery exactly once, whatever its order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.push.receiving import Received, delivery_of
from ingest.push.spool import Outcome, Spool
from ingest.push.takeover import Taken, take_over
from ingest.store import RawStore
from models.errors import InputError
from tests.staging import staged

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "push.sqlite") as opened:
        yield opened


def push(
    spool: Spool,
    receiver: str,
    body: Any,  # noqa: ANN401 - any JSON
    event: str = "",
    key: str | None = None,
    minutes: int = 0,
) -> Outcome:
    """Put a delivery into the spool as the server does, received so many minutes after noon."""
    headers = {"content-type": "application/json"}
    if receiver == "github":
        headers |= {"x-github-event": event, "x-github-delivery": key or f"guid-{event}-{minutes}"}
    kind = {"deploys": "records"}.get(receiver, receiver)
    received = Received(receiver, kind, headers, json.dumps(body).encode(), NOON + timedelta(minutes=minutes))
    return spool.add([delivery_of(received)])[0]


def taken(store: RawStore, spool: Spool) -> Taken:
    path = Path(spool._con.execute("pragma database_list").fetchone()[2])
    return take_over(store, path, "test")


def stored(store: RawStore) -> dict[str, int]:
    """Return how often each delivery is in the raw store."""
    rows = store.con.execute("select record_key, count(*) from raw.push_deliveries group by 1").fetchall()
    return {str(key): int(count) for key, count in rows}


def github(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a webhook
    sender = {"login": "ana", "type": "User"}
    return {
        "action": name,
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "sender": sender,
        **fields,
    }


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


def test_a_delivery_is_kept_verbatim_and_once_however_often_it_is_taken_over(
    store: RawStore, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill after the raw store's commit and before the spool's: the batch is read again and changes nothing."""
    push(spool, "deploys", {"kind": "deployment", "record": {"key": "1", "service": "shop"}})
    with monkeypatch.context() as patched:
        patched.setattr(Spool, "stored", killed)
        with pytest.raises(KeyboardInterrupt):
            taken(store, spool)
    assert len(spool.waiting(10, 10**6)) == 1
    assert taken(store, spool).stored == 0
    assert spool.waiting(10, 10**6) == []
    assert list(stored(store).values()) == [1]
    payload = store.con.execute("select payload from raw.push_deliveries").fetchall()[0][0]
    assert payload.endswith('"body":{"kind": "deployment", "record": {"key": "1", "service": "shop"}}}')
    assert [row["service"] for row in staged(store, "record", "deployment")] == ["shop"]


def killed(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_later_state_wins_in_either_order_of_arrival(store: RawStore, spool: Spool) -> None:
    """Of two records with one key the one changed last counts, whichever came first."""
    for minutes, (status, at) in enumerate([("success", "2026-07-01T12:05:00Z"), ("running", "2026-07-01T12:01:00Z")]):
        record = {"key": "9", "status": status, "updated_at": at, "version": "v1"}
        push(spool, "deploys", {"kind": "deployment", "record": record}, minutes=minutes)
    taken(store, spool)
    assert [row["status"] for row in staged(store, "record", "deployment")] == ["success"]


def test_what_nothing_reads_is_kept_and_counted(store: RawStore, spool: Spool) -> None:
    """An event that no reader knows is no error and is not lost."""
    push(spool, "github", github("created"), "star")
    push(spool, "github", github("opened"), "pull_request", minutes=1)
    found = taken(store, spool)
    assert found.unread == {"github star": 1}
    assert found.rejected == 1
    assert store.con.execute("select reason from raw.rejected").fetchall() == [("pull_request is missing",)]
    assert len(stored(store)) == 2


def test_a_spool_that_is_none_is_left_alone(tmp_path: Path) -> None:
    """Somebody put another file there: the error says so, and the file is as it was."""
    path = tmp_path / "push.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="spool"):
        Spool(path)
    assert path.read_bytes() == b"not a database" * 100


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
        ("opened", "ana", None, "change"),
        ("pushed", "ana", "c" * 40, "change"),
        ("review_requested", "ana", "ben", "change"),
    ]
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


def pagerduty(event: str, at: str, status: str, agent: dict[str, str] | None = None) -> dict[str, Any]:
    data = {
        "id": "P1",
        "type": "incident",
        "html_url": "https://x.pagerduty.com/incidents/P1",
        "status": status,
        "created_at": "2026-07-01T09:00:00Z",
        "title": "Checkout fails",
        "urgency": "high",
        "service": {"summary": "shop"},
        "teams": [{"summary": "Payments"}],
        "priority": {"summary": "P1"},
    }
    return {
        "event": {
            "id": f"{event}@{at}",
            "event_type": f"incident.{event}",
            "occurred_at": at,
            "agent": agent,
            "data": data,
        }
    }


def test_pagerduty_incidents_open_resolve_and_open_again(store: RawStore, spool: Spool) -> None:
    """One row per incident; its resolution is the time of the event, and is gone once it is open again."""
    person = {"type": "user_reference", "summary": "Eve"}
    told = [
        pagerduty("resolved", "2026-07-01T09:40:00.5Z", "resolved"),
        pagerduty("triggered", "2026-07-01T09:00:01Z", "triggered", person),
    ]
    for minutes, body in enumerate(told):  # in the wrong order
        push(spool, "pagerduty", body, minutes=minutes)
    push(
        spool,
        "pagerduty",
        {"event": {"id": "note", "event_type": "incident.annotated", "data": {"type": "incident_note"}}},
    )
    assert taken(store, spool).unread == {"pagerduty incident.annotated": 1}
    (row,) = staged(store, "pagerduty", "incident")
    assert (row["title"], row["severity"], row["service"], row["team"], row["status"]) == (
        "Checkout fails",
        "P1",
        "shop",
        "Payments",
        "resolved",
    )
    assert (row["opened_by"], row["opened_by_type"]) == ("Eve", "human")
    assert row["resolved_at"] == datetime(2026, 7, 1, 9, 40, 0, 500_000)
    push(spool, "pagerduty", pagerduty("reopened", "2026-07-01T10:00:00Z", "triggered"), minutes=9)
    taken(store, spool)
    (row,) = staged(store, "pagerduty", "incident")
    assert (row["status"], row["resolved_at"]) == ("triggered", None)


def opsgenie(action: str, minute: int, **alert: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of an alert
    created = int(NOON.timestamp() * 1000)
    known = {
        "alertId": "A1",
        "message": "Disk full",
        "priority": "P2",
        "createdAt": created,
        "entity": "db-1",
        "updatedAt": (created + minute * 60_000) * 1_000_000 + 1,
        "username": "eve@example.com",
    }
    return {"action": action, "integrationName": "twotrack", "alert": {**known, **alert}}


def test_an_opsgenie_alert_is_an_incident_until_it_is_closed(store: RawStore, spool: Spool) -> None:
    """Notes and custom actions do not change its state; instants come in milliseconds or nanoseconds."""
    push(spool, "opsgenie", opsgenie("Close", 30))
    push(spool, "opsgenie", opsgenie("Create", 0))
    push(spool, "opsgenie", opsgenie("AddNote", 45))
    taken(store, spool)
    (row,) = staged(store, "opsgenie", "incident")
    assert (row["key"], row["severity"], row["component"], row["status"]) == ("A1", "P2", "db-1", "closed")
    assert (row["created_at"], row["resolved_at"]) == (datetime(2026, 7, 1, 12), datetime(2026, 7, 1, 12, 30))


def test_all_recorded_webhooks_are_taken_and_none_is_lost(store: RawStore, spool: Spool, shared_data: Path) -> None:
    """58 kinds of event as GitHub sent them: each is kept; those that matter bring records, none is set aside."""
    examples = json.loads((shared_data / "octokit" / "webhooks-examples.index.json").read_text())
    assert len(examples) == 58
    outcomes: Counter[Outcome] = Counter()
    for entry in examples:
        for number, body in enumerate(entry["examples"]):
            outcomes[push(spool, "github", body, entry["name"], f"{entry['name']}-{number}")] += 1
    found = taken(store, spool)
    assert outcomes[Outcome.STORED] == found.deliveries == len(stored(store))
    assert outcomes[Outcome.CONFLICT] == 0
    assert store.con.execute("select stream, reason, payload from raw.rejected").fetchall() == []
    read = {entry["name"] for entry in examples} - {name.removeprefix("github ") for name in found.unread}
    assert read >= {
        "branch_protection_rule",
        "deployment",
        "deployment_status",
        "deployment_review",
        "issues",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "release",
        "workflow_job",
        "workflow_run",
    }
    for kind in (
        "change",
        "decision",
        "deployment",
        "deployment_status",
        "event",
        "issue",
        "release",
        "run",
        "run_step",
    ):
        assert staged(store, "github", kind), kind
