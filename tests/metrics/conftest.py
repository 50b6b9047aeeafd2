"""Each set of records is loaded and built once in a run of the tests, also when several processes share the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from models.workspace import Workspace
from tests.metrics.compared import AT_ONCE, COUNT, SECOND, SEED, Compared, build_batch, compare
from tests.metrics.organisations import SOURCE, Records, write
from tests.metrics.practice_examples import SETTINGS, practise
from tests.metrics.real import load
from tests.metrics.trap_records import fill
from tests.once import Once

Set = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def real_set(real_home: Callable[[str], Path]) -> Iterator[Set]:
    """Return a read-only connection to a set's build by the set's name; skips where the input is missing."""
    opened: dict[str, duckdb.DuckDBPyConnection] = {}

    def connect(name: str) -> duckdb.DuckDBPyConnection:
        if name not in opened:
            opened[name] = duckdb.connect(str(_published(real_home(name))), read_only=True)
            opened[name].execute("set TimeZone = 'UTC'")
        return opened[name]

    yield connect
    for con in opened.values():
        con.close()


def _published(home: Path) -> Path:
    space = Workspace(home)
    return space.build_path(space.current_build())


@pytest.fixture(scope="session", params=range(SEED, SEED + COUNT, AT_ONCE))
def batch(request: pytest.FixtureRequest, once: Once) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A build of some dozens of invented organisations, and the first one's seed."""
    home = once(f"batch-{request.param}", lambda home: build_batch(request.param, home))
    with duckdb.connect(str(_published(home)), read_only=True) as con:
        yield con, request.param


@pytest.fixture(scope="session")
def traps(once: Once) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of the definitions' traps and of teams whose practice was judged by hand, side by side."""

    def make(home: Path) -> None:
        records = Records()
        fill(records)
        practise(records)
        load(home, write(records, home / "files"), SETTINGS)

    with duckdb.connect(str(_published(once("traps", make))), read_only=True) as con:
        yield con


@pytest.fixture(scope="session", params=(SOURCE, SECOND))
def compared(request: pytest.FixtureRequest, batch: tuple[duckdb.DuckDBPyConnection, int]) -> Compared:
    """A build beside what the reference makes of the records of one of its sources."""
    return compare(*batch, request.param)


@pytest.fixture(scope="session")
def whole(batch: tuple[duckdb.DuckDBPyConnection, int]) -> Compared:
    """A build beside the reference of its first source, the only one that has windows."""
    return compare(*batch, SOURCE)
