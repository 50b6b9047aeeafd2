"""Drift from tables to tables: honest words for every team, sentences, baselines that users choose, gaps."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.drift.assessment import (
    DIMENSIONS,
    DRIFTING,
    MOVING,
    NOT_ENOUGH_DATA,
    STABLE,
    DriftSettings,
    assess,
    carrying_days,
)
from models.drift.baseline import fit_baseline
from models.drift.wander import wander_by_week
from models.drift.weeks import read_marks
from models.errors import InputError
from tests.models.drift_tables import MONDAY, drawn, step, table, together, weekly


def finding(marks: pd.DataFrame, team: str = "payments", **more: object) -> pd.Series:  # type: ignore[type-arg]
    found = assess(marks, **more).findings  # type: ignore[arg-type]
    rows = found[(found["team"] == team) & found["is_current"]]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_rise_is_found_dated_and_said_in_one_sentence() -> None:
    """The finding names dimension, onset, rate, baseline and n, in words a leader can repeat."""
    found = finding(weekly(step(0.1, 0.6, 36)))
    assert found["state"] == DRIFTING
    assert found["dimension"] == "owners"
    assert found["onset_week"] == pd.Timestamp(MONDAY + timedelta(weeks=36))
    assert found["baseline_rate"] == pytest.approx(0.1, abs=0.01)
    assert found["baseline_rate"] + 0.05 < found["reference_rate"] < 0.25
    assert found["current_level"] == pytest.approx(0.6, abs=0.01)
    assert found["n"] == 24 * 20
    assert found["low"] < 0.6 < found["high"]
    assert (
        pd.Timestamp(MONDAY + timedelta(weeks=36)) < found["alarm_date"] <= pd.Timestamp(MONDAY + timedelta(weeks=42))
    )
    assert found["sentence"] == (
        "Since about 15 September 2025, payments' approver and deployer are the same person in 60 % of changes "
        "(baseline 10 %, n = 480)."
    )


def test_a_rate_that_stays_is_stable() -> None:
    """No change, no alarm; the sentence says what is closest to one."""
    found = finding(weekly(0.2))
    assert found["state"] == STABLE
    assert pd.isna(found["alarm_date"])
    assert found["sentence"].startswith("payments: no drift. Closest to it: same owner (20 % now, baseline 20 %")


def test_a_fall_is_never_drift() -> None:
    """The processes moving apart is no alarm, however clear."""
    assert finding(weekly(step(0.6, 0.05, 36)))["state"] in {STABLE, MOVING}


def test_a_rise_within_the_margin_is_not_drift() -> None:
    """A rise of less than the practical margin is of no interest, however many marks prove it."""
    assert pd.isna(finding(weekly(step(0.2, 0.23, 36), n=2000))["alarm_date"])


def test_a_shift_of_the_mix_is_not_drift() -> None:
    """Many more emergency changes, each kind at its own old rate: nothing has merged."""
    normal = weekly(0.05, n=lambda week: 40 if week < 36 else 10)
    emergency = weekly(0.6, stratum="emergency", n=lambda week: 10 if week < 36 else 40)
    found = finding(together(normal, emergency))
    assert pd.isna(found["alarm_date"])
    assert found["current_level"] > 0.4  # the level did move, and is shown


def test_the_same_rise_without_strata_would_be_found() -> None:
    """The mix is what the strata explain: with it forgotten, the rise is real."""
    normal = weekly(0.05, n=lambda week: 40 if week < 36 else 10)
    emergency = weekly(0.6, n=lambda week: 10 if week < 36 else 40)
    assert finding(together(normal, emergency))["state"] == DRIFTING


def test_one_release_without_any_separation_is_no_drift() -> None:
    """No single week can carry an alarm, whatever its size."""
    bad = lambda week: 1.0 if week == 40 else 0.1  # noqa: E731 - one expression is the whole story
    assert pd.isna(finding(weekly(bad, n=200))["alarm_date"])


def test_the_dimension_with_the_largest_e_value_is_named_first() -> None:
    """A secondary rise does not hide the primary one."""
    found = finding(together(weekly(step(0.05, 0.8, 36), dimension="act"), weekly(step(0.1, 0.4, 36))))
    assert found["dimension"] == "act"
    assert found["e_act"] > found["e_owners"] > found["threshold"]


@pytest.mark.parametrize(
    ("marks", "because"),
    [
        (weekly(0.2, weeks=1), "1 of 26 baseline weeks"),
        (table(("payments", "owners", "normal", MONDAY, 5, 5)), "1 of 26 baseline weeks"),
        (weekly(0.5, n=lambda week: 1 if week % 6 == 0 else 0), "5 marks in the baseline, 12 needed"),
        (weekly(1.0, n=1, weeks=5), "5 of 26 baseline weeks"),
        (table(("payments", None, None, None, None, None)), "no marks"),
        (table(("payments", "owners", "normal", MONDAY, None, None)), "no marks"),
        (weekly(0.2, weeks=26), "no week after the baseline yet"),
    ],
    ids=["one week", "five marks", "few marks", "one person", "all null", "no counts", "baseline only"],
)
def test_a_degenerate_team_gets_its_honest_word(marks: pd.DataFrame, because: str) -> None:
    """Too little is said to be too little, with what is missing; never an exception, never 'stable'."""
    found = finding(marks)
    assert found["state"] == NOT_ENOUGH_DATA
    assert found["sentence"] == f"payments: not enough data to judge drift ({because})."
    assert found["dimension"] is None or pd.isna(found["dimension"])


def test_a_team_that_always_did_it_has_no_drift() -> None:
    """Every change by one person from the start, or none ever: bad or good, but no change against its own past."""
    for rate in (1.0, 0.0):
        assert finding(weekly(rate))["state"] == STABLE


def test_a_team_with_standard_changes_only_has_no_marks_and_no_verdict() -> None:
    """Standard changes give no marks in most dimensions; deployments alone can still be judged."""
    found = finding(weekly(0.1, dimension="release_record", stratum="all"))
    assert found["state"] == STABLE
    assert pd.isna(found["index"])  # a twentieth of the weight is no index


def test_no_rows_at_all_give_empty_tables() -> None:
    """An organisation without marks has no findings, and the tables keep their columns."""
    result = assess(table())
    assert result.findings.empty
    assert {"team", "state", "sentence"} <= set(result.findings.columns)
    assert list(result.levels.columns) == [
        "team",
        "dimension",
        "week_end",
        "level",
        "low",
        "high",
        "n",
        "weight_observed",
    ]


def test_arrow_pandas_and_plain_columns_give_the_same() -> None:
    """The same table in any of the forms it comes in."""
    marks = weekly(step(0.1, 0.6, 36))
    by_pandas = assess(marks).findings
    for other in (pa.Table.from_pandas(marks), {name: marks[name].tolist() for name in marks.columns}):
        pd.testing.assert_frame_equal(assess(other).findings, by_pandas)


def test_rows_may_come_in_any_order_and_in_parts() -> None:
    """A day's marks in two rows are that day's marks."""
    marks = weekly(step(0.1, 0.6, 36), n=20)
    halves = together(marks.assign(n=marks["n"] - marks["x"], x=0), marks.assign(n=marks["x"]))
    shuffled = halves.sample(frac=1, random_state=7)
    pd.testing.assert_frame_equal(assess(shuffled).findings, assess(marks).findings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="x"), "lacks x"),
        (lambda frame: frame.assign(dimension="mood"), "unknown dimensions: mood"),
        (lambda frame: frame.assign(x=99), "x outside 0 to n"),
        (lambda frame: frame.assign(n=-1, x=0), "x outside 0 to n"),
    ],
    ids=["missing column", "unknown dimension", "more hits than marks", "negative"],
)
def test_an_impossible_table_is_refused_in_words(change: object, words: str) -> None:
    """What cannot be is named with its place, not computed with."""
    with pytest.raises(InputError, match=words):
        assess(change(weekly(0.2)))  # type: ignore[operator]


def test_censored_weeks_carry_no_evidence_and_are_named() -> None:
    """A source that tells nothing makes every change look unapproved: its weeks do not count, and that is said."""
    marks = weekly(lambda week: 1.0 if 40 <= week < 45 else 0.1, dimension="order")
    gate = pd.DataFrame(
        {
            "team": "payments",
            "week": pd.to_datetime([MONDAY + timedelta(weeks=week) for week in range(40, 45)]),
            "reason": "github brought 0 decisions for 20 changes, about 24 expected",
        }
    )
    assert finding(marks)["state"] in {DRIFTING, STABLE}
    assert not pd.isna(finding(marks)["alarm_date"])
    found = finding(marks, gate=gate)
    assert pd.isna(found["alarm_date"])
    assert found["weeks_censored"] == 6  # and the first week after, which ships what was decided in the silence
    assert "5 weeks left out as a data gap: github brought 0 decisions for 20 changes" in found["sentence"]


def test_a_team_whose_last_quarter_is_a_gap_is_not_called_stable() -> None:
    """Nothing seen is not nothing happened."""
    marks = weekly(0.1)
    gate = pd.DataFrame(
        {"team": "payments", "week": pd.to_datetime([MONDAY + timedelta(weeks=w) for w in range(50, 60)])}
    )
    found = finding(marks, gate=gate)
    assert found["state"] == NOT_ENOUGH_DATA
    assert "most of the last 13 weeks are a data gap" in found["sentence"]


def test_a_restart_begins_a_new_baseline_and_the_old_one_stays() -> None:
    """A deliberate change is not drift against the new baseline; against the old one it still shows."""
    marks = weekly(step(0.1, 0.6, 36), weeks=90)
    chosen = pd.DataFrame(
        {"team": ["payments"], "start": [MONDAY + timedelta(weeks=36)], "end": [None], "note": ["automated approvals"]}
    )
    found = assess(marks, baselines=chosen).findings
    current, old = found[found["is_current"]].iloc[0], found[~found["is_current"]].iloc[0]
    assert (current["baseline_kind"], current["state"]) == ("restart", STABLE)
    assert current["baseline_note"] == "automated approvals"
    assert current["baseline_rate"] == pytest.approx(0.6, abs=0.01)
    assert (old["baseline_kind"], old["state"]) == ("first", DRIFTING)


def test_a_pinned_period_is_the_baseline() -> None:
    """A user may say which weeks were normal."""
    marks = weekly(lambda week: 0.5 if week < 20 or week >= 45 else 0.1, weeks=80)
    chosen = pd.DataFrame(
        {
            "team": ["payments"],
            "start": [MONDAY + timedelta(weeks=22)],
            "end": [MONDAY + timedelta(weeks=42, days=6)],
            "note": [None],
        }
    )
    found = assess(marks, baselines=chosen).findings
    pinned = found[found["baseline_kind"] == "pinned"].iloc[0]
    assert (pinned["baseline_start"], pinned["baseline_end"]) == (
        pd.Timestamp(MONDAY + timedelta(weeks=22)),
        pd.Timestamp(MONDAY + timedelta(weeks=42, days=6)),
    )
    assert pinned["state"] == DRIFTING
    assert pinned["onset_week"] == pd.Timestamp(MONDAY + timedelta(weeks=45))


def test_a_drift_that_went_back_is_over_and_stays_told() -> None:
    """Recovery is stated with both dates; a later drift is found anew."""
    back = weekly(lambda week: 0.7 if 36 <= week < 50 else 0.1, weeks=90)
    found = finding(back)
    assert found["state"] in {STABLE, MOVING}
    assert found["alarm_date"] < found["recovered_on"]
    assert "An earlier drift (same owner, found" in found["sentence"]
    again = weekly(lambda week: 0.7 if 36 <= week < 50 or week >= 80 else 0.1, weeks=90)
    found = finding(again)
    assert found["state"] == DRIFTING
    assert found["onset_week"] == pd.Timestamp(MONDAY + timedelta(weeks=80))
    assert found["first_alarm_date"] < found["alarm_date"]


def test_looking_earlier_sees_only_what_was_there() -> None:
    """As of a day before the onset there is no drift; later marks change nothing that was said then."""
    marks = weekly(step(0.1, 0.6, 36))
    day = MONDAY + timedelta(weeks=36)
    then = assess(marks, as_of=day)
    cut = assess(marks[pd.to_datetime(marks["day"]) <= pd.Timestamp(day)], as_of=day)
    assert then.findings.iloc[0]["state"] == STABLE
    pd.testing.assert_frame_equal(then.findings, cut.findings)
    pd.testing.assert_frame_equal(then.levels, cut.levels)


def test_an_alarm_once_raised_is_not_moved_by_later_marks() -> None:
    """The alarm's date is a fact of that day: looked at from any later day it is the same."""
    marks = weekly(step(0.1, 0.6, 36), weeks=80)
    dates = {assess(marks, as_of=MONDAY + timedelta(weeks=w)).findings.iloc[0]["alarm_date"] for w in (45, 60, 79)}
    assert len(dates) == 1


