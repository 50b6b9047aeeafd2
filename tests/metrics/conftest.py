"""Each real set is loaded and built once in a run of the tests, also when several processes share the work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import SHARED
from tests.metrics.real import build_set

Set = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def real_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    """Return a read-only connection to a set's build by the set's name; skips where the input is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder with recorded input (../shared/data) is not here")
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
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
    """Return the build's path; the first process that asks builds, the others wait for it."""
    done = root / f"real-{name}.done"
    with (root / f"real-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(str(build_set(name, SHARED, root / f"real-{name}")), encoding="utf-8")
    return Path(done.read_text(encoding="utf-8"))
