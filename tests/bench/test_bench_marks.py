"""The benchmark of marks draws the tables that drift reads, so it has to follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_marks import STEPS, measure


def test_the_benchmark_of_marks_draws_every_column_that_drift_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A benchmark that no longer runs measures nothing: a small one runs every model of drift and finds marks."""
    taken = measure(1_000, 4, tmp_path)
    said = capsys.readouterr().out
    assert set(taken) == set(STEPS)
    for names in STEPS.values():
        assert all(f"marts.{name}\n" in said for name in names)
    counts = {
        line.split()[-1]: int(line.split()[-3].replace(",", "")) for line in said.splitlines() if " rows  " in line
    }
    assert counts["marts.drift_findings"] >= 4
    assert counts["marts.drift_single_marks"] > 1_000
