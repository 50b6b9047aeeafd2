"""A small run of the validation, and the page that the large one wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.simulator import page, rivals, weak
from tests.simulator.campaign import PARTS, evidence_at_half_way
from tests.simulator.marks import simulate
from tests.simulator.regimes import MUST_ALARM, MUST_NOT, REGIMES
from tests.simulator.trial import Method, alarms_of, interval, score
from tests.simulator.validate import main

DOCS = Path(__file__).parents[2] / "docs"
TEAMS = 40


@pytest.mark.parametrize("regime", MUST_ALARM, ids=lambda regime: regime.name)
def test_drift_at_full_strength_is_found_and_rightly_named(regime: object) -> None:
    """At 100 changes a month, nine in ten teams, and the dimension that moved is named first."""
    cohort = simulate(regime, 100, TEAMS, 11)  # type: ignore[arg-type]
    result = score(cohort, alarms_of([cohort], Method("chosen")))
    assert result.high >= 0.9
    assert result.found >= 0.85
    assert result.named >= 0.85


@pytest.mark.parametrize("regime", MUST_NOT, ids=lambda regime: regime.name)
def test_what_is_no_drift_hardly_ever_alarms(regime: object) -> None:
    """A false alarm in two percent of team-years, in five where rates wander: the interval must not exclude it."""
    cohort = simulate(regime, 100, TEAMS, 11)  # type: ignore[arg-type]
    result = score(cohort, alarms_of([cohort], Method("chosen")))
    assert result.low <= (0.05 if "wander" in result.regime else 0.02)


def test_the_detector_beats_simple_alarms() -> None:
    """An owner-overlap limit and a gap limit each alarm where nothing merged; monthly tests alarm most of all."""
    hats = simulate(REGIMES["two_hats"], 100, TEAMS, 11)
    move = simulate(REGIMES["cd_move"], 100, TEAMS, 11)
    wander = simulate(REGIMES["slow_wander_90"], 100, TEAMS, 11)
    assert score(hats, rivals.owner_overlap(hats)).early > 0.9
    assert score(move, rivals.gap_median(move)).early > 0.9
    assert score(wander, rivals.monthly_tests(wander)).early > 0.5
    for cohort in (hats, move, wander):
        assert score(cohort, alarms_of([cohort], Method("chosen"))).early <= 0.1


def test_every_alternative_runs_and_the_chosen_one_is_first() -> None:
    """What was tried can be tried again."""
    cohort = simulate(REGIMES["act_collapse"], 100, 6, 11)
    methods = rivals.alternatives()
    assert methods[0].name == "chosen"
    assert len({method.name for method in methods}) == len(methods)
    for method in methods:
        assert score(cohort, alarms_of([cohort], method)).found > 0


def test_intervals_are_wilsons() -> None:
    """None of 400 is still up to one in a hundred."""
    assert interval(0, 400) == pytest.approx((0, 0.0095), abs=1e-4)
    assert interval(400, 400) == pytest.approx((0.9905, 1), abs=1e-4)


def test_a_watcher_who_knew_the_rates_has_little_at_half_a_ramp() -> None:
    """The bound on delays: abrupt changes have no half-way; more changes a month bring more evidence."""
    assert evidence_at_half_way(simulate(REGIMES["act_collapse"], 100, 10, 11)) is None
    small, large = (evidence_at_half_way(simulate(REGIMES["cab_logistics"], v, TEAMS, 11)) for v in (20, 500))
    assert small is not None and large is not None and small < large / 5


def test_a_small_campaign_writes_the_page_twice_the_same(tmp_path: Path) -> None:
    """Page, charts and results follow from the seed; parts that are not run keep their last results."""
    published = (DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8")
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name / page.FOLDER
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(published, encoding="utf-8")
        path = main(["--out", str(tmp_path / name), "--teams", "12", "--parts", "organisation,alone"])
        assert path.read_text(encoding="utf-8").startswith("# Drift: operating characteristics")
        files = sorted((tmp_path / name).rglob("*.*"))
        written.append({file.relative_to(tmp_path / name): file.read_bytes() for file in files})
    assert written[0] == written[1]
    assert len([name for name in written[0] if name.suffix == ".svg"]) == 4
    rerun = json.loads(written[0][Path(page.FOLDER) / "results.json"])
    assert rerun["cells"] == json.loads(published)["cells"]
    assert {row["teams"] for row in rerun["alone"]} == {6}


def test_the_published_page_is_what_its_results_say(tmp_path: Path) -> None:
    """Stale after a change of the page's words: run python -m tests.simulator.validate --out docs --parts none."""
    results = json.loads((DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8"))
    written = page.write(tmp_path, results)
    assert written.read_text(encoding="utf-8") == (DOCS / written.name).read_text(encoding="utf-8")
    for chart in (tmp_path / page.FOLDER).glob("*.svg"):
        assert chart.read_text(encoding="utf-8") == (DOCS / page.FOLDER / chart.name).read_text(encoding="utf-8")


def test_every_cell_below_its_goal_says_what_was_tried_on_it() -> None:
    """At least two alternatives, with figures, the best first; a cell on which nothing was tried is said to be one."""
    results = json.loads((DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8"))
    stable = next(row for row in results["cells"] if (row["regime"], row["volume"]) == ("stable", 20))
    wanted = ("hollow_rules", 100, 0.5)
    hollow = next(row for row in results["cells"] if (row["regime"], row["volume"], row["strength"]) == wanted)
    changed = [dict(row) for row in results["cells"]]
    changed[results["cells"].index(stable)] |= {"early": 0.5, "low": 0.4, "high": 0.6}
    changed[results["cells"].index(hollow)] |= {"found": 0.1, "low": 0.05, "high": 0.2}
    lines = weak.missed(results | {"cells": changed})
    (alarms,) = [line for line in lines if line.startswith("- stable, 20 a month: false alarms in 50 %")]
    assert "the interval does not reach the goal" in alarms
    assert alarms.count("found)") == 3 and "alternatives, chosen" in alarms
    power = next(line for line in lines if "half strength: found in 10 %" in line)
    assert power.count("(false alarms at 20: ") == 3
    none = weak.missed(results | {"cells": changed, "alternatives": []})
    assert all(line.endswith("No alternative was tried on this cell.") for line in none if line.startswith("- "))


def test_once_records_have_every_cell_the_goals_are_held_against_them_too(tmp_path: Path) -> None:
    """Beside the larger cells of drawn marks, and a cell that misses its goal only in records is named as well."""
    results = json.loads((DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8"))
    told = [row | {"teams": 200, "marks": 1, "as_drawn": True} for row in results["cells"]]
    lost = next(row for row in told if (row["regime"], row["volume"]) == ("lost_third", 500))
    lost |= {"early": 0.31, "low": 0.25, "high": 0.38}
    text = page.write(tmp_path, results | {"product": told}).read_text(encoding="utf-8")
    assert "| goal | from records, 200 teams a cell | met | drawn marks, 400 teams a cell | met |" in text
    (alarms,) = [line for line in text.splitlines() if line.startswith("| teams with a false alarm in a year")]
    assert " to 31 % | no | " in alarms
    assert "from records 31 % (25-38), goal 2.0 %" in " ".join(text.split())
    some = page.write(tmp_path, results | {"product": told[:-1]}).read_text(encoding="utf-8")
    assert "| goal | measured | met |" in some


def test_the_published_figures_cover_every_cell_with_enough_teams() -> None:
    """Two hundred teams per cell at least, every regime at three volumes, in the parts that are published."""
    results = json.loads((DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8"))
    assert set(PARTS) <= set(results)
    cells = {(row["regime"], row["volume"], row["strength"]) for row in results["cells"]}
    wanted = {(regime.name, volume, 1.0) for regime in REGIMES.values() for volume in (20, 100, 500)}
    wanted |= {(regime.name, volume, 0.5) for regime in MUST_ALARM for volume in (20, 100, 500)}
    assert cells == wanted
    assert min(row["teams"] for row in results["cells"] + results["alternatives"] + results["alone"]) >= 200


def test_every_published_cell_was_run_from_records_and_gave_what_drawn_marks_give() -> None:
    """Two hundred teams per cell through files, import and build: no mark, no alarm and no dimension is another."""
    results = json.loads((DOCS / page.FOLDER / "results.json").read_text(encoding="utf-8"))
    keys = [[(row["regime"], row["volume"], row["strength"]) for row in results[name]] for name in ("cells", "product")]
    assert sorted(keys[0]) == sorted(keys[1])
    assert min(row["teams"] for row in results["product"]) >= 200
    assert all(row["as_drawn"] for row in results["product"])
    assert all(row["differences"] == 0 and row["alarms_agree"] for row in results["pipeline"])
