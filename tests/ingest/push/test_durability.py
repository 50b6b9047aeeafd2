"""What is acknowledged is stored exactly once: through kills, a full disk and a writer that falls behind."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.push.committing import Committer, WriterBehindError
from ingest.push.server import Endpoint, Receiver, application
from ingest.push.signatures import Proof
from ingest.push.spool import Delivery, Outcome, Spool
from ingest.push.takeover import take_over
from ingest.store import RawStore
from models.workspace import Workspace
from tests.ingest.push.endpoint import SECRET, deployment, signature
from tests.ingest.push.load import under_load


@pytest.mark.slow
def test_every_acknowledged_delivery_is_stored_exactly_once_though_the_server_is_killed(tmp_path: Path) -> None:
    """Killed under load, while deliveries are taken over too; senders send again what was not acknowledged."""
    home = tmp_path / "home"
    load = under_load(home, rate=120, seconds=2.5, kills=(0.8, 1.7), store_every=0.3)
    assert sorted(load.acknowledged) == sorted(f"load-{number}" for number in range(300))
    workspace = Workspace(home)
    with workspace.writing("test"), RawStore(workspace.raw_path) as store:
        take_over(store, workspace.spool_path, "test")
        for table in ("push_deliveries", "record_deployments"):
            rows = store.con.execute(f"select record_key from raw.{table}").fetchall()
            assert Counter(key for (key,) in rows) == Counter(load.acknowledged), table


def delivery(key: str, body: str = "{}") -> Delivery:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    return Delivery("deploys", "github", key, "star", at, "{}", body, f"hash of {key}")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "push.sqlite") as opened:
        yield opened


def test_deliveries_that_come_together_share_a_commit_and_each_learns_its_own_outcome(spool: Spool) -> None:
    """New, held already, and a key that another body has: told apart within one batch."""
    committer = Committer(spool)
    other = Delivery(**{**delivery("a").__dict__, "body_sha256": "another"})
    futures = [committer.submit(one) for one in (delivery("a"), delivery("b"), delivery("a"), other)]
    committer.start()
    outcomes = [future.result(timeout=60) for future in futures]
    committer.stop()
    assert outcomes == [Outcome.STORED, Outcome.STORED, Outcome.SEEN, Outcome.CONFLICT]
    assert spool.state().received == 2


def test_stopping_commits_what_was_submitted(spool: Spool) -> None:
    """A graceful stop answers the requests under way, so their deliveries must be on disk by then."""
    committer = Committer(spool)
    futures = [committer.submit(delivery(str(number))) for number in range(700)]
    committer.start()
    committer.stop()
    assert {future.result(timeout=0) for future in futures} == {Outcome.STORED}


def test_a_full_disk_stores_nothing_of_the_batch_and_the_spool_works_once_there_is_room(spool: Spool) -> None:
    """SQLite says that the disk is full; nothing is half stored, and what was there is untouched."""
    spool.add([delivery("before")])
    pages = spool._con.execute("pragma page_count").fetchone()[0]
    spool._con.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        spool.add([delivery("small"), delivery("large", "x" * 1_000_000)])
    assert spool.state().received == 1
    spool._con.execute("pragma max_page_count = 100000")
    assert spool.add([delivery("large", "x" * 1_000_000)]) == [Outcome.STORED]


def answered(committer: Committer, **fields: Any) -> tuple[int, dict[str, str], dict[str, Any]]:  # noqa: ANN401
    """Post a record to the application itself and return status, headers and body."""
    body = json.dumps(deployment("1")).encode()
    proof = Proof("records", [SECRET])
    endpoint = Endpoint(
        {"deploys": Receiver("deploys", "records", proof)}, committer, lambda: pytest.fail("not asked"),
        max_body_bytes=fields.get("max_body_bytes", 10_000), body_seconds=5, tell=lambda line: None,
    )  # fmt: skip
    endpoint.held_bytes = fields.get("held_bytes", 0)
    headers = [(b"content-type", b"application/json"), (b"x-hub-signature-256", signature(body).encode())]
    scope = {"type": "http", "method": "POST", "path": "/push/deploys", "headers": headers, "query_string": b""}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(endpoint)(scope, receive, send))  # type: ignore[arg-type]
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, json.loads(b"".join(part.get("body", b"") for part in sent[1:]))


def test_a_writer_that_is_behind_is_said_so_with_a_time_to_come_again(spool: Spool) -> None:
    """429: better told to wait than held in memory without bound."""
    committer = Committer(spool, longest_queue=1)
    committer.submit(delivery("first"))
    with pytest.raises(WriterBehindError):
        committer.submit(delivery("second"))
    status, headers, _ = answered(committer)
    assert (status, headers["retry-after"]) == (429, "5")


def test_a_disk_that_takes_nothing_is_no_acknowledgement(spool: Spool) -> None:
    """503 with a time to come again; the sender keeps the delivery."""
    spool._con.execute("pragma query_only = 1")
    committer = Committer(spool)
    committer.start()
    status, headers, body = answered(committer)
    committer.stop()
    assert (status, headers["retry-after"]) == (503, "60")
    assert "not taken" in body["error"]


def test_bodies_under_way_share_a_bound_in_memory(spool: Spool) -> None:
    """Many large bodies at once are turned away before they fill the memory."""
    status, headers, _ = answered(Committer(spool), max_body_bytes=1000, held_bytes=3950)
    assert (status, headers["retry-after"]) == (503, "5")


def test_two_processes_may_use_the_spool_at_once(spool: Spool, tmp_path: Path) -> None:
    """The server adds while a build takes over: neither fails, nothing is lost or doubled."""

    def add() -> None:
        with Spool(tmp_path / "push.sqlite") as own:
            for number in range(60):
                own.add([delivery(f"t{number}")])

    adding = threading.Thread(target=add)
    adding.start()
    with RawStore(tmp_path / "store.duckdb") as store:
        while adding.is_alive():
            take_records(store, tmp_path)
        take_records(store, tmp_path)
        assert store.con.execute("select count(*), count(distinct record_key) from raw.push_deliveries").fetchall() == [
            (60, 60)
        ]


def take_records(store: RawStore, folder: Path) -> None:
    take_over(store, folder / "push.sqlite", "test")
