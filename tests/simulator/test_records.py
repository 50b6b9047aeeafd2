"""Simulated records through the whole product: SQL finds the marks that were meant, and drift is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import pytest

from models.drift.assessment import DRIFTING, NOT_ENOUGH_DATA, assess
from models.drift.gate import silent_weeks
from models.records import KINDS
from tests.simulator.campaign import plan_of_cells
from tests.simulator.life import START
from tests.simulator.marks import simulate
from tests.simulator.pipeline import Built, build_stories, differences
from tests.simulator.records import Story, simulate_records, simulate_sources
from tests.simulator.regimes import CELLS, REGIMES
from tests.simulator.regimes import WEEKS as REGIME_WEEKS

WEEKS = 56


@pytest.mark.slow
def test_the_build_makes_of_records_the_marks_that_are_drawn() -> None:
    """Every regime at full and half strength: marks by dimension, stratum and day, changes and decisions by week."""
    cells = sorted({(regime.name, strength) for regime, _, strength in plan_of_cells()})
    sound = Story(source="sound")
    stories = [sound]
    for name, strength in cells:
        # Only a source that loses records has to be one of its own.
        if REGIMES[name].is_faulty:
            stories += simulate_sources(REGIMES[name], 12, 2, 5, strength=strength)
        else:
            simulate_records(REGIMES[name], 12, 2, 5, strength=strength, story=sound)
    built = build_stories(stories)
    assert len(cells) == 25
    assert len(stories) == 1 + sum(REGIMES[name].is_faulty for name, _ in cells)
    assert set(built.marks["dimension"] + built.marks["stratum"]) == {f"{name}{stratum}" for name, stratum in CELLS}
    assert set(built.marks["team"]) == {team for story in stories for team in story.onsets}
    assert differences(stories, built, REGIME_WEEKS).empty


@pytest.mark.slow
def test_large_releases_and_teams_that_share_a_source_are_no_exception() -> None:
    """Many changes a release, several teams on a faulty source: marks, gaps and alarms as drawn, and rightly named."""
    wanted = (("act_collapse", 3), ("train_bypass", 1), ("outage", 3), ("episodic", 1), ("turnover", 1))
    stories = [story for name, teams in wanted for story in simulate_sources(REGIMES[name], 60, teams, 5, weeks=WEEKS)]
    built = build_stories(stories, WEEKS)
    assert differences(stories, built, WEEKS).empty
    meant = silent_weeks(pd.concat([frame for story in stories for frame in story.activity], ignore_index=True))
    assert len(meant)
    assert sorted(zip(meant["team"], meant["week"].dt.date, strict=True)) == sorted(
        zip(built.gate["team"], pd.to_datetime(built.gate["week"]).dt.date, strict=True)
    )
    found = built.findings.set_index("team").loc[["act-collapse-60-100-0000", "train-bypass-60-100-0000"]]
    assert list(found["state"]) == [DRIFTING, DRIFTING]
    assert list(found["dimension"]) == ["act", "order"]


@pytest.mark.slow
def test_a_finding_stays_when_later_records_are_imported() -> None:
    """Import and build half a year later: the same alarm day, dimension, onset and baseline, from marks that stayed."""
    story = Story()
    for name, teams in (("act_collapse", 2), ("stable", 1)):
        simulate_records(REGIMES[name], 60, teams, 5, weeks=WEEKS + 12, story=story)
    then = build_stories([known_by(story, START + timedelta(weeks=WEEKS))], WEEKS)
    now = build_stories([story], WEEKS + 12)
    told = then.findings.set_index("team").query("state == 'drifting'")
    assert list(told["dimension"]) == ["act", "act"]
    columns = ["dimension", "alarm", "onset", "baseline_rate"]
    later = now.findings.set_index("team").loc[told.index]
    assert list(later["state"]) == [DRIFTING, DRIFTING]
    pd.testing.assert_frame_equal(told[columns], later[columns])
    assert (later["n"] > told["n"]).all()
    end = pd.Timestamp(START) + pd.Timedelta(weeks=WEEKS)
    before, after = (built.marks[pd.to_datetime(built.marks["day"]) < end] for built in (then, now))
    pd.testing.assert_frame_equal(before.reset_index(drop=True), after.reset_index(drop=True))


def known_by(story: Story, day: date) -> Story:
    """Return the records as they were on a day: later ones are not there, later instants not set."""
    end = datetime.combine(day, time(), UTC)
    known = Story(source=story.source)
    for kind, rows in story.records.items():
        for row in rows:
            instants = {name: value for name, value in row.items() if isinstance(value, datetime)}
            if not instants or min(instants.values()) < end:
                kept = {name: value for name, value in row.items() if name not in instants or instants[name] < end}
                known.records.setdefault(kind, []).append(kept)
    keys = {row["key"] for rows in known.records.values() for row in rows}
    known.records["link"] = [row for row in known.records["link"] if row["from_key"] in keys]
    return known


def test_a_wrong_mark_is_a_difference() -> None:
    """The comparison that the published figures rest on can fail: by a count, a missing row, one too many, a week."""
    story = simulate_records(REGIMES["stable"], 20, 1, 5, weeks=12)
    marks, (activity,), nothing = story.truth(), story.activity, pd.DataFrame()
    activity = activity[activity["changes"] + activity["decisions"] > 0]

    def count(marks: pd.DataFrame, activity: pd.DataFrame) -> int:
        return len(differences([story], Built(0, marks, activity, nothing, nothing), 14))

    assert count(marks, activity) == 0
    assert count(marks.assign(x=marks["n"]), activity) == (marks["x"] < marks["n"]).sum()
    assert count(marks.iloc[1:], activity) == 1
    assert count(pd.concat([marks, marks.iloc[:1].assign(stratum="other")]), activity) == 1
    assert count(marks, activity.assign(decisions=activity["decisions"] + 1)) == len(activity)


def test_drawn_marks_are_those_of_the_records_teams() -> None:
    """The large tables and the records tell the same changes, block by block, whatever else is told with them."""
    cohort = simulate(REGIMES["lost_third"], 20, 50, 7)
    stories = simulate_sources(REGIMES["lost_third"], 20, 50, 7)
    assert [len(story.onsets) for story in stories] == [20, 20, 10]
    told = pd.concat([story.truth() for story in stories], ignore_index=True)
    drawn = cohort.marks().astype({"team": "str", "dimension": "str"})
    keys = ["team", "dimension", "stratum", "day"]
    pd.testing.assert_frame_equal(
        *(frame.sort_values(keys).reset_index(drop=True) for frame in (told, drawn)), check_dtype=False
    )
    activity = pd.concat([frame for story in stories for frame in story.activity], ignore_index=True)
    pd.testing.assert_frame_equal(activity, cohort.activity(), check_dtype=False)


def test_the_truth_of_records_is_judged_as_marks_are() -> None:
    """Without a build: the meant marks give the finding of the regime, dated near its onset."""
    story = simulate_records(REGIMES["owners_merge"], 100, 3, 5)
    found = assess(story.truth()).findings
    assert list(found["state"]) == [DRIFTING] * 3
    assert list(found["dimension"]) == ["owners"] * 3
    onset = (found["onset_week"] - pd.Timestamp(START)).dt.days // 7
    assert (onset - found["team"].map(story.onsets)).abs().max() <= 13


def test_stable_records_give_no_finding() -> None:
    """Teams that stay as they are: stable, or honestly too little."""
    story = simulate_records(REGIMES["stable"], 50, 6, 5, weeks=70)
    assert DRIFTING not in set(assess(story.truth()).findings["state"])
    short = simulate_records(REGIMES["stable"], 50, 1, 5, weeks=10)
    assert list(assess(short.truth()).findings["state"]) == [NOT_ENOUGH_DATA]


def test_every_record_is_one_the_product_knows() -> None:
    """Fields are those of the kinds; keys are unique within a kind; links lead somewhere."""
    story = simulate_records(REGIMES["train_bypass"], 50, 1, 5, weeks=12)
    for kind, rows in story.records.items():
        assert len({row["key"] for row in rows}) == len(rows)
        for row in rows:
            KINDS[kind].model_validate(row)
    known = {str(row["key"]) for row in story.records["change"] + story.records["deployment"]}
    assert all({row["from_key"], row["to_key"]} <= known for row in story.records["link"])
