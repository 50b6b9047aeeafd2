"""How fast a sync takes in records, and whether its memory grows: ``python -m tests.bench.bench_sync [--runs 5]``.

Not a test. An imitated GitHub in a process of its own serves the repository that the request budget is stated for
(1,000 pull requests, 300 deployments, 3,000 runs). It is asked once beforehand so that its answers are ready: what is
measured is transfer, validation and storage, not the making of the answers. Each sync runs in a fresh process into a
fresh store. Printed are the medians of records per second by the wall and by the processor, and the peak of resident
memory for a repository and for one with ten times as many pages.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import orjson

from tests.ingest.github.large import large_repository
from tests.servers.base import Answer, Asked
from tests.servers.github import GitHubServer, Repository

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "TWOTRACK_BENCHMARK_TOKEN"
SYNC = f"""
import resource, sys, time
from pathlib import Path
from ingest.github.connector import GITHUB
from ingest.source import Surroundings
from ingest.store import RawStore
from ingest.sync import sync
from models.settings import SourceSettings
source = SourceSettings(
    type="github", name="hub", base_url=sys.argv[2], repositories=("acme/shop",), token="env:{TOKEN}"
)
with RawStore(Path(sys.argv[1])) as store:
    began, worked = time.perf_counter(), time.process_time()
    (outcome,) = sync([source], {{"github": GITHUB}}, Surroundings(store))
    took, worked = time.perf_counter() - began, time.process_time() - worked
assert not outcome.failures, [str(error) for error in outcome.failures]
pages = sum(task.pages for task in outcome.tasks)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(outcome.total("received"), pages, outcome.requests, took, worked, peak)
"""


class Prepared(GitHubServer):
    """Gives the answer it gave before, as bytes, to a question it has been asked before."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository)
        self._ready: dict[bytes, Answer] = {}

    def answer(self, asked: Asked) -> Answer:
        """Return the answer that is ready, or make it."""
        key = orjson.dumps([asked.path, asked.query, asked.body], option=orjson.OPT_SORT_KEYS)
        if key not in self._ready:
            made = super().answer(asked)
            self._ready[key] = Answer(orjson.dumps(made.body), made.status, made.headers)
        self.asked.clear()
        return self._ready[key]


def _serve(told: Connection, repository: dict[str, int]) -> None:
    with Prepared(large_repository(**repository)) as server:
        told.send(server.url)
        told.recv()


@contextmanager
def serving(**repository: int) -> Iterator[str]:
    """Serve a repository from another process; yields its address."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, repository))
    process.start()
    try:
        yield str(ours.recv())
    finally:
        ours.send("done")
        process.join()


def synced(url: str) -> list[float]:
    """Sync into a fresh store from a fresh process: records, pages, requests, seconds, processor seconds, peak MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", SYNC, str(Path(folder) / "store.duckdb"), url]
        environment = {**os.environ, TOKEN: "good-token"}
        said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    if said.returncode:
        sys.exit(said.stderr)
    return [float(word) for word in said.stdout.split()]


def main() -> None:
    """Serve, sync, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--large", type=int, default=10, help="how many times as many pages to compare memory with")
    given = options.parse_args()
    size = {"pull_requests": 1000, "deployments": 300, "runs": 3000, "jobs": 4}
    with serving(**size) as url:
        synced(url)
        found = [synced(url) for _ in range(given.runs)]
    records, pages, requests = found[0][:3]
    wall = statistics.median(records / one[3] for one in found)
    cpu = statistics.median(records / one[4] for one in found)
    peak = statistics.median(one[5] for one in found)
    sys.stdout.write(
        f"{records:,.0f} records, {pages:.0f} pages, {requests:.0f} requests; median of {given.runs}: "
        f"{wall:,.0f} records/s, {cpu:,.0f} per processor second; peak {peak:,.0f} MB\n"
    )
    if given.large > 1:
        with serving(**{name: count * (1 if name == "jobs" else given.large) for name, count in size.items()}) as url:
            synced(url)
            records, pages, requests, took, _, large = synced(url)
        sys.stdout.write(
            f"{records:,.0f} records, {pages:.0f} pages: {records / took:,.0f} records/s, peak {large:,.0f} MB "
            f"({large / peak:.2f} times)\n"
        )


if __name__ == "__main__":
    main()
