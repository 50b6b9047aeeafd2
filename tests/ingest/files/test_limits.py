"""A kill in the middle of an import, and memory with a file larger than it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.files.importing import import_file
from ingest.store import RawStore
from tests.ingest.files.making import changes

IMPORT = """
import resource, sys
from pathlib import Path
from ingest.files.importing import import_file
from ingest.store import RawStore
from tests.ingest.files.making import changes
with RawStore(Path(sys.argv[1])) as store:
    import_file(store, Path(sys.argv[2]), changes('title = "title"\\ncreated_at = "at"'),
                lambda progress: print(progress.notice, flush=True))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
ROOT = Path(__file__).resolve().parents[3]


def rows(path: Path, count: int, filler: str = "") -> Path:
    """Write a file with many rows."""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,title,at\n")
        for start in range(0, count, 10_000):
            numbers = range(start, min(count, start + 10_000))
            file.write("".join(f"{n},Change {n} {filler},2024-01-01T00:00:00Z\n" for n in numbers))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("notice", ["20% read", "collapsing repeated rows", "storing"])
def test_a_killed_import_leaves_nothing_half_done(tmp_path: Path, notice: str) -> None:
    """Nothing or everything is stored; the import can be run again, and the killed run is marked."""
    path, database = rows(tmp_path / "rows.csv", 100_000), tmp_path / "store.duckdb"
    command = [sys.executable, "-c", IMPORT, str(database), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert any(line.strip() == notice for line in process.stdout)
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    how = changes('title = "title"\ncreated_at = "at"')
    with RawStore(database) as store:
        held = store.con.execute("select count(*) from raw.record_changes").fetchone()
        logged = store.con.execute("select count(*), coalesce(sum(stored), 0) from raw.run_streams").fetchone()
        assert (held, logged) in [((0,), (0, 0)), ((100_000,), (1, 100_000))]
        assert import_file(store, path, how).total("received") == 100_000
        assert store.con.execute("select count(*) from raw.record_changes").fetchone() == (100_000,)
        statuses = [
            status for (status,) in store.con.execute("select status from raw.runs order by started_at").fetchall()
        ]
        assert statuses in (["interrupted", "ok"], ["ok", "ok"])


@pytest.mark.slow
def test_memory_stays_bounded_with_a_large_file(tmp_path: Path) -> None:
    """200 MB of rows stay far below what holding them would take; tests/bench/bench_import.py does it with 1 GB."""
    path = rows(tmp_path / "rows.csv", 350_000, "x" * 550)
    assert path.stat().st_size > 200_000_000
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "store.duckdb"), str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert int(said[-1]) < 1_200
