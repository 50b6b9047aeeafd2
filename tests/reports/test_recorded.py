"""Packs of records that a public project really has."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from app.periods import Period
from app.reports import evidence, retrospective
from app.reports.evidence import Request
from app.reports.question import parse_period
from app.reports.verify import Asked, failed, verify
from models.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(real_home: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The pull requests of a standards group, imported and built."""
    return Workspace(Path(shutil.copytree(real_home("archive"), tmp_path_factory.mktemp("archive") / "home")))


def test_a_real_population_is_judged_as_it_was_counted_by_hand(archive: Workspace, tmp_path: Path) -> None:
    """505 merged: 351 approved by somebody else before the merge (262 of what was merged), 2 only after, 152 never."""
    made = evidence.make(archive, Request(Period(datetime(2017, 1, 1), datetime(2024, 1, 1)), tmp_path))
    with (made.path / "data" / "change_tests.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["test"] == "authorised_before_deployment"]
    assert Counter(row["reason"] for row in rows) == {
        "approved before the merge; no deployment is on record": 262,
        "approved for another revision only": 89,
        "approved after the merge": 2,
        "no approval on record": 152,
    }
    assert failed(list(verify(made.path, Asked(is_unsigned=True)))) == 0


def test_a_retrospective_without_deployments_says_what_that_hides(archive: Workspace, tmp_path: Path) -> None:
    """Approvals are told of, everything about production is said to be unknown."""
    text = retrospective.write(archive, parse_period("2020"), None, tmp_path).html.read_text(encoding="utf-8")
    assert "No production deployment is on record" in text and "approval latency" in text.lower()
