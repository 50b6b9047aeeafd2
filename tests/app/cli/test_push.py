from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.cli import run
from ingest.connector import Response
from ingest.github.delivery import parse_deployment_nodes
from ingest.push.receiving import Received, delivery_of
from ingest.push.spool import Spool
from ingest.push.takeover import take_over
from ingest.store import RawStore
from ingest.store_records import Page
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.exports import AS_OF

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RECEIVER = '[[push.receiver]]\nname = "deploys"\ntype = "records"\nsecrets = ["env:PUSH_SECRET"]\n'


def spooled(space: Workspace, receiver: str, kind: str, bodies: Sequence[Any], event: str = "") -> None:
    """Put deliveries into the workspace's spool as the server does."""
    with Spool(space.spool_path) as spool:
        for number, body in enumerate(bodies):
            headers = {"x-github-event": event, "x-github-delivery": f"guid-{number}"}
            at = NOON + timedelta(minutes=number)
            spool.add([delivery_of(Received(receiver, kind, headers, json.dumps(body).encode(), at))])


def rows(space: Workspace, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(space.build_path(space.current_build())), read_only=True) as con:
        return [tuple(row) for row in con.execute(sql).fetchall()]


LOG = "https://github.com/acme/shop/actions/runs/42/job/7"
BOT = {"login": "deployer[bot]", "type": "Bot"}
DEPLOYMENT = {
    "id": 5, "node_id": "DE_5", "sha": "a" * 40, "ref": "main", "task": "deploy", "environment": "production",
    "description": "Release 7", "creator": BOT, "created_at": "2026-06-01T11:00:00Z",
    "repository_url": "https://api.github.com/repos/acme/shop",
}  # fmt: skip
STATES = (("in_progress", "2026-06-01T11:01:00Z"), ("success", "2026-06-01T11:06:00Z"))


def webhooks() -> list[dict[str, Any]]:
    """Return the webhooks of two statuses, the later one first: GitHub promises no order."""
    found = []
    for number, (state, at) in enumerate(STATES):
        status = {"id": number, "node_id": f"DES_{number}", "state": state, "log_url": LOG, "description": "",
                  "creator": BOT, "environment": "production", "created_at": at, "updated_at": at}  # fmt: skip
        found.append({
            "action": "created", "deployment_status": status, "deployment": {**DEPLOYMENT, "updated_at": at},
            "repository": {"full_name": "acme/shop"},
        })  # fmt: skip
    return found[::-1]


def answer() -> dict[str, Any]:
    """Return what GraphQL says of the same deployment."""
    bot = {"login": "deployer", "__typename": "Bot"}
    statuses = [
        {"id": f"DES_{number}", "state": state.upper(), "createdAt": at, "updatedAt": at, "description": "",
         "logUrl": LOG, "creator": bot}
        for number, (state, at) in enumerate(STATES)
    ]  # fmt: skip
    node = {
        "id": "DE_5", "databaseId": 5, "createdAt": "2026-06-01T11:00:00Z", "updatedAt": "2026-06-01T11:06:00Z",
        "environment": "production", "state": "ACTIVE", "task": "deploy", "description": "Release 7", "creator": bot,
        "commitOid": "a" * 40, "ref": {"name": "main", "prefix": "refs/heads/"},
        "repository": {"nameWithOwner": "acme/shop", "url": "https://github.com/acme/shop"},
        "latestStatus": {**statuses[-1]}, "statuses": {"totalCount": 2, "nodes": statuses},
    }  # fmt: skip
    return {"data": {"repository": {"nameWithOwner": "acme/shop", "deployments": {"nodes": [node], "totalCount": 1}}}}


def synced(store: RawStore, source: str, at: datetime) -> None:
    parsed = parse_deployment_nodes(Response("https://api.github.com/graphql#deployments", answer(), at))
    run = store.begin_run(source, "github", "sync")
    store.write_page(run, Page(parsed.stream, parsed.records, fetched_at=at))
    store.finish_run(run)


