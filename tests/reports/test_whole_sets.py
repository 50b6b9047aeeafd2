"""Packs of the demo and of records that public projects really have, checked by the verifier and by plain DuckDB."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from app.periods import Period
from app.reports import evidence
from app.reports.verify import Asked, failed, verify
from models.workspace import Workspace
from tests.reports.test_recomputing import check_every_percentage, check_that_it_adds_up

pytestmark = pytest.mark.slow
QUARTER = Period(datetime(2026, 7, 1), datetime(2026, 10, 1))
# Set → a period with records on both sides of it.
REAL = {
    "govuk": Period(datetime(2023, 7, 1), datetime(2024, 1, 1)),
    "osg": Period(datetime(2022, 1, 1), datetime(2023, 1, 1)),
    "archive": Period(datetime(2020, 1, 1), datetime(2021, 1, 1)),
    "wikimedia": Period(datetime(2016, 10, 1), datetime(2017, 1, 1)),
}


def copied(home: Path, tmp_path: Path) -> Workspace:
    """Return a workspace of the test's own: packs that are made are written down in it."""
    return Workspace(Path(shutil.copytree(home, tmp_path / "home")))


def check(space: Workspace, period: Period, tmp_path: Path) -> tuple[int, dict[str, dict[str, str]]]:
    """Make a pack and hold it to everything that it claims; return how many percentages, and the streams' sums."""
    made = evidence.make(space, evidence.Request(period, tmp_path / "packs"))
    lines = list(verify(made.path, Asked(is_unsigned=True)))
    assert failed(lines) == 0, [str(line) for line in lines if line.state == "fails"]
    assert made.rows["population/changes.csv"] + made.rows["population/deployments.csv"] > 50
    return check_every_percentage(made.path, tmp_path), check_that_it_adds_up(made.path)


def test_the_demo_holds_adds_up_and_recomputes(demo_home: Path, tmp_path: Path) -> None:
    """Five sources, every kind of record: each sum of each stream agrees, each percentage follows from packed rows."""
    percentages, streams = check(copied(demo_home, tmp_path), QUARTER, tmp_path)
    assert percentages > 50
    assert {"issues", "pull_requests", "deployments", "builds", "windows"} <= {s.partition(".")[2] for s in streams}
    # A change of another quarter whose window overlaps one of this quarter: counted once, as its window.
    assert int(streams["jira.issues"]["windows"]) > 0


@pytest.mark.parametrize("name", REAL)
def test_a_real_set_holds_adds_up_and_recomputes(name: str, real_home: Callable[[str], Path], tmp_path: Path) -> None:
    """Nothing of a public project's records is lost between what its files hold and the pack's population."""
    percentages, _ = check(copied(real_home(name), tmp_path), REAL[name], tmp_path)
    assert percentages > 0
