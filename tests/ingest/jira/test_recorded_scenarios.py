"""Small recordings of what Jira may answer, played to a sync and given to a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.jira.connector import CONNECTOR
from ingest.replay import replay
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.played import played, scenarios
from tests.ingest.syncing import synced
from tests.staging import staged

# Issues, events and rejected items that each recording holds.
EXPECTED = {
    "two_pages": (3, 3, 0),
    "empty": (0, 0, 0),
    "rate_limited": (1, 0, 0),
    "server_error": (1, 0, 0),
    "malformed": (1, 1, 4),
    "unicode": (1, 1, 0),
    "missing_headers": (1, 0, 0),
}


def found(store: RawStore) -> tuple[int, int, int]:
    rejected = store.con.execute("select count(*) from raw.rejected").fetchone()
    return len(staged(store, "jira", "issue")), len(staged(store, "jira", "event")), rejected[0] if rejected else -1


@pytest.mark.parametrize("path", scenarios(__file__))
def test_a_sync_survives_what_was_recorded(path: Path, store: RawStore, fixed_clock: FixedClock) -> None:
    """Limits, failures and nonsense cost time and the bad items, never the good ones and never the sync."""
    with played(path) as server:
        outcome = synced(CONNECTOR, server, store, fixed_clock)
    assert outcome.failures == []
    assert found(store) == EXPECTED[path.stem]


@pytest.mark.parametrize("path", scenarios(__file__))
def test_a_replay_finds_what_a_sync_would(path: Path, store: RawStore, tmp_path: Path) -> None:
    """The same recordings through --replay give the same rows; refusals in them are counted apart."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    lines = [line for line in path.read_bytes().splitlines() if b"<!DOCTYPE" not in line]
    (folder / path.name).write_bytes(b"\n".join(lines))
    replay(store, lambda name, kind: store.begin_run(name, kind, "replay"), folder, {"jira": CONNECTOR.routes})
    assert found(store) == EXPECTED[path.stem]


def test_the_wait_is_what_jira_asked_for(store: RawStore, fixed_clock: FixedClock) -> None:
    """Retry-After decides, whatever else the headers say."""
    with played(Path(__file__).parent / "responses" / "rate_limited.jsonl") as server:
        synced(CONNECTOR, server, store, fixed_clock)
    waits = [seconds for seconds in fixed_clock.slept if seconds < 60]
    assert len(waits) == 1
    assert 20 <= waits[0] < 22


def test_text_in_any_script_comes_through_unchanged(store: RawStore, fixed_clock: FixedClock) -> None:
    """Right-to-left marks, emoji, combining accents and even a null character."""
    with played(Path(__file__).parent / "responses" / "unicode.jsonl") as server:
        synced(CONNECTOR, server, store, fixed_clock)
    (issue,) = staged(store, "jira", "issue")
    assert issue["title"] == "部署 \u202e\u043f\u0440\u043e\u0434\u202c 🚀 \u0000 e\u0301"
    assert issue["state"] == "待审批"
