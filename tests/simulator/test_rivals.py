"""What was tried in place of the detector's own parts does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from models.drift.baseline import fit_baseline
from models.drift.detector import place_bets
from models.drift.settings import DIMENSION_NAMES, DriftSettings
from models.drift.weeks import Marks, read_marks
from tests.models.drift_tables import step, together, weekly
from tests.simulator.rivals import capped_by_release, made_sure_of

AGENDA = DIMENSION_NAMES.index("governance_agenda")
PLAIN = DriftSettings(wander_quantile=0)


def test_only_few_marks_are_made_sure_of() -> None:
    """A baseline of seven releases without a batch is allowed what it cannot rule out; one of many changes is not."""
    few = read_marks(weekly(0.0, dimension="batch", n=lambda week: 15 if week % 4 == 0 else 0))
    many = read_marks(weekly(0.1, n=30))
    sure = made_sure_of(0.9)
    assert sure(few, PLAIN).upper[0, 0] > fit_baseline(few, PLAIN).upper[0, 0] + 0.05
    assert sure(many, PLAIN).upper == pytest.approx(fit_baseline(many, PLAIN).upper)


def test_a_train_of_several_weeks_is_one_release() -> None:
    """Comments of the weeks before a train cannot add up week by week; a team that ships weekly keeps its weeks."""
    talk = weekly(step(0.1, 1.0, 36), dimension="governance_agenda", n=6)
    train = read_marks(together(talk, weekly(0.1, dimension="order", n=lambda week: 24 if week % 4 == 3 else 1)))
    steady = read_marks(together(talk, weekly(0.1, dimension="order", n=6)))

    def bets(marks: Marks) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        still = np.zeros((1, len(DIMENSION_NAMES), marks.weeks))
        given = marks, fit_baseline(marks, PLAIN), still, PLAIN
        return place_bets(*given).log_bets[0, AGENDA], capped_by_release(*given).log_bets[0, AGENDA]

    weekly_cap, by_release = bets(train)
    assert weekly_cap[-84:].sum(axis=0).max() == pytest.approx(12 * PLAIN.weekly_cap)
    assert by_release[-84:].sum(axis=0).max() == pytest.approx(4 * PLAIN.weekly_cap)
    np.testing.assert_allclose(*bets(steady))
