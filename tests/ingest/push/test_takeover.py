"""From the spool into the raw store, and from there into the tables: each delivery exactly once, whatever its order."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from ingest.push.serving import _take_over_once
from ingest.push.spool import Outcome, Spool
from ingest.store import RawStore
from models.errors import InputError
from models.workspace import Workspace
from tests.ingest.push.delivering import github, push, stored, taken
from tests.staging import staged


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


OPEN = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_turn_that_finds_the_raw_records_open_elsewhere_says_so_and_the_next_takes_all(tmp_path: Path) -> None:
    """A sync or build that writes is waited for in silence; a forgotten database shell would keep all of it away."""
    workspace = Workspace(tmp_path)
    with Spool(workspace.spool_path) as spool:
        push(spool, "deploys", {"kind": "deployment", "record": {"key": "1", "service": "shop"}})
    told: list[dict[str, object]] = []

    def tell(event: object) -> None:
        assert isinstance(event, dict)
        told.append(event)

    with workspace.writing("twotrack build"):
        _take_over_once(workspace, threading.Event(), tell)
    assert told == []
    command = [sys.executable, "-c", OPEN, str(workspace.raw_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        _take_over_once(workspace, threading.Event(), tell)
        holder.kill()
    assert told[0]["event"] == "not taken over"
    assert f"(process {holder.pid})" in str(told[0]["reason"])
    _take_over_once(workspace, threading.Event(), tell)
    assert told[1] == {"event": "taken over", "deliveries": 1, "unread": {}}


def test_a_spool_that_is_none_is_left_alone(tmp_path: Path) -> None:
    """Somebody put another file there: the error says so, and the file is as it was."""
    path = tmp_path / "push.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match="spool"):
        Spool(path)
    assert path.read_bytes() == b"not a database" * 100


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
