"""What was tried in place of the detector's own parts does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from models.drift.baseline import fit_baseline
from models.drift.detector import place_bets
from models.drift.settings import DIMENSION_NAMES, DriftSettings
from models.drift.weeks import read_marks
from tests.models.drift_tables import step, together, weekly
from tests.simulator.rivals import strata_together, weekly_cap_alone

AGENDA, BARE = (DIMENSION_NAMES.index(name) for name in ("governance_agenda", "bare_decision"))
PLAIN = DriftSettings(wander_quantile=0)


def test_a_cap_by_the_week_alone_takes_a_train_for_several_releases() -> None:
    """Comments of the weeks before a train add up week by week, where the method counts the train once."""
    talk = weekly(step(0.1, 1.0, 36), dimension="governance_agenda", n=6)
    train = read_marks(together(talk, weekly(0.1, dimension="order", n=lambda week: 24 if week % 4 == 3 else 1)))
    still = np.zeros((1, len(DIMENSION_NAMES), train.weeks))
    by_week, by_release = (
        place_bets(train, fit(train, PLAIN), still, PLAIN).log_bets[0, AGENDA, -84:].sum(axis=0).max()
        for fit in (weekly_cap_alone, fit_baseline)
    )
    assert by_week == pytest.approx(12 * PLAIN.weekly_cap)
    assert by_release == pytest.approx(4 * PLAIN.weekly_cap)


def test_strata_together_are_one_stake_for_each_dimension() -> None:
    """The bets on all strata at once are the method's; those on some alone are not placed."""
    marks = read_marks(
        together(
            weekly(step(0.1, 0.4, 36), dimension="bare_decision", stratum="normal high"),
            weekly(0.1, dimension="bare_decision", stratum="normal low"),
        )
    )
    given = marks, fit_baseline(marks, PLAIN), np.zeros((1, len(DIMENSION_NAMES), marks.weeks)), PLAIN
    one, chosen = strata_together(*given), place_bets(*given)
    assert one.of.tolist() == list(range(len(DIMENSION_NAMES)))
    assert chosen.of.tolist() == [*one.of.tolist(), BARE]
    np.testing.assert_array_equal(one.log_bets, chosen.log_bets[:, : len(DIMENSION_NAMES)])
    assert chosen.log_bets[0, -1].any()