def test_teams_do_not_see_each_others_marks_unless_wander_is_pooled() -> None:
    """A team is judged against its own past: its figures are the same alone and among others."""
    marks = together(weekly(step(0.1, 0.6, 36)), weekly(0.3, team="search"), weekly(0.5, team="web", n=7))
    settings = DriftSettings(pool_wander=False)
    alone = finding(marks[marks["team"] == "payments"], settings=settings)
    among = finding(marks, settings=settings)
    assert alone.drop("is_discovery").equals(among.drop("is_discovery"))


def test_every_dimension_says_why_it_is_not_watched() -> None:
    """The page can say of each dimension whether it counts, and what is missing."""
    marks = together(
        weekly(0.1), weekly(0.1, dimension="act", weeks=5), weekly(0.5, dimension="batch", n=lambda w: int(w < 4)),
        weekly(0.1, dimension="release_record", n=lambda w: 8 * int(w % 9 == 0)),
    )  # fmt: skip
    rows = assess(marks).dimensions.set_index("dimension")
    assert list(rows.index) == [dimension.name for dimension in DIMENSIONS]
    assert rows.loc["owners", "reason"] == ""
    assert rows.loc["release_record", "reason"] == ""  # the weeks go by, also without marks
    assert rows.loc["act", "reason"] == "no marks in the last 13 weeks"
    assert rows.loc["batch", "reason"] == "4 marks in the baseline, 12 needed"
    assert rows.loc["order", "reason"] == "no marks in the baseline"
    assert set(rows.loc[["act", "batch", "order"], "state"]) == {NOT_ENOUGH_DATA}
    assert set(rows.loc[["owners", "release_record"], "state"]) == {STABLE}