ORDERS = {"synced": "s", "pushed": "p", "sync_first": "sp", "push_first": "ps"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one deployment told in four ways, and with a delivery of each kind in its spool; built once."""
    space = Workspace(tmp_path_factory.mktemp("pushed"))
    for name, order in ORDERS.items():
        for step in order:
            with RawStore(space.raw_path) as store:
                if step == "s":
                    synced(store, name, NOON + timedelta(minutes=30 if order == "ps" else -30))
                else:
                    spooled(space, name, "github", webhooks(), "deployment_status")
                    take_over(store, space.spool_path, "test")
    record = {"key": "d1", "service": "billing", "environment": "production", "finished_at": "2026-06-01T11:00:00Z"}
    spooled(space, "deploys", "records", [{"kind": "deployment", "record": record}])
    incident = {"id": "P1", "type": "incident", "status": "triggered", "title": "Down", "service": {"summary": "shop"},
                "created_at": "2026-06-01T11:10:00Z"}  # fmt: skip
    event = {"id": "E1", "event_type": "incident.triggered", "occurred_at": "2026-06-01T11:10:00Z", "data": incident}
    spooled(space, "pagerduty", "pagerduty", [{"event": event}])
    alert = {"alertId": "A1", "message": "Disk", "createdAt": 1_780_312_500_000, "updatedAt": 1_780_312_500_000}
    spooled(space, "opsgenie", "opsgenie", [{"action": "Create", "alert": alert}])
    spooled(space, "stars", "github", [{"action": "created", "repository": {"full_name": "acme/shop"}}], "star")
    home = str(space.home)
    assert run(["--home", home, "--quiet", "build", "--as-of", AS_OF, "--memory", "500MB"]) == 0
    return space


def test_a_deployment_that_was_pushed_and_one_that_was_synced_are_the_same_row(built: Workspace) -> None:
    """Only synced, only pushed, and both in either order: what the marts say of it does not differ."""
    # Beside its source, only what follows from the four standing side by side.
    apart = "source, deployment_id, source_event_id, previous_deployment_id, artifact_kind, is_rerelease"
    told = ", ".join(f"'{name}'" for name in ORDERS)
    found = rows(built, f"select * exclude ({apart}) from marts.deployments where source in ({told})")
    assert len(found) == len(ORDERS)
    assert len(set(found)) == 1
    (held,) = set(rows(built, "select outcome, started_at, finished_at from marts.deployments where key like 'acme%'"))
    assert held == ("succeeded", datetime(2026, 6, 1, 11, 1), datetime(2026, 6, 1, 11, 6))


def test_a_build_takes_over_what_was_pushed_and_counts_what_nothing_reads(built: Workspace) -> None:
    """Deliveries wait in the spool until somebody writes; incidents of both tools and own records reach the marts."""
    with Spool(built.spool_path) as spool:
        assert spool.state().waiting == 0
    assert rows(built, "select service from marts.deployments where source = 'deploys'") == [("billing",)]
    incidents = rows(built, "select source, title from marts.incidents order by 1")
    assert incidents == [("opsgenie", "Disk"), ("pagerduty", "Down")]
    counted = rows(built, "select source, event, deliveries, unread from marts.push_deliveries order by 1")
    assert [row for row in counted if row[0] not in ORDERS] == [
        ("deploys", "records", 1, 0), ("opsgenie", "Create", 1, 0), ("pagerduty", "incident.triggered", 1, 0),
        ("stars", "star", 1, 1),
    ]  # fmt: skip


def test_doctor_tells_how_the_endpoint_stands(twotrack: Twotrack, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its secrets, how many deliveries came and wait, and that one has waited for long."""
    home.mkdir()
    (home / "twotrack.toml").write_text(RECEIVER)
    found = [one for one in twotrack("doctor", "--json").document["findings"] if one["topic"] == "push endpoint"]
    assert [(one["status"], "PUSH_SECRET is not set" in one["text"]) for one in found] == [("wrong", True)]
    monkeypatch.setenv("PUSH_SECRET", "hush-hush")
    spooled(Workspace(home), "deploys", "records", [{"kind": "deployment", "record": {"key": "d1"}}])
    found = [one for one in twotrack("doctor", "--json").document["findings"] if one["topic"] == "push endpoint"]
    assert [one["status"] for one in found] == ["ok", "ok", "note"]
    assert "1 deliveries received, the last at 2026-06-01 12:00 UTC; 1 wait" in found[1]["text"]
    assert found[2]["next_step"] == "twotrack build"


def test_an_endpoint_without_receivers_says_what_to_add(twotrack: Twotrack) -> None:
    """Nothing is served that could accept nothing."""
    said = twotrack("serve-push", "--json")
    assert said.code == 2
    assert "[[push.receiver]]" in said.document["next"]


def test_an_address_that_is_not_ours_is_refused_with_its_reason(
    twotrack: Twotrack, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port may be taken, the address another machine's."""
    monkeypatch.setenv("PUSH_SECRET", "hush-hush")
    home.mkdir()
    (home / "twotrack.toml").write_text(RECEIVER)
    said = twotrack("serve-push", "--host", "192.0.2.1", "--json")
    assert said.code == 1
    assert "cannot listen on 192.0.2.1" in said.document["what"]


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        (RECEIVER + RECEIVER, "two push receivers are called deploys"),
        (RECEIVER.replace('["env:PUSH_SECRET"]', "[]"), "at least 1 item"),
        (RECEIVER.replace("env:PUSH_SECRET", "hush-hush"), "must be a reference"),
        (
            '[[source]]\ntype = "github"\nname = "deploys"\n' + RECEIVER,
            "has type records, the source of that name has github",
        ),
    ],
)
def test_a_receiver_that_would_mix_senders_or_hold_a_secret_is_refused(
    twotrack: Twotrack, home: Path, configuration: str, problem: str
) -> None:
    """Names tell records apart, and a secret is never written down."""
    home.mkdir()
    (home / "twotrack.toml").write_text(configuration)
    said = twotrack("serve-push", "--json")
    assert said.code == 2
    assert problem in said.document["what"]
    assert "hush-hush" not in said.out + said.err
