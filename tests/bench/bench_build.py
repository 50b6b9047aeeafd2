# ruff: noqa: E501, T201 - SQL in one piece; the report is what this prints
"""How long a full build takes on a million changes, and how it grows: ``python -m tests.bench.bench_build [CHANGES…]``.

Prints seconds and rows per model, the processor's seconds, the machine's load, the peak of memory, and the ratio between
sizes; then three metrics computed by plain pandas from the same raw records, as a yardstick. ``--keep FOLDER`` leaves the
workspaces there and uses raw records that it finds. Not a test: machines differ, so quote load and ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from models.settings import load_settings
from models.workspace import Workspace
from sql.build import BuildResult, build
from tests.bench.large_store import fill, settings_text


def processor_seconds() -> float:
    """Return the seconds that this process has kept processors busy."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(changes: int, home: Path) -> tuple[BuildResult, Workspace]:
    """Fill a store with so many changes, unless it is there, and build it."""
    workspace = Workspace(home)
    home.mkdir(parents=True, exist_ok=True)
    if not workspace.raw_path.is_file():
        workspace.config_path.write_text(settings_text(), encoding="utf-8")
        rows = fill(workspace.raw_path, changes)
        print(f"{changes:,} changes: " + ", ".join(f"{count:,} {table}" for table, count in rows.items()))
    before = processor_seconds()
    result = build(workspace, load_settings(workspace.config_path), as_of=datetime(2026, 6, 30))
    busy = processor_seconds() - before
    for model in sorted(result.models, key=lambda one: -one.seconds):
        print(f"  {model.seconds:8.2f} s {model.rows:>12,} rows  {model.name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  {result.seconds:8.2f} s in all, {busy:.1f} s of processors, peak memory so far {peak:.2f} GB")
    print(f"  load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    return result, workspace


def pandas_yardstick(workspace: Workspace) -> float:
    """Compute median latency, failure rate and lead time per service from the raw records, in plain pandas."""
    con = duckdb.connect(str(workspace.raw_path), read_only=True)
    started = time.perf_counter()
    pulls = con.execute(
        "select record_key as pull, payload ->> '$.createdAt' as created, payload ->> '$.mergedAt' as merged, "
        "payload ->> '$.headRefOid' as head, payload ->> '$.mergeCommit.oid' as merge, payload ->> '$.author.login' as author "
        "from raw.github_pull_requests"
    ).fetchdf()
    reviews = con.execute(
        "select split_part(record_key, '/review/', 1) as pull, payload ->> '$.state' as state, payload ->> '$.author.login' "
        "as reviewer, payload ->> '$.submittedAt' as at, payload ->> '$.commit.oid' as head from raw.github_reviews"
    ).fetchdf()
    deployments = con.execute(
        "select record_key as deployment, payload ->> '$.record.service' as service, payload ->> '$.record.revision' as merge, "
        "payload ->> '$.record.status' as status, payload ->> '$.record.finished_at' as finished from raw.record_deployments"
    ).fetchdf()
    incidents = con.execute(
        "select payload ->> '$.record.service' as service, payload ->> '$.record.created_at' as opened from raw.record_incidents"
    ).fetchdf()
    for frame, columns in (
        (pulls, ("created", "merged")), (reviews, ("at",)), (deployments, ("finished",)), (incidents, ("opened",))
    ):  # fmt: skip
        for column in columns:
            frame[column] = pd.to_datetime(frame[column], utc=True)
    pulls["service"] = pulls["pull"].str.extract(r"acme/(service-\d+)#", expand=False)
    approved = reviews[reviews["state"] == "APPROVED"].merge(pulls, on=["pull", "head"])
    approved = (
        approved[approved["reviewer"] != approved["author"]]
        .groupby("pull", as_index=False)
        .agg(at=("at", "min"), created=("created", "first"), service=("service", "first"))
    )
    (approved["at"] - approved["created"]).groupby(approved["service"]).median()
    finished = deployments[deployments["status"] == "success"].sort_values("finished")
    linked = pd.merge_asof(
        incidents.sort_values("opened"), finished, left_on="opened", right_on="finished", by="service",
        tolerance=pd.Timedelta(hours=24),
    )  # fmt: skip
    finished["deployment"].isin(linked["deployment"]).groupby(finished["service"]).mean()
    lead = finished.merge(pulls, on="merge", suffixes=("", "_of_pull"))
    (lead["finished"] - lead["merged"]).groupby(lead["service"]).median()
    return time.perf_counter() - started


def main() -> None:
    """Build each size given on the command line, smallest first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("changes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    sizes = sorted(asked.changes)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            result, workspace = measure(size, (asked.keep or Path(folder)) / str(size))
            seconds.append(result.seconds)
            plain = pandas_yardstick(workspace)
            print(
                f"  three metrics in plain pandas: {plain:.2f} s; "
                f"the full build takes {result.seconds / plain:.1f} times that"
            )
    for small, large, fast, slow in zip(sizes, sizes[1:], seconds, seconds[1:], strict=False):
        print(f"{large / small:.0f} times the changes take {slow / fast:.1f} times as long")


if __name__ == "__main__":
    main()