def test_what_was_never_apart_is_said_and_not_named() -> None:
    """A team that always did it cannot drift in it: its reference rate is 1, and another dimension is the closest."""
    marks = together(weekly(1.0), weekly(0.1, dimension="act"))
    drift = assess(marks)
    found, rows = drift.findings.iloc[0], drift.dimensions.set_index("dimension")
    assert (found["state"], found["dimension"]) == (STABLE, "act")
    assert "Never apart to begin with: same owner (100 % in the baseline)." in found["sentence"]
    assert rows.loc["owners", "reference_rate"] == 1
    assert rows.loc["owners", "reason"] == "missing in 100 % of the baseline"
    assert rows.loc["owners", "state"] == STABLE
    alone = assess(weekly(1.0)).findings.iloc[0]
    assert alone["state"] == STABLE
    assert alone["sentence"].startswith("payments: no drift can be seen. Never apart to begin with: same owner")


def test_the_days_that_carry_a_finding_lead_to_the_records() -> None:
    """From team and dimension to the days since the onset on which the separation was missing, most first."""
    marks = weekly(step(0.1, 0.6, 36))
    onset = MONDAY + timedelta(weeks=36)
    days = carrying_days(marks, "payments", "owners", onset)
    assert days["x"].sum() == marks.loc[pd.to_datetime(marks["day"]) >= pd.Timestamp(onset), "x"].sum()
    assert days["x"].is_monotonic_decreasing


