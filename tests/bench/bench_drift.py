# ruff: noqa: T201 - the report is what this prints
"""How long drift takes over an organisation: ``python -m tests.bench.bench_drift [TEAMS [WEEKS [CHANGES_A_MONTH]]]``.

Prints rows, seconds and processor seconds by step, the machine's load and the peak of memory. Not a test: machines
differ. Marks are simulated in every regime, so that some teams drift and are dated. What the marks take in SQL is
part of ``tests.bench.bench_build``.
"""

from __future__ import annotations

import os
import resource
import sys
import time

import pandas as pd

from models.drift.assessment import assess
from models.drift.gate import silent_weeks
from tests.simulator.marks import simulate
from tests.simulator.regimes import REGIMES

TEAMS, WEEKS, CHANGES = 2_000, 156, 100


def organisation(teams: int, weeks: int, changes: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return marks and activity of so many teams, an equal share in every regime."""
    marks, activity = [], []
    share = -(-teams // len(REGIMES))
    for seed, regime in enumerate(REGIMES.values()):
        cohort = simulate(regime, changes, share, seed, weeks=weeks, sharing=1)
        marks.append(cohort.marks().astype({"team": "str", "dimension": "str"}))
        activity.append(cohort.activity())
    return pd.concat(marks, ignore_index=True), pd.concat(activity, ignore_index=True)


def main() -> None:
    """Simulate, then measure the gate and the assessment."""
    given = [int(argument) for argument in sys.argv[1:]]
    teams, weeks, changes = [*given, *(TEAMS, WEEKS, CHANGES)[len(given) :]]
    marks, activity = organisation(teams, weeks, changes)
    print(f"{teams:,} teams, {weeks} weeks, {changes} changes a month: {len(marks):,} rows of marks")
    started, busy = time.perf_counter(), time.process_time()
    gate = silent_weeks(activity)
    gated, busy_gated = time.perf_counter(), time.process_time()
    drift = assess(marks, gate)
    done, busy_done = time.perf_counter(), time.process_time()
    print(f"  {gated - started:6.1f} s gate ({busy_gated - busy:.1f} s of processors), {len(gate):,} weeks left out")
    print(
        f"  {done - gated:6.1f} s assessment ({busy_done - busy_gated:.1f} s of processors), "
        f"{len(drift.levels):,} levels, {len(drift.findings):,} findings"
    )
    print("  " + ", ".join(f"{count} {state}" for state, count in drift.findings["state"].value_counts().items()))
    print(f"  load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
