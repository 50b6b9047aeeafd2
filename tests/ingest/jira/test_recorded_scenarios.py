"""What small recordings of Jira's answers show besides their numbers."""

from __future__ import annotations

from pathlib import Path

from ingest.jira.connector import CONNECTOR
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.played import played
from tests.ingest.syncing import synced
from tests.staging import staged


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