def test_slow_wander_of_the_other_dimensions_widens_the_reference() -> None:
    """Where every rate moves by itself, one more rate that moves as far is no news."""
    names = [dimension.name for dimension in DIMENSIONS if dimension.name not in {"owners", "batch"}]
    rise = weekly(step(0.15, 0.32, 36), n=40, weeks=70)

    def swing(place: int) -> pd.DataFrame:
        sign = 1 if place % 2 else -1
        return weekly(
            lambda week: 1 / (1 + np.exp(1.7 - sign * 0.9 * np.sin(2 * np.pi * (week + 9 * place) / 60))),
            dimension=names[place], n=40, weeks=70,
        )  # fmt: skip

    calm = together(rise, *(weekly(0.15, dimension=name, n=40, weeks=70) for name in names))
    restless = together(rise, *(swing(place) for place in range(len(names))))
    alone = DriftSettings(pool_wander=False)
    assert not pd.isna(finding(calm, settings=alone)["alarm_date"])
    moved = assess(restless, settings=alone).dimensions.set_index("dimension")
    still = assess(calm, settings=alone).dimensions.set_index("dimension")
    assert moved.loc["owners", "reference_rate"] > still.loc["owners", "reference_rate"] + 0.1
    assert moved.loc["owners", "e_value"] < still.loc["owners", "e_value"]


def test_rates_that_fall_tell_of_wander_as_well() -> None:
    """What was one is seldom taken apart, so falls widen a reference more than if they were taken for news."""
    names = [dimension.name for dimension in DIMENSIONS if dimension.name not in {"owners", "batch"}]
    fall = (weekly(step(0.4, 0.2, 44), dimension=name, n=40, weeks=70) for name in names)
    baseline = fit_baseline(read_marks(together(weekly(0.15, n=40, weeks=70), *fall)), DriftSettings())
    alone = DriftSettings(pool_wander=False)
    plain, doubted = wander_by_week(baseline, alone), wander_by_week(baseline, alone, falls=0.3)
    owners = [dimension.name for dimension in DIMENSIONS].index("owners")
    assert plain[0, owners, -1] > doubted[0, owners, -1] + 0.1
    assert plain[0, owners, 43] < 0.05


def test_many_honest_teams_alarm_less_often_than_promised() -> None:
    """One false alarm in ten team-years at most: independent marks, 200 teams, a year each."""
    marks = drawn(np.random.default_rng(20250106), 0.15, teams=200, weeks=78, n=10)
    found = assess(marks).findings
    assert (found["alarm_date"].notna()).sum() <= 20


def test_a_date_of_another_year_says_its_year() -> None:
    """4 May needs no year in the year itself."""
    marks = weekly(step(0.1, 0.6, 36), start=date(2024, 9, 2))
    assert "Since about 12 May, payments' approver" in finding(marks)["sentence"]
