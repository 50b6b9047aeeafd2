"""The simulator does what its regimes say, from the seed alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.simulator.marks import Cohort, simulate
from tests.simulator.regimes import BASELINE_WEEKS, CELLS, MUST_ALARM, MUST_NOT, REGIMES

BEFORE = slice(0, 7 * BASELINE_WEEKS)
AFTER = slice(7 * 66, 7 * 78)


def rates(cohort: Cohort, span: slice) -> dict[tuple[str, str], float]:
    n, x = cohort.n[:, :, span].sum(axis=(0, 2)), cohort.x[:, :, span].sum(axis=(0, 2))
    return {cell: float(x[k] / n[k]) for k, cell in enumerate(CELLS) if n[k]}


def test_the_same_seed_gives_the_same_marks() -> None:
    """Every published figure can be had again."""
    one, again, other = (simulate(REGIMES["stable"], 100, 5, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.marks(), again.marks())
    pd.testing.assert_frame_equal(one.activity(), again.activity())
    assert not one.marks().equals(other.marks())


@pytest.mark.parametrize("regime", MUST_ALARM, ids=lambda regime: regime.name)
def test_a_regime_moves_its_rates_to_the_targets_and_no_others(regime: object) -> None:
    """What must alarm has really changed, half as far at half strength; nothing else has."""
    for strength in (1.0, 0.5):
        cohort = simulate(regime, 500, 40, 3, strength=strength)  # type: ignore[arg-type]
        before, after = rates(cohort, BEFORE), rates(cohort, AFTER)
        moves = {(move.dimension, stratum): move for move in cohort.regime.moves for stratum in (move.strata or ("",))}
        for cell in after:
            move = moves.get((cell[0], "")) or moves.get(cell)
            if move is None:
                assert after[cell] - before[cell] < 0.06, cell
                # Where approvals are missing or spread, no one person approves half of a release, and fewer are bare.
                assert before[cell] - after[cell] < 0.06 or cell[0] in {"batch", "bare_decision"}, cell
            elif before[cell] < move.target - 0.1:
                goal = before[cell] + strength * (move.target - before[cell])
                assert after[cell] == pytest.approx(goal, abs=0.07), cell


@pytest.mark.parametrize(
    "name", ["stable", "cd_steady", "cd_move", "two_hats", "season_freeze", "mix_shift", "turnover"]
)
def test_what_must_not_alarm_moves_no_rate_within_a_stratum(name: str) -> None:
    """A shift of mix, season or cadence leaves each stratum as it was."""
    cohort = simulate(REGIMES[name], 500, 40, 3)
    before, after = rates(cohort, BEFORE), rates(cohort, AFTER)
    assert all(abs(after[cell] - before[cell]) < 0.06 for cell in after if cell in before)


def test_a_shift_of_the_mix_moves_the_level_although_no_stratum_moves() -> None:
    """The trap is there: without strata the level rises."""
    cohort = simulate(REGIMES["mix_shift"], 500, 40, 3)
    cells = [k for k, (dimension, _) in enumerate(CELLS) if dimension == "order"]
    share = [cohort.n[:, cells[1], span].sum() / cohort.n[:, cells, span].sum() for span in (BEFORE, AFTER)]
    assert share[1] > 2 * share[0]


def test_a_silent_source_brings_no_decisions_and_makes_approvals_look_missing() -> None:
    """What the gate must see is there: no decisions, and an order dimension that is wrong for those weeks."""
    cohort = simulate(REGIMES["outage"], 100, 40, 3)
    onset = cohort.onset_weeks
    silent = np.arange(78)[None, :] - onset[:, None]
    silent = (silent >= 0) & (silent < 5)
    assert cohort.decisions[silent].sum() == 0
    assert len(set(cohort.sources)) == 2
    assert len(set(zip(cohort.sources, onset.tolist(), strict=True))) == 2
    order = CELLS.index(("order", "normal"))
    n, x = (values[:, order].reshape(40, 78, 7).sum(axis=2) for values in (cohort.n, cohort.x))
    assert x[silent].sum() / n[silent].sum() > 0.7
    assert x[~silent].sum() / n[~silent].sum() < 0.25


def test_teams_differ_and_weeks_wander() -> None:
    """Base rates, volumes and cadences differ between teams; rates vary more than chance from week to week."""
    cohort = simulate(REGIMES["slow_wander_90"], 500, 60, 3)
    cell = CELLS.index(("governance_agenda", "all"))
    team = cohort.x[:, cell].sum(axis=1) / cohort.n[:, cell].sum(axis=1)
    assert team.std() > 0.05
    weekly_n, weekly_x = (values[:, cell].reshape(60, 78, 7).sum(axis=2) for values in (cohort.n, cohort.x))
    expected = weekly_n * team[:, None]
    square = (weekly_x - expected) ** 2 / np.maximum(expected * (1 - team[:, None]), 1e-9)
    assert square[weekly_n > 0].mean() > 2


def test_every_regime_has_its_verdict_and_a_title() -> None:
    """A regime must alarm or must not; the page names it by its title."""
    assert all(regime.must_alarm and regime.moves for regime in MUST_ALARM)
    assert not any(regime.must_alarm or regime.moves for regime in MUST_NOT)
    assert len({regime.title for regime in REGIMES.values()}) == len(MUST_ALARM) + len(MUST_NOT)
