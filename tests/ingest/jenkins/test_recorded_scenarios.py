"""Small recordings of what Jenkins may answer, played to a sync and given to a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.jenkins.connector import CONNECTOR
from ingest.replay import replay
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.played import played, scenarios
from tests.ingest.syncing import synced
from tests.staging import staged

# Builds, stages and rejected items that each recording holds.
EXPECTED = {
    "two_pages": (130, 0, 0),
    "empty": (0, 0, 0),
    "rate_limited": (1, 1, 0),
    "server_error": (1, 1, 0),
    "malformed": (1, 1, 5),
    "unicode": (1, 1, 0),
    "missing_headers": (1, 1, 0),
}


def found(store: RawStore) -> tuple[int, int, int]:
    rejected = store.con.execute("select count(*) from raw.rejected").fetchone()
    return len(staged(store, "jenkins", "run")), len(staged(store, "jenkins", "run_step")), (rejected or (-1,))[0]


@pytest.mark.parametrize("path", scenarios(__file__))
def test_a_sync_survives_what_was_recorded(path: Path, store: RawStore, fixed_clock: FixedClock) -> None:
    """Limits, failures and nonsense cost time and the bad items, never the good ones and never the sync."""
    with played(path) as server:
        outcome = synced(CONNECTOR, server, store, fixed_clock, jobs=["deploy-web"])
    assert outcome.failures == []
    assert found(store) == EXPECTED[path.stem]


@pytest.mark.parametrize("path", scenarios(__file__))
def test_a_replay_finds_what_a_sync_would(path: Path, store: RawStore, tmp_path: Path) -> None:
    """The same recordings through --replay give the same rows; refusals in them are counted apart."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    lines = [line for line in path.read_bytes().splitlines() if b"Authentication required" not in line]
    (folder / path.name).write_bytes(b"\n".join(lines))
    replay(store, lambda name, kind: store.begin_run(name, kind, "replay"), folder, {"jenkins": CONNECTOR.routes})
    assert found(store) == EXPECTED[path.stem]
