"""What every test gets: no network except this machine, and a clock that only moves when told to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from ingest.manners import Clock
from ingest.store import RawStore
from tests.once import Once, once_in

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors for `-n auto`: a test in a browser spends a third of its time waiting for it."""
    return (os.cpu_count() or 1) + 1


def pytest_runtest_setup() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@dataclass
class FixedClock:
    """A clock that stands still; sleeping moves it on at once and is remembered."""

    at: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        """The clock as a client takes it."""
        return Clock(now=lambda: self.at, monotonic=lambda: self.at.timestamp(), sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Move on without waiting."""
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def fixed_clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RawStore]:
    with RawStore(tmp_path / "store.duckdb") as opened:
        yield opened


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Return what makes a folder once for all processes of a run; whoever changes what lies in it copies it first."""
    return once_in(tmp_path_factory)


@pytest.fixture(scope="session")
def demo_home(once: Once) -> Path:
    """The demo's workspace as the command makes it; not to be changed."""
    from app.cli import run

    def make(home: Path) -> None:
        assert run(["--home", str(home), "--quiet", "demo", "--no-app", "--memory", "2GB"]) == 0

    return once("demo", make)


@pytest.fixture(scope="session")
def real_home(once: Once) -> Callable[[str], Path]:
    """Return a recorded set's built workspace by its name, not to be changed; skips where the input is missing."""
    from tests.metrics.real import build_set

    def home_of(name: str) -> Path:
        if not SHARED.is_dir():
            pytest.skip("the folder with recorded input (../shared/data) is not here")
        return once(f"real-{name}", lambda home: build_set(name, SHARED, home))

    return home_of


@pytest.fixture
def shared_data() -> Path:
    """Folder of recorded input that is not part of the project; the test is skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder with recorded input (../shared/data) is not here")
    return SHARED
