"""Deliveries a second through ``serve-push`` on the loopback while it is killed: ``python -m tests.bench.bench_push``.

Prints what was acknowledged, how often it is in the raw store, and how long an acknowledgement took. Senders and
server share the machine. Ends with exit code 1 if anything acknowledged is missing or doubled.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ingest.push.takeover import take_over
from ingest.store import RawStore
from models.workspace import Workspace
from tests.ingest.push.load import under_load


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--store-every", type=float, default=5)
    asked = parser.parse_args()
    kills = [asked.seconds * (number + 0.5) / asked.kills for number in range(asked.kills)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        began = time.monotonic()
        load = under_load(home, asked.rate, asked.seconds, kills, asked.store_every)
        took = time.monotonic() - began
        workspace = Workspace(home)
        began = time.monotonic()
        with workspace.writing("bench"), RawStore(workspace.raw_path) as store:
            left = take_over(store, workspace.spool_path, "bench").deliveries
            seconds = time.monotonic() - began
            rows = store.con.execute("select record_key, count(*) from raw.push_deliveries group by 1").fetchall()
    stored = {str(key): int(count) for key, count in rows}
    acknowledged = Counter(load.acknowledged)
    wrong = [key for key in acknowledged if stored.get(key) != 1]
    milliseconds = sorted(1000 * one for one in load.seconds)
    percentiles = statistics.quantiles(milliseconds, n=100)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {len(kills)} kills")  # noqa: T201
    print(f"{len(acknowledged):,} acknowledged in {took:.1f} s, {load.repeated:,} sent again")  # noqa: T201
    print(f"acknowledgement: median {percentiles[49]:.1f} ms, 99 % {percentiles[98]:.1f} ms")  # noqa: T201
    print(f"{left:,} left to take over in {seconds:.1f} s; stored not exactly once: {len(wrong)}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
