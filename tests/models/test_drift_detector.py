"""The bets and the recursion: expectation at most one, caps, deflation, alarms, discoveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaincinv
from scipy.stats import binom

from models.drift.assessment import assess
from models.drift.baseline import fit_baseline, reference_rate
from models.drift.detector import detect, discoveries, place_bets
from models.drift.settings import DIMENSION_NAMES, DriftSettings
from models.drift.weeks import Marks, read_marks
from tests.models.drift_tables import MONDAY, drawn, step, table, together, weekly

OWNERS, BATCH, BARE, AGENDA = (
    DIMENSION_NAMES.index(name) for name in ("owners", "batch", "bare_decision", "governance_agenda")
)
PLAIN = DriftSettings(wander_quantile=0)


def still(marks: Marks) -> np.ndarray:  # type: ignore[type-arg]
    return np.zeros((len(marks.subjects), len(DIMENSION_NAMES), marks.weeks))


def test_a_bet_has_expectation_of_at_most_one_at_the_reference_rate() -> None:
    """The promise behind the threshold, computed over all outcomes of a week: nothing is gained up to the reference."""
    watched = MONDAY + timedelta(weeks=26, days=1)
    past = drawn(np.random.default_rng(3), 0.2, teams=1, weeks=26, n=30)
    gains = []
    for x in range(31):
        week = table(("team 000", "owners", "normal", watched, 30, x))
        marks = read_marks(together(past, week))
        baseline = fit_baseline(marks, PLAIN)
        bets = place_bets(marks, baseline, still(marks), PLAIN)
        gains.append(np.exp(bets.log_bets[0, OWNERS].sum(axis=0)))
    reference = float(reference_rate(baseline.upper, np.zeros(1), PLAIN)[0, 0])
    for rate in (reference, 0.8 * reference, 0.2 * reference):
        assert (binom.pmf(np.arange(31), 30, rate) @ np.array(gains) <= 1 + 1e-9).all()
    assert (binom.pmf(np.arange(31), 30, reference + 0.3) @ np.array(gains) > 1.5).any()


def test_no_week_counts_for_more_than_the_cap() -> None:
    """A week of a thousand bad marks is worth no more than a week of some."""
    marks = read_marks(weekly(step(0.1, 1.0, 36), n=1000))
    bets = place_bets(marks, fit_baseline(marks, PLAIN), still(marks), PLAIN)
    by_week = bets.log_bets[0, OWNERS].reshape(marks.weeks, 7, -1)
    assert by_week.sum(axis=1).max() == pytest.approx(PLAIN.weekly_cap)
    assert np.cumsum(by_week, axis=1).max() <= PLAIN.weekly_cap + 1e-9


def test_marks_that_come_together_count_for_less() -> None:
    """Weeks that are all or nothing tell less about a rate than as many independent marks."""
    alone = read_marks(weekly(0.25, n=20))
    lumpy = read_marks(weekly(lambda week: 1.0 if week % 4 == 0 else 0.0, n=20))
    first, second = (fit_baseline(marks, PLAIN) for marks in (alone, lumpy))
    assert first.correlation[0, OWNERS] < 0.02 < 0.2 < second.correlation[0, OWNERS]
    assert second.dispersion()[0, OWNERS] > 4
    assert second.upper[0, 0] > first.upper[0, 0]


def test_the_baseline_is_the_first_26_usable_weeks() -> None:
    """Censored weeks do not use up the baseline, and no watched week is in it."""
    gate = pd.DataFrame({"team": "payments", "week": pd.to_datetime([MONDAY + timedelta(weeks=w) for w in (5, 6)])})
    marks = read_marks(weekly(0.2), gate)
    baseline = fit_baseline(marks, PLAIN)
    weeks = np.flatnonzero(baseline.weeks[0, OWNERS])
    assert len(weeks) == 26
    assert weeks[-1] == 28  # two silent weeks, and the one that ships what they decided
    assert not (baseline.weeks & baseline.watched).any()
    assert set(weeks) & {5, 6, 7} == set()


def test_a_small_stratum_borrows_from_the_others_but_not_from_itself() -> None:
    """Three emergency changes are drawn towards the team's rate; a lone stratum has nothing to borrow."""
    few = weekly(1.0, stratum="emergency", n=lambda week: 1 if week in (3, 9, 15) else 0)
    both = read_marks(together(weekly(0.1, n=30), few))
    baseline = fit_baseline(both, PLAIN)
    emergency = both.cells.index(("owners", "emergency"))
    assert 0.1 < baseline.cell_rate[0, emergency] < 0.5
    lone = fit_baseline(read_marks(weekly(0.1, n=2)), PLAIN)
    unborrowed = fit_baseline(read_marks(weekly(0.1, n=2)), DriftSettings(borrowed_marks=0))
    assert lone.upper[0, 0] == pytest.approx(unborrowed.upper[0, 0], rel=1e-3)
    helped = fit_baseline(both, DriftSettings(borrowed_marks=0)).upper[0, emergency]
    assert baseline.upper[0, emergency] < helped - 0.1


