"""Recorded projects through the product: what is published is what comes out, and agrees with the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.simulator.page import FOLDER
from tests.simulator.real_input import SETS, measure_real, measure_set

RESULTS = Path(__file__).parents[2] / "docs" / FOLDER / "results.json"


def test_without_the_recorded_input_nothing_is_measured(tmp_path: Path) -> None:
    """The last published results stay."""
    assert measure_real(tmp_path) is None


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "wikimedia").is_dir(), reason="the recorded votes are not on this machine")
def test_a_year_of_votes_gives_the_published_levels_and_the_counts_of_the_files() -> None:
    """Import, build and drift of real records: repeatable, and no change is lost or counted twice on the way."""
    found = measure_set(SETS[0])
    published = json.loads(RESULTS.read_text(encoding="utf-8"))["real"]
    assert json.loads(json.dumps(found)) == published[0]
    for part in found["dimensions"]:
        n, x = (sum(month[place] for month in part["months"]) for place in (1, 2))
        assert [x, n] == found["counted"]
        assert all(low <= hits / count <= high for _, count, hits, low, high in part["months"])
