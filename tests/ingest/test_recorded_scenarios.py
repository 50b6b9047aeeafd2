"""Small recordings of what a source may answer, played to a sync and given to a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.gitlab.connector import CONNECTOR as GITLAB
from ingest.jenkins.connector import CONNECTOR as JENKINS
from ingest.jira.connector import CONNECTOR as JIRA
from ingest.replay import replay
from ingest.source import Connector
from ingest.store import RawStore
from tests.conftest import FixedClock
from tests.ingest.played import played
from tests.ingest.syncing import synced
from tests.staging import staged


@dataclass(frozen=True)
class Source:
    """A source whose answers are recorded in ``responses`` of its folder.

    ``expected`` says by recording how many rows of the two ``kinds``, and how many rejected items, it holds;
    ``refusal`` is what its page of a failure says, which a replay leaves out.
    """

    connector: Connector
    kinds: tuple[str, str]
    refusal: bytes
    expected: Mapping[str, tuple[int, int, int]]
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the kind of source, which is also its folder's name."""
        return self.connector.source_type

    def recording(self, scenario: str) -> Path:
        """Return where a scenario's answers lie."""
        return Path(__file__).parent / self.name / "responses" / f"{scenario}.jsonl"

    def found(self, store: RawStore) -> tuple[int, int, int]:
        """Return how many rows of the two kinds, and rejected items, a store holds."""
        first, second = (len(staged(store, self.name, kind)) for kind in self.kinds)
        ((rejected,),) = store.con.execute("select count(*) from raw.rejected").fetchall()
        return first, second, rejected


SOURCES = [
    Source(
        JIRA,
        ("issue", "event"),
        b"<!DOCTYPE",
        {
            "two_pages": (3, 3, 0),
            "empty": (0, 0, 0),
            "rate_limited": (1, 0, 0),
            "server_error": (1, 0, 0),
            "malformed": (1, 1, 4),
            "unicode": (1, 1, 0),
            "missing_headers": (1, 0, 0),
        },
    ),
    Source(
        GITLAB,
        ("change", "decision"),
        b"Whoops",
        {
            "two_pages": (2, 2, 0),
            "empty": (0, 0, 0),
            "rate_limited": (1, 1, 0),
            "server_error": (1, 1, 0),
            "malformed": (1, 1, 4),
            "unicode": (1, 1, 0),
            "missing_headers": (1, 1, 0),
        },
        {"projects": ["7"]},
    ),
    Source(
        JENKINS,
        ("run", "run_step"),
        b"Authentication required",
        {
            "two_pages": (130, 0, 0),
            "empty": (0, 0, 0),
            "rate_limited": (1, 1, 0),
            "server_error": (1, 1, 0),
            "malformed": (1, 1, 5),
            "unicode": (1, 1, 0),
            "missing_headers": (1, 1, 0),
        },
        {"jobs": ["deploy-web"]},
    ),
]
RECORDINGS = [
    pytest.param(source, scenario, id=f"{source.name}-{scenario}") for source in SOURCES for scenario in source.expected
]


@pytest.mark.parametrize(("source", "scenario"), RECORDINGS)
def test_a_sync_survives_what_was_recorded(
    source: Source, scenario: str, store: RawStore, fixed_clock: FixedClock
) -> None:
    """Limits, failures and nonsense cost time and the bad items, never the good ones and never the sync."""
    with played(source.recording(scenario)) as server:
        outcome = synced(source.connector, server, store, fixed_clock, **source.settings)
    assert outcome.failures == []
    assert source.found(store) == source.expected[scenario]


@pytest.mark.parametrize(("source", "scenario"), RECORDINGS)
def test_a_replay_finds_what_a_sync_would(source: Source, scenario: str, store: RawStore, tmp_path: Path) -> None:
    """The same recordings through --replay give the same rows; refusals in them are counted apart."""
    folder, recording = tmp_path / "recordings", source.recording(scenario)
    folder.mkdir()
    lines = [line for line in recording.read_bytes().splitlines() if source.refusal not in line]
    (folder / recording.name).write_bytes(b"\n".join(lines))
    replay(
        store, lambda name, kind: store.begin_run(name, kind, "replay"), folder, {source.name: source.connector.routes}
    )
    assert source.found(store) == source.expected[scenario]


@pytest.mark.parametrize("source", SOURCES, ids=[source.name for source in SOURCES])
def test_every_recording_has_its_numbers(source: Source) -> None:
    """A recording that nobody says what to expect of would never be played."""
    folder = source.recording("any").parent
    assert {path.stem for path in folder.glob("*.jsonl")} == set(source.expected)