@given(upper=st.floats(0.001, 0.999), wander=st.floats(0, 2))
def test_the_reference_is_at_least_the_margin_above_and_never_above_one(upper: float, wander: float) -> None:
    """Whatever the baseline and the wander, a rise must pass the margin, and a rate is a rate."""
    rate = float(reference_rate(np.array([upper]), np.array([wander]), DriftSettings())[0])
    assert min(upper + 0.05, 1) <= rate <= 1
    assert rate >= float(reference_rate(np.array([upper]), np.array([0.0]), DriftSettings())[0])


def test_the_statistic_follows_the_recursion() -> None:
    """M ← (M + 1 at the start of a watched week) · e, mean over alternatives: checked against a plain loop."""
    marks = read_marks(weekly(step(0.1, 0.3, 36)))
    baseline = fit_baseline(marks, PLAIN)
    bets = place_bets(marks, baseline, still(marks), PLAIN)
    last = marks.as_of.toordinal() - marks.first_monday.toordinal()
    plain = np.zeros(len(PLAIN.alternatives))
    for day in range(last + 1):
        if day % 7 == 0 and baseline.watched[0, OWNERS, day // 7]:
            plain = plain + 1
        plain = plain * np.exp(bets.log_bets[0, OWNERS, day])
    detection = detect(bets, baseline, last, PLAIN)
    assert detection.evidence[0, OWNERS] == pytest.approx(plain.mean())
    assert detection.team_evidence[0] == pytest.approx(plain.mean())


def test_dimensions_combine_by_their_weighted_mean() -> None:
    """More dimensions that show nothing make the same rise weaker, so that watching more does not alarm more."""
    others = (weekly(0.1, dimension="act"), weekly(0.1, dimension="batch"))
    one = assess(weekly(step(0.1, 0.3, 36)), settings=PLAIN).findings.iloc[0]
    three = assess(together(weekly(step(0.1, 0.3, 36)), *others), settings=PLAIN).findings.iloc[0]
    assert three["e_owners"] == pytest.approx(one["e_owners"], rel=1e-6)
    weighted = 0.15 * three["e_owners"] + 0.2 * three["e_act"] + 0.05 * three["e_batch"]
    assert three["e_value"] == pytest.approx(weighted / 0.4)


def test_a_dimension_without_weight_never_alarms() -> None:
    """Weights are configuration: what counts for nothing in the index counts for nothing in the evidence."""
    rise = together(weekly(step(0.1, 0.6, 36)), weekly(0.1, dimension="act"))
    without = DriftSettings(weights={"act": 1.0})
    found = assess(rise, settings=without)
    assert assess(rise).findings.iloc[0]["state"] == "drifting"
    assert found.findings.iloc[0]["first_alarm_date"] is pd.NaT
    assert found.findings.iloc[0]["dimension"] == "act"
    assert assess(weekly(step(0.1, 0.6, 36)), settings=without).findings.iloc[0]["first_alarm_date"] is pd.NaT


def test_rules_that_hollow_out_above_low_risk_are_not_outweighed_by_low_risk() -> None:
    """Half of what is bet on bare decisions is bet on the risks above low alone; each half keeps its promise."""
    rising = weekly(step(0.1, 0.35, 36), dimension="bare_decision", stratum="normal high", n=6)
    steady = weekly(0.2, dimension="bare_decision", stratum="normal low", n=20)
    marks = read_marks(together(rising, steady))
    baseline = fit_baseline(marks, PLAIN)
    bets = place_bets(marks, baseline, still(marks), PLAIN)
    together_, alone = (bets.log_bets[0, bets.of == BARE].sum(axis=1).max(axis=1)[k] for k in range(2))
    assert alone > 3 and alone > together_ + 3
    one = replace(bets, log_bets=bets.log_bets[:, : len(DIMENSION_NAMES)], of=bets.of[: len(DIMENSION_NAMES)])
    both, whole = (detect(placed, baseline, 7 * marks.weeks - 1, PLAIN).evidence[0, BARE] for placed in (bets, one))
    assert both > 10 * whole


def test_risks_that_may_move_alone_say_nothing_where_they_have_no_marks() -> None:
    """With low risk alone there is one bet, not two; weeks that go by are no evidence."""
    marks = read_marks(weekly(0.1, dimension="bare_decision", stratum="normal low", weeks=700))
    baseline = fit_baseline(marks, PLAIN)
    bets = place_bets(marks, baseline, still(marks), PLAIN)
    assert not bets.log_bets[0, len(DIMENSION_NAMES) :].any()
    assert detect(bets, baseline, 7 * marks.weeks - 1, PLAIN).evidence[0, BARE] < 5


def test_discoveries_follow_e_bh() -> None:
    """The k largest are discoveries if the k-th is at least n / (rate k)."""
    assert discoveries(np.array([100.0, 30.0, 1.0, np.nan]), 0.1).tolist() == [True, True, False, False]
    assert discoveries(np.array([39.0, 1.0, 1.0, 1.0]), 0.1).tolist() == [False] * 4
    assert discoveries(np.array([20.0, 20.0, 1.0, 1.0]), 0.1).tolist() == [True, True, False, False]
    assert discoveries(np.array([]), 0.1).tolist() == []


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_discoveries_are_the_largest_and_grow_with_the_rate(values: list[float], rate: float) -> None:
    """No smaller e-value is a discovery before a larger one; a laxer rate takes none away."""
    e_values = np.array(values)
    found = discoveries(e_values, rate)
    if found.any() and not found.all():
        assert e_values[found].min() >= e_values[~found].max()
    assert (discoveries(e_values, min(2 * rate, 0.99)) | ~found).all()


def test_time_alone_is_no_evidence() -> None:
    """Where no rise can be judged, weeks go by without a bet; they must not add up to an alarm in ten years."""
    always = assess(weekly(1.0, weeks=700))
    assert always.findings.iloc[0]["first_alarm_date"] is pd.NaT
    assert always.findings.iloc[0]["state"] == "stable"
    assert np.isnan(always.dimensions.set_index("dimension").loc["owners", "e_value"])
    marks = read_marks(weekly(0.8, weeks=700))
    baseline = fit_baseline(marks, PLAIN)
    widened = still(marks)
    widened[:, :, 60:] = 2.0  # from then on the reference rate leaves no room
    detection = detect(place_bets(marks, baseline, widened, PLAIN), baseline, 7 * marks.weeks - 1, PLAIN)
    assert detection.first_alarm[0] == -1
    assert detection.team_evidence[0] < 60


def test_a_very_long_drift_does_not_overflow() -> None:
    """Years of evidence stay a number."""
    found = assess(
        weekly(step(0.02, 0.98, 30), n=500, weeks=400), settings=DriftSettings(weekly_cap=50.0)
    ).findings.iloc[0]
    assert np.isfinite(found["e_value"])
    assert found["state"] == "drifting"


def test_few_marks_are_allowed_what_they_cannot_rule_out() -> None:
    """A baseline of six releases without a batch knows no rate to a twentieth; one of many changes does."""

    def monthly(size: int) -> Marks:
        return read_marks(weekly(0.0, dimension="batch", n=lambda week: size if week % 4 == 0 else 0))

    plain = DriftSettings(sure_quantile=1e-6)
    few, many = fit_baseline(monthly(15), DriftSettings()), fit_baseline(monthly(15_000), DriftSettings())
    few_plain = fit_baseline(monthly(15), plain)
    releases = few.marks[0, BATCH] / few.dispersion()[0, BATCH]
    assert 6 < releases < 9
    sure = betaincinv(0.5, releases + 0.5, 0.9)
    assert few.upper[0, 0] + 0.05 == pytest.approx(sure) and sure > few_plain.upper[0, 0] + 0.05 + 0.04
    assert many.upper[0, 0] == pytest.approx(few.upper[0, 0], abs=0.02)  # clustered marks stay as few
    owners = read_marks(weekly(0.1, n=30))
    assert fit_baseline(owners, DriftSettings()).upper == pytest.approx(fit_baseline(owners, plain).upper)


def test_one_train_of_four_weeks_is_one_release() -> None:
    """Comments of a month that one train ships cannot add up week by week; a team that ships weekly keeps its weeks."""
    talk = weekly(step(0.1, 1.0, 36), dimension="governance_agenda", n=6)
    monthly = weekly(0.1, dimension="order", n=lambda week: 24 if week % 4 == 3 else 1)
    every_week = weekly(0.1, dimension="order", n=6)
    train, steady = (read_marks(together(talk, orders)) for orders in (monthly, every_week))
    for marks, weeks in ((train, 3), (steady, 1)):
        baseline = fit_baseline(marks, PLAIN)
        assert baseline.release_weeks[0, AGENDA] == weeks
        bets = place_bets(marks, baseline, still(marks), PLAIN).log_bets[0, AGENDA]
        number = (marks.first_monday.toordinal() - date(1970, 1, 5).toordinal()) // 7
        spans = (number + np.arange(marks.weeks)) // weeks
        sums = np.array([bets[np.repeat(spans == span, 7)].sum(axis=0) for span in np.unique(spans)])
        assert sums.max() == pytest.approx(PLAIN.weekly_cap)


def test_the_weeks_of_a_release_do_not_depend_on_who_else_is_there() -> None:
    """A team whose history begins earlier moves the first week, and no bet of the others."""
    talk = weekly(step(0.1, 0.6, 36), dimension="governance_agenda", n=6)
    own = together(talk, weekly(0.1, dimension="order", n=lambda week: 24 if week % 4 == 3 else 1))
    earlier = weekly(0.1, n=6)
    earlier = earlier.assign(team="another", day=pd.to_datetime(earlier["day"]) - pd.Timedelta(weeks=5))
    alone, joined = read_marks(own), read_marks(together(own, earlier))
    place = [subject.team for subject in joined.subjects].index("payments")
    bets = [place_bets(marks, fit_baseline(marks, PLAIN), still(marks), PLAIN).log_bets for marks in (alone, joined)]
    assert joined.weeks == alone.weeks + 5
    assert np.abs(bets[0][0]).max() > 0
    np.testing.assert_allclose(bets[1][place][:, 35:], bets[0][0])
