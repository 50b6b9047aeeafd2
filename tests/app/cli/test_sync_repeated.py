"""``twotrack sync --every``, ``--build`` and ``--estimate``: one sync at a time, failures survived, stopped cleanly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest

from app.repeating import Stop, repeat
from ingest.store import RawStore
from models.streams import stream
from models.workspace import Workspace
from tests.app.cli.conftest import Twotrack
from tests.app.cli.test_sync import configure, jira_source
from tests.servers.base import Answer
from tests.servers.jira import JiraImitation
from tests.servers.responding import Responding, to


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWOTRACK_TEST_JIRA_TOKEN", "secret-token-of-the-test")


@pytest.fixture
def imitation() -> JiraImitation:
    found = JiraImitation(zone="UTC")
    for number in range(1, 251):
        found.add(number)
    return found


@pytest.fixture
def jira(imitation: JiraImitation) -> Iterator[Responding]:
    with imitation.serve() as server:
        yield server


Begun = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begun(home: Path) -> Iterator[Begun]:
    """Start a sync every second: ``begun("--json")``; whatever the test did not end is ended after it."""
    with ExitStack() as started:

        def begin(*options: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "--home", str(home), "sync", "--every", "1s", *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield begin


def runs(home: Path) -> list[str]:
    with RawStore(Workspace(home).raw_path, read_only=True) as store:
        return [
            str(status) for (status,) in store.con.execute("select status from raw.runs order by started_at").fetchall()
        ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_between_syncs_ends_at_once_and_well(
    begun: Begun, home: Path, jira: Responding, number: signal.Signals
) -> None:
    """A service that is asked to stop ends with exit code 0; each sync was one line of JSON."""
    configure(home, jira_source(jira))
    process = begun("--json")
    assert process.stdout
    first, second = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Stopped as asked" in err) == (0, True), err
    assert (first["sources"][0]["error"], second["sources"][0]["error"]) == (None, None)
    assert set(runs(home)) <= {"ok", "interrupted"}
    assert runs(home)[:2] == ["ok", "ok"]


def test_a_stop_during_a_sync_keeps_the_page_in_hand_and_the_next_goes_on(
    begun: Begun, twotrack: Twotrack, home: Path, jira: Responding, imitation: JiraImitation
) -> None:
    """What arrived is stored, the run is marked as interrupted, and only the rest is asked for afterwards."""
    configure(home, jira_source(jira))
    process: list[subprocess.Popen[str]] = []

    def between(found: JiraImitation, page: int) -> None:
        if page == 2:
            process[0].send_signal(signal.SIGTERM)

    imitation.between = between
    process.append(begun())
    _, err = process[0].communicate(timeout=60)
    assert process[0].returncode == 0, err
    assert runs(home) == ["interrupted"]
    with RawStore(Workspace(home).raw_path, read_only=True) as store:
        assert store.count(stream("jira.issues")) == 200
    asked = jira.count(to("/search/jql"))
    imitation.between = lambda found, page: None
    assert twotrack("sync").code == 0
    assert jira.count(to("/search/jql")) - asked == 1


def test_a_failing_source_does_not_end_the_next_turn(begun: Begun, home: Path, jira: Responding) -> None:
    """It is said on standard error and on its line; the turn after it succeeds."""
    configure(home, jira_source(jira))
    jira.fail(Answer({"message": "Unauthorized"}, 401), times=2, matches=to("/myself"))
    process = begun("--json")
    assert process.stdout
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    errors = [line["sources"][0]["error"] for line in lines]
    assert errors[0]["error"] == "AuthenticationError"
    assert errors[-1] is None
    assert "does not accept the credential" in err


def test_a_workspace_that_somebody_else_writes_is_left_alone_until_its_turn(
    begun: Begun, home: Path, jira: Responding
) -> None:
    """One writer at a time; the turn is lost, the process is not."""
    configure(home, jira_source(jira))
    with Workspace(home).writing("a test"):
        process = begun("--json")
        assert process.stdout
        assert json.loads(process.stdout.readline())["error"]["error"] == "WorkspaceBusyError"
    while "error" in (line := json.loads(process.stdout.readline())):
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert line["sources"][0]["error"] is None


def ticking(monkeypatch: pytest.MonkeyPatch) -> tuple[list[float], Callable[[float], None]]:
    """Replace time by one that only moves when told to; returns the pauses taken so far and the way to pass time."""
    now, pauses = [0.0], list[float]()
    monkeypatch.setattr("app.repeating.monotonic", lambda: now[0])

    def sleep(stop: Stop, seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds
        stop.check()

    monkeypatch.setattr(Stop, "sleep", sleep)

    def passes(seconds: float) -> None:
        now[0] += seconds

    return pauses, passes


def test_turns_follow_their_interval_with_jitter_and_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour from one beginning to the next and at most five minutes more; a longer turn is followed at once."""
    pauses, passes = ticking(monkeypatch)
    stop, lengths = Stop(), [60.0, 7200.0, 60.0]

    def turn() -> None:
        passes(lengths.pop(0))
        if not lengths:
            stop.ask()

    repeat(turn, timedelta(hours=1), stop, lambda at: None)
    assert 3540 <= pauses[0] <= 3540 + 300
    assert 0 <= pauses[1] <= 300


