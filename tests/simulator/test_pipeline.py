"""Batches through the product: what is left to do, what is kept, and what is read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.campaign import most_decisive, plan_of_cells
from tests.simulator.pipeline import TEAMS_AT_ONCE, Batch, batches, measure, measured, scores
from tests.simulator.regimes import REGIMES

CELL = (REGIMES["stable"], 20, 1.0)
OTHER = (REGIMES["two_hats"], 20, 1.0)


def test_every_team_of_every_cell_is_in_one_batch() -> None:
    """Small volumes first; the teams of some cells are complete before those of the next ones begin."""
    todo = batches(most_decisive(), 200, 1)
    told = [(cell[0].name, cell[1], cell[2], batch.first) for batch in todo for cell in batch.cells]
    assert len(told) == len(set(told)) == 5 * len(plan_of_cells())
    assert {first for *_, first in told} == {0, 40, 80, 120, 160}
    assert [batch.volume for batch in todo] == sorted(batch.volume for batch in todo)
    assert all({cell[1] for cell in batch.cells} == {batch.volume} for batch in todo)
    assert [batch.first for batch in todo if CELL in batch.cells] == [0, 40, 80, 120, 160]
    assert CELL in todo[0].cells
    assert todo[0].cells == todo[4].cells != todo[5].cells


def test_a_run_that_was_stopped_goes_on_with_what_is_missing() -> None:
    """Cell by cell and block by block, by seed, whatever cells the batches had before."""
    done = [
        {"volume": 20, "first": 0, "seed": 1, "cells": [["stable", 1.0]]},
        {"volume": 20, "first": 40, "seed": 1, "cells": [["stable", 1.0], ["two_hats", 1.0]]},
        {"volume": 20, "first": 0, "seed": 2, "cells": [["two_hats", 1.0]]},
    ]
    todo = batches([CELL, OTHER], 120, 1, done)
    assert [(batch.first, batch.cells) for batch in todo] == [(0, (OTHER,)), (80, (CELL, OTHER))]


def test_a_gap_between_blocks_is_not_scored_over(tmp_path: Path) -> None:
    """Blocks count from the first one on, so that the teams are those that drawn marks have."""
    late = [{"volume": 20, "first": TEAMS_AT_ONCE, "seed": 1, "cells": [["stable", 1.0]]}]
    assert scores(late, [CELL], tmp_path, 1) == []
    assert measured(tmp_path) == []


@pytest.mark.slow
def test_what_a_batch_keeps_gives_its_cells_scores(tmp_path: Path) -> None:
    """Records of forty teams of two cells in one build: no row differs, and each cell is judged by its own teams."""
    row = measure(Batch(20, 0, 5, (CELL, OTHER)), tmp_path)
    assert (row["differences"], row["alarms_agree"]) == (0, True)
    assert measured(tmp_path) == [row]
    found = scores(measured(tmp_path), plan_of_cells(), tmp_path, 5)
    assert [(cell["regime"], cell["teams"], cell["as_drawn"]) for cell in found] == [
        ("stable", TEAMS_AT_ONCE, True),
        ("two_hats", TEAMS_AT_ONCE, True),
    ]
    assert sum(cell["marks"] for cell in found) == row["marks"] > 0
    assert scores(measured(tmp_path), plan_of_cells(), tmp_path, 6) == []
