# ruff: noqa: T201 - the report is what this prints
"""How long a pack of many changes takes to make and to check: ``python -m tests.bench.bench_evidence [CHANGES]``.

Builds a large store, makes a pack of everything in it and checks that, each in a process of its own, and prints
seconds, processor time and the peak of memory. Not a test: machines differ, so quote processor time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from app.periods import Period
from app.reports import evidence
from app.reports.verify import Asked, failed, verdict, verify
from ingest.store import RawStore, canonical_json
from models.settings import load_settings
from models.workspace import Workspace
from sql.build import build
from tests.bench.large_store import fill, settings_text

ALL = Period(datetime(2025, 1, 1), datetime(2026, 7, 1))


def fill_and_build(home: Path, changes: int) -> None:
    """Fill a store with so many changes and what goes with them, and build it."""
    home.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(home)
    workspace.config_path.write_text(settings_text(), encoding="utf-8")
    tables = fill(workspace.raw_path, changes)
    with RawStore(workspace.raw_path) as store:
        # The check compares payloads with the hashes they are stored under, so these must be the real ones.
        store.con.create_function("stored_hash", lambda text: canonical_json(text)[1], ["VARCHAR"], "VARCHAR")
        for table in tables:
            store.con.execute(f"update raw.{table} set payload_sha256 = stored_hash(payload)")
    build(workspace, load_settings(workspace.config_path), as_of=datetime(2026, 6, 30))


def make(home: Path, out: Path) -> None:
    """Make a pack of everything, saying when each step begins."""
    started = time.perf_counter()
    made = evidence.make(
        Workspace(home),
        evidence.Request(ALL, out),
        lambda step, done, total: print(f"  {time.perf_counter() - started:7.1f} s  {step}", flush=True),
    )
    size = sum(path.stat().st_size for path in made.path.rglob("*") if path.is_file())
    print(f"  {made.rows['population/changes.csv']:,} changes, {sum(made.rows.values()):,} rows, {size / 1e9:.2f} GB")


def check(out: Path) -> None:
    """Check the pack and print what does not hold."""
    (pack,) = [path for path in out.iterdir() if path.is_dir()]
    lines = list(verify(pack, Asked(is_unsigned=True)))
    print("".join(f"  {line}\n" for line in lines if line.state == "fails") + f"  {verdict(lines)}")
    sys.exit(1 if failed(lines) else 0)


def main() -> None:
    """Run each step in a process of its own, so that its peak of memory is its own."""
    if len(sys.argv) == 4:
        home, out = Path(sys.argv[2]), Path(sys.argv[3])
        {"make": lambda: make(home, out), "check": lambda: check(out)}[sys.argv[1]]()
        return
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder) / "home", Path(folder) / "packs"
        fill_and_build(home, changes)
        for step in ("make", "check"):
            started = time.perf_counter()
            process = subprocess.Popen([sys.executable, "-m", "tests.bench.bench_evidence", step, str(home), str(out)])
            _, status, used = os.wait4(process.pid, 0)
            spent = used.ru_utime + used.ru_stime
            print(
                f"{step}: {time.perf_counter() - started:.1f} s, {spent:.1f} s of processor time, "
                f"{used.ru_maxrss / 1e6:.2f} GB at most, exit code {os.waitstatus_to_exitcode(status)}"
            )


if __name__ == "__main__":
    main()
