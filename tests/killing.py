"""Starts the command line as a process of its own, and kills it at random moments.

TWOTRACK_KILLS sets how often: a handful by default, twenty for a release.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from models.streams import STREAMS
from models.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
KILLS = int(os.environ.get("TWOTRACK_KILLS", "4"))
Stored = Counter[tuple[object, ...]]


def started(home: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "--home", str(home), "--quiet", *(str(one) for one in arguments)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def finished(home: Path, *arguments: str | Path) -> float:
    """Run a command to its end and return how long it took."""
    began = time.monotonic()
    assert started(home, *arguments).wait(timeout=300) == 0
    return time.monotonic() - began


def moments(seconds: float) -> Iterator[float]:
    """Yield random moments spread over the whole of a run, its start and its end included."""
    chance = random.Random()
    yield from ((i + chance.random()) / KILLS * seconds for i in range(KILLS))


def killed(home: Path, after: float, *arguments: str | Path) -> bool:
    """Kill a command ``after`` so many seconds; false when it was done before."""
    process = started(home, *arguments)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return process.wait(timeout=60) == -signal.SIGKILL


def stored(home: Path) -> Stored:
    """Return what the raw store holds: each version of each payload, and how often."""
    with duckdb.connect(str(Workspace(home).raw_path), read_only=True) as con:
        return Counter(
            (str(stream), *row)
            for stream in STREAMS
            for row in con.execute(
                f"select source, record_key, payload_sha256, version_at from raw.{stream.table}"
            ).fetchall()
        )
