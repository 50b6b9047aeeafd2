"""Simulated records through the whole product: SQL finds the marks that were meant, and drift is found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from app.cli import run
from models.drift.assessment import DRIFTING, NOT_ENOUGH_DATA, STABLE, assess
from models.records import KINDS
from models.workspace import Workspace
from tests.simulator.records import Story, simulate_records
from tests.simulator.regimes import ONSET_WEEK, REGIMES

AS_OF = "2025-03-01"
WEEKS = 60


def built(story: Story, folder: Path) -> Path:
    """Import a story's files and build; returns the published database."""
    home = folder / "home"
    for file, mapping in story.write(folder / "files"):
        assert run(["--home", str(home), "--quiet", "import", str(file), "--map", str(mapping)]) == 0
    assert run(["--home", str(home), "--quiet", "build", "--as-of", AS_OF]) == 0
    workspace = Workspace(home)
    return workspace.build_path(workspace.current_build())


@pytest.mark.slow
def test_the_build_finds_the_marks_that_the_records_mean(tmp_path: Path) -> None:
    """From JSON Lines to ``drift_daily``: every day's marks of every dimension, as the generator meant them."""
    story = simulate_records(REGIMES["act_collapse"], 1, 5, weeks=WEEKS)
    story = simulate_records(REGIMES["train_bypass"], 1, 5, weeks=WEEKS, story=story)
    story = simulate_records(REGIMES["stable"], 3, 5, weeks=WEEKS, story=story)  # they vouch for the source
    with duckdb.connect(str(built(story, tmp_path)), read_only=True) as con:
        found = con.execute("select team, dimension, stratum, day, n, x from marts.drift_daily").fetchdf()
        judged = con.execute("select team, state, dimension from marts.drift_findings order by team").fetchall()
    keys = ["team", "dimension", "stratum", "day"]
    meant = story.truth().sort_values(keys).reset_index(drop=True)
    assert meant["dimension"].nunique() == 9
    pd.testing.assert_frame_equal(found.sort_values(keys).reset_index(drop=True), meant, check_dtype=False)
    assert judged == [
        ("act-collapse-00", DRIFTING, "act"),
        *((f"stable-0{k}", STABLE, judged[1 + k][2]) for k in range(3)),
        ("train-bypass-00", DRIFTING, "order"),
    ]


def test_the_truth_of_records_is_judged_as_marks_are() -> None:
    """Without a build: the meant marks give the finding of the regime, dated near its onset."""
    story = simulate_records(REGIMES["owners_merge"], 3, 5, weeks=78, changes_a_week=25)
    found = assess(story.truth()).findings
    assert list(found["state"]) == [DRIFTING] * 3
    assert list(found["dimension"]) == ["owners"] * 3
    onset = (found["onset_week"] - pd.Timestamp(date(2024, 1, 1))).dt.days // 7
    assert (onset - ONSET_WEEK).abs().max() <= 13


def test_stable_records_give_no_finding() -> None:
    """Teams that stay as they are: stable, or honestly too little."""
    story = simulate_records(REGIMES["stable"], 6, 5, weeks=70)
    assert DRIFTING not in set(assess(story.truth()).findings["state"])
    short = simulate_records(REGIMES["stable"], 1, 5, weeks=10)
    assert list(assess(short.truth()).findings["state"]) == [NOT_ENOUGH_DATA]


def test_every_record_is_one_the_product_knows() -> None:
    """Fields are those of the kinds; keys are unique within a kind; links lead somewhere."""
    story = simulate_records(REGIMES["train_bypass"], 1, 5, weeks=12)
    for kind, rows in story.records.items():
        assert len({row["key"] for row in rows}) == len(rows)
        for row in rows:
            KINDS[kind].model_validate(row)
    known = {str(row["key"]) for row in story.records["change"] + story.records["deployment"]}
    assert all({row["from_key"], row["to_key"]} <= known for row in story.records["link"])
