"""Simulated records through the whole product: SQL finds the marks that were meant, and drift is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import pytest

from models.drift.assessment import DRIFTING, NOT_ENOUGH_DATA, assess
from models.records import KINDS
from tests.simulator.life import START
from tests.simulator.pipeline import Built, agreement, build_stories
from tests.simulator.records import Story, simulate_records
from tests.simulator.regimes import REGIMES, STRATA

WEEKS = 56


@pytest.mark.slow
def test_the_build_finds_the_marks_that_the_records_mean() -> None:
    """Import, classification, marts: each day's marks in every regime as the generator meant them, and findings."""
    story = Story()
    for regime in REGIMES.values():
        simulate_records(regime, 12, 1, 5, weeks=WEEKS, story=story)
    for name in ("act_collapse", "train_bypass"):
        simulate_records(REGIMES[name], 60, 1, 5, weeks=WEEKS, story=story, first=50)
    built = build_stories([story], WEEKS)
    assert set(built.marks["team"]) == set(story.onsets)
    assert built.marks["dimension"].nunique() == len(STRATA)
    assert agreement([story], built, WEEKS) == 1.0
    found = built.findings.set_index("team").loc[["act-collapse-050", "train-bypass-050"]]
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


def test_a_wrong_mark_is_a_disagreement() -> None:
    """The comparison that the published figures rest on can fail."""
    story = simulate_records(REGIMES["stable"], 20, 1, 5, weeks=12)
    marks = story.truth()
    nothing = pd.DataFrame()
    assert agreement([story], Built(0, marks, nothing, nothing), 14) == 1.0
    assert agreement([story], Built(0, marks.assign(x=marks["n"]), nothing, nothing), 14) < 1
    assert agreement([story], Built(0, marks.iloc[1:], nothing, nothing), 14) < 1


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
