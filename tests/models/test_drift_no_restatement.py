"""What was once said stays said: later days, and teams that join later, change no finding of before."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.drift.assessment import DRIFTING, assess
from models.drift.gate import silent_weeks
from tests.models.drift_tables import MONDAY, step, together, weekly
from tests.simulator.life import START
from tests.simulator.marks import simulate
from tests.simulator.regimes import REGIMES

WEEKS = 78
MOVING_REGIMES = ("owners_merge", "act_collapse", "rubber_stamping", "train_bypass", "hollow_rules", "episodic")
# What a finding says of the past; level, n and evidence are of the present.
SAID = ["dimension", "onset_week", "alarm_date", "first_alarm_date", "baseline_rate", "baseline_start", "baseline_end"]


def organisation(seed: int) -> pd.DataFrame:
    """Return marks of several regimes, and of a team that joins in week 50."""
    cohorts = [simulate(REGIMES[name], 100, 3, seed, sharing=1) for name in (*MOVING_REGIMES, "slow_wander_97")]
    frames = [cohort.marks().astype({"team": "str", "dimension": "str"}) for cohort in cohorts]
    late = simulate(REGIMES["two_hats"], 100, 1, seed, sharing=1).marks().astype({"team": "str", "dimension": "str"})
    late["day"] = pd.to_datetime(late["day"]) + pd.Timedelta(weeks=30)
    return pd.concat([*frames, late], ignore_index=True)


def on(marks: pd.DataFrame, as_of: date, gate: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what is said on a day from what is there on that day."""
    known = marks[pd.to_datetime(marks["day"]) <= pd.Timestamp(as_of)]
    return assess(known, gate, as_of=as_of).findings.set_index("team")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_finding_and_its_alarm_day_stay_when_later_data_arrive(seed: int) -> None:
    """Looked at on random days: whatever was said then is what the whole history says of that day."""
    marks = organisation(seed)
    whole = on(marks, START + timedelta(weeks=WEEKS) - timedelta(days=1))
    rng = np.random.default_rng(seed)
    days = sorted(START + timedelta(days=int(day)) for day in rng.integers(7 * 30, 7 * WEEKS - 1, 7))
    told = 0
    before = pd.DataFrame(columns=SAID)
    for day in days:
        now = on(marks, day)
        first = whole.loc[now.index, "first_alarm_date"]
        expected = first.where(first <= pd.Timestamp(day))
        assert now["first_alarm_date"].equals(expected)
        drifting = now[now["state"] == DRIFTING]
        both = [team for team in drifting.index if team in before.index]
        same = [team for team in both if before.loc[team, "alarm_date"] == drifting.loc[team, "alarm_date"]]
        assert drifting.loc[same, SAID].to_dict("index") == before.loc[same, SAID].to_dict("index")
        again = [team for team in both if team not in same]
        assert all(drifting.loc[team, "alarm_date"] > before.loc[team, "alarm_date"] for team in again)
        told += len(same)
        before = drifting[SAID]
    assert told >= 10


def test_a_team_that_joins_later_restates_nothing() -> None:
    """Teams inform each other's wander, but only from the day on which something is known of them."""
    marks = organisation(4)
    newcomer = marks["team"].str.startswith("two-hats") | marks["team"].str.startswith("two_hats")
    assert newcomer.any()
    day = START + timedelta(weeks=56) - timedelta(days=1)  # the newcomer's baseline ends in week 56
    alone, among = on(marks[~newcomer], day), on(marks, day)
    shown = among.loc[alone.index]
    assert (alone["state"] == DRIFTING).sum() >= 8
    pd.testing.assert_frame_equal(alone, shown)


def test_the_same_records_give_the_same_tables() -> None:
    """A build can be repeated: every table to the last digit, in whatever order the marks come."""
    marks = organisation(5)
    one, other = assess(marks), assess(marks.sample(frac=1, random_state=1))
    for name in ("findings", "dimensions", "levels"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_an_alarm_is_withdrawn_only_where_a_week_before_it_proves_to_be_a_gap() -> None:
    """The one exception, since a source's silence shows only afterwards: and then the weeks left out are named."""
    cohorts = [simulate(REGIMES[name], 100, 4, 6, sharing=1) for name in ("lost_third", "train_bypass", "outage")]
    marks = pd.concat([c.marks().astype({"team": "str", "dimension": "str"}) for c in cohorts], ignore_index=True)
    activity = pd.concat([c.activity() for c in cohorts], ignore_index=True)
    before, gate_before = pd.DataFrame(), pd.DataFrame()
    withdrawn = kept = 0
    for week in range(30, WEEKS + 1, 4):
        day = START + timedelta(weeks=week) - timedelta(days=1)
        gate = silent_weeks(activity[pd.to_datetime(activity["week"]) <= pd.Timestamp(day)])
        now = on(marks, day, gate)
        for team in before.index if len(before) else []:
            was = before.loc[team, "first_alarm_date"]
            if pd.isna(was):
                continue
            if now.loc[team, "first_alarm_date"] == was:
                kept += 1
                continue
            old, new = (set(g[g["team"] == team]["week"]) for g in (gate_before, gate))
            assert any(changed <= was for changed in old ^ new)
            withdrawn += 1
        before, gate_before = now, gate
    assert kept > 20


def test_a_finding_does_not_change_within_the_week_of_its_alarm() -> None:
    """The days after an alarm, of the same week too, do not date it anew and do not name another dimension."""
    marks = together(
        weekly(step(0.05, 0.7, 36)), weekly(step(0.05, 0.95, 40), dimension="act"), weekly(0.1, dimension="order", n=30)
    )
    rows = [on(marks, MONDAY + timedelta(days=day)) for day in range(7 * 36, 7 * 50)]
    said = [row.loc["payments", SAID] for row in rows if row.loc["payments", "state"] == DRIFTING]
    assert len(said) > 30
    assert said[0]["dimension"] == "owners"
    assert all(later.equals(said[0]) for later in said)
