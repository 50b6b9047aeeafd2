"""Each set of records is loaded and built once in a run of the tests, also when several processes share the work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import SHARED
from tests.metrics.compared import AT_ONCE, COUNT, SECOND, SEED, Compared, build_batch, compare
from tests.metrics.organisations import SOURCE, Records, write
from tests.metrics.practice_examples import SETTINGS, practise
from tests.metrics.real import build_set, load
from tests.metrics.trap_records import fill

Set = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def real_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    """Return a read-only connection to a set's build by the set's name; skips where the input is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder with recorded input (../shared/data) is not here")
    root = _shared_root(tmp_path_factory)
    opened: dict[str, duckdb.DuckDBPyConnection] = {}

    def connect(name: str) -> duckdb.DuckDBPyConnection:
        if name not in opened:
            opened[name] = duckdb.connect(str(_path_of(root, name)), read_only=True)
            opened[name].execute("set TimeZone = 'UTC'")
        return opened[name]

    yield connect
    for con in opened.values():
        con.close()


def _path_of(root: Path, name: str) -> Path:
    """Return the path of a real set's build."""
    return _once(root, f"real-{name}", lambda home: build_set(name, SHARED, home))


def _once(root: Path, name: str, made: Callable[[Path], Path]) -> Path:
    """Return a build's path; the first process that asks builds, the others wait for it."""
    done = root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(str(made(root / name)), encoding="utf-8")
    return Path(done.read_text(encoding="utf-8"))


def _shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session", params=range(SEED, SEED + COUNT, AT_ONCE))
def batch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A build of some dozens of invented organisations, and the first one's seed."""
    path = _once(
        _shared_root(tmp_path_factory), f"batch-{request.param}", lambda home: build_batch(request.param, home)
    )
    with duckdb.connect(str(path), read_only=True) as con:
        yield con, request.param


@pytest.fixture(scope="session")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of the definitions' traps and of teams whose practice was judged by hand, side by side."""

    def made(home: Path) -> Path:
        records = Records()
        fill(records)
        practise(records)
        return load(home, write(records, home / "files"), SETTINGS)

    with duckdb.connect(str(_once(_shared_root(tmp_path_factory), "traps", made)), read_only=True) as con:
        yield con


@pytest.fixture(scope="session", params=(SOURCE, SECOND))
def compared(request: pytest.FixtureRequest, batch: tuple[duckdb.DuckDBPyConnection, int]) -> Compared:
    """A build beside what the reference makes of the records of one of its sources."""
    return compare(*batch, request.param)


@pytest.fixture(scope="session")
def whole(batch: tuple[duckdb.DuckDBPyConnection, int]) -> Compared:
    """A build beside the reference of its first source, the only one that has windows."""
    return compare(*batch, SOURCE)