def test_a_wait_for_a_rate_limit_ends_when_asked_to_stop() -> None:
    """Limits can take a quarter of an hour; nobody waits for that to stop a service."""
    stop = Stop()
    threading.Timer(0.05, stop.ask).start()
    with pytest.raises(KeyboardInterrupt):
        stop.sleep(3600)


def test_a_signal_ends_a_wait_at_whatever_instruction_it_arrives() -> None:
    """Signals are handled by the waiting thread itself: one that finds it half-way into a wait must not block there.

    The wish is made from within the wait, at its n-th line in whatever module, as a signal's handler would.
    """
    for line in range(1, 20):
        waiting = threading.Thread(target=wait_asked_at, args=(line,), daemon=True)
        waiting.start()
        waiting.join(timeout=30)
        assert not waiting.is_alive(), f"still waiting after the wish arrived at line {line}"


def wait_asked_at(line: int) -> None:
    """Wait for a moment and be asked to stop at the wait's n-th line, if it has so many."""
    stop, seen = Stop(), 0

    def handled(frame: FrameType, event: str, argument: object) -> object:
        nonlocal seen
        seen += event == "line"
        if seen == line:
            sys.settrace(None)
            stop.ask()
        return handled

    sys.settrace(handled)
    try:
        with suppress(KeyboardInterrupt):
            stop.sleep(0.05)
    finally:
        sys.settrace(None)


def test_an_estimate_tells_what_a_first_reading_takes_and_reads_nothing(
    twotrack: Twotrack, home: Path, jira: Responding
) -> None:
    """By the source's own count; afterwards there is nothing left to read for the first time."""
    configure(home, jira_source(jira))
    said = twotrack("sync", "--estimate", "--json")
    assert said.code == 0, said.err
    (source,) = said.document["sources"]
    assert source["first_reading"]["expected"][0] == {
        "stream": "jira.issues", "scope": "CHG", "records": 250, "requests": 3
    }  # fmt: skip
    assert jira.count(to("/search/jql")) == 0
    spoken = twotrack("sync")
    assert "tracker: first reading of 250 issues: about 4 requests, " in spoken.err
    assert twotrack("sync", "--estimate", "--json").document["sources"][0]["first_reading"] is None


@pytest.mark.parametrize(
    "line",
    [("--every", "0s"), ("--every", "soon"), ("--every", "1h", "--since", "2026-01-01"), ("--estimate", "--build")],
)
def test_what_does_not_go_together_is_a_wrong_command_line(twotrack: Twotrack, line: tuple[str, ...]) -> None:
    """Said before anything is asked or stored."""
    assert twotrack("sync", *line).code == 2


def test_a_sync_builds_what_it_read_when_told_to(twotrack: Twotrack, home: Path, jira: Responding) -> None:
    """One command from the sources to the published tables."""
    configure(home, jira_source(jira))
    said = twotrack("sync", "--build", "--json")
    assert said.code == 0, said.err
    assert said.document["build_id"] == Workspace(home).current_build()
