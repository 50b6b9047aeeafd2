"""The runs behind the published figures: which regimes, volumes, methods and organisations are tried.

Owns the plan of the validation; every part returns plain JSON. Refuses to write pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.drift.assessment import judge
from models.drift.gate import silent_weeks
from models.drift.settings import DIMENSION_NAMES, DriftSettings
from models.drift.weeks import read_marks
from tests.simulator import rivals
from tests.simulator.marks import Cohort, simulate
from tests.simulator.regimes import BASELINE_WEEKS, CELLS, MUST_ALARM, REGIMES, Regime
from tests.simulator.trial import Method, alarms_of, interval, score

VOLUMES = (20, 100, 500)
STRENGTHS = (1.0, 0.5)
CURVE_WEEKS = 40
SIMULATOR = 2  # what is simulated; figures of another are said to be older
METHOD = 2  # how it is judged; the same. Simple alarms are judged by no method of ours
_FAULTS, _FEW = ("outage", "renamed_field", "lost_third"), 5
Result = list[dict[str, Any]]


def cells(teams: int, seed: int) -> Result:
    """Every regime at every volume and strength, each an organisation of its own, by the chosen method."""
    results = []
    for regime, volume, strength in plan_of_cells():
        cohort = simulate(regime, volume, teams, seed, strength=strength)
        alarms = alarms_of([cohort], Method("chosen"))
        row: dict[str, Any] = score(cohort, alarms).as_json()
        if regime.must_alarm:
            weeks = (alarms.day - 7 * cohort.onset_weeks + 1) / 7
            after = np.where(alarms.day >= 7 * cohort.onset_weeks, weeks, np.inf)
            row["known"] = evidence_at_half_way(cohort)
            row["curve"] = [round(float((after <= week).mean()), 4) for week in range(CURVE_WEEKS + 1)]
        results.append(row)
    return results


def evidence_at_half_way(cohort: Cohort) -> float | None:
    """Return the evidence (median, natural log) at half a ramp of a watcher who knew the rates before and after."""
    move = cohort.regime.moves[0]
    if not move.ramp_weeks:
        return None
    cells_ = [
        k
        for k, (name, stratum) in enumerate(CELLS)
        if name == move.dimension and stratum in (move.strata or (stratum,))
    ]
    n, x = (values[:, cells_].astype(np.float64) for values in (cohort.n, cohort.x))
    before = slice(0, 7 * BASELINE_WEEKS)
    rate = ((x[:, :, before].sum(axis=2) + 0.5) / (n[:, :, before].sum(axis=2) + 1))[:, :, None]
    since = np.arange(n.shape[2])[None, :] - 7 * cohort.onset_weeks[:, None]
    way = cohort.strength * np.clip((since + 1) / (7 * move.ramp_weeks), 0, 1)[:, None, :]
    now = rate + way * np.maximum(move.target - rate, 0)
    gain = x * np.log(now / rate) + (n - x) * np.log((1 - now) / (1 - rate))
    seen = (since >= 0) & (since < 7 * move.ramp_weeks / 2)
    return float(np.median((gain * seen[:, None, :]).sum(axis=(1, 2))))


def plan_of_cells() -> list[tuple[Regime, int, float]]:
    """Return (regime, volume, strength) of every cell, smaller volumes first."""
    cells_ = []
    for volume in VOLUMES:
        cells_ += [(regime, volume, 1.0) for regime in REGIMES.values()]
        cells_ += [(regime, volume, 0.5) for regime in MUST_ALARM]
    return cells_


def most_decisive() -> list[tuple[Regime, int, float]]:
    """Return the same cells in the order in which they tell most, for a run that may end at any moment.

    Small volumes first, as they cost least; of a volume what must not alarm in the ordinary case and what wanders,
    then what must, at full and at half strength.
    """
    first = ("stable", "slow_wander_97", "slow_wander_90", "episodic")

    def rank(cell: tuple[Regime, int, float]) -> tuple[int, int, float]:
        regime, volume, strength = cell
        return volume, 0 if regime.name in first else 1 if regime.must_alarm else 2, -strength

    return sorted(plan_of_cells(), key=rank)


def compared(teams: int, seed: int) -> Result:
    """Simple alarms on the same teams as the detector's."""
    watchers: tuple[tuple[str, Callable[[Cohort], Any]], ...] = (
        ("owner overlap above 30 %", rivals.owner_overlap),
        ("median gap halved", rivals.gap_median),
        ("monthly tests, Bonferroni", rivals.monthly_tests),
    )
    results = []
    for regime, volume, strength in plan_of_cells():
        cohort = simulate(regime, volume, teams, seed, strength=strength)
        for name, watch in watchers:
            results.append({"method": name} | score(cohort, watch(cohort)).as_json())
    return results


def alternatives(teams: int, seed: int) -> Result:
    """Everything that was tried, on the cells that are hardest."""
    results = []
    for regime, volume, strength in plan_of_alternatives():
        cohort = simulate(regime, volume, teams, seed, strength=strength)
        marks = read_marks(cohort.marks(), _own_gate(cohort))
        results += [
            {"method": method.name} | score(cohort, alarms_of([cohort], method, marks)).as_json()
            for method in rivals.alternatives()
        ]
    return results


def plan_of_alternatives() -> list[tuple[Regime, int, float]]:
    """Return the cells on which alternatives are tried: power, false alarms where they are likely, delay of ramps."""
    plan = [(regime, 100, 0.5) for regime in MUST_ALARM] + [(regime, 20, 1.0) for regime in MUST_ALARM]
    plan += [(REGIMES[name], volume, 1.0) for name in ("slow_wander_97", "slow_wander_90") for volume in (100, 500)]
    plan += [(REGIMES[name], 20, 1.0) for name in ("stable", "turnover", "episodic")]
    plan += [(REGIMES["episodic"], 100, 1.0)]
    return plan + [(regime, 100, 1.0) for regime in MUST_ALARM if regime.ramp_weeks]


def _own_gate(cohort: Cohort) -> Any:  # noqa: ANN401 - a data frame, as the model takes it
    gate = silent_weeks(cohort.activity())
    return gate[gate["team"].isin(cohort.names)]


def organisation(teams: int, seed: int) -> Result:
    """Organisations in which most teams stay as they are, some wander and some drift: what pooling does then."""
    results = []
    for volume in VOLUMES:
        shares = [("stable", 0.4, 1.0), ("season_freeze", 0.1, 1.0), ("turnover", 0.1, 1.0)]
        shares += [("slow_wander_97", 0.08, 1.0), ("slow_wander_90", 0.08, 1.0)]
        shares += [(regime.name, 0.02, strength) for regime in MUST_ALARM for strength in STRENGTHS]
        cohorts = [
            simulate(REGIMES[name], volume, max(round(share * teams), 2), seed, strength=strength)
            for name, share, strength in shares
        ]
        alarms = alarms_of(cohorts, Method("chosen"))
        group = np.concatenate([np.full(len(cohort.names), k) for k, cohort in enumerate(cohorts)])
        moves = np.array([cohort.regime.must_alarm for cohort in cohorts])[group]
        strong = np.array([cohort.strength for cohort in cohorts])[group]
        wanders = np.array([cohort.regime.name.startswith("slow") for cohort in cohorts])[group]
        onset = 7 * np.concatenate([cohort.onset_weeks for cohort in cohorts])
        alarmed = alarms.day >= 0
        for name, picked, hits in (
            ("still teams with an alarm", ~moves & ~wanders, alarmed),
            ("wandering teams with an alarm", wanders, alarmed),
            ("drifting teams found, full strength", moves & (strong == 1), alarms.day >= onset),
            ("drifting teams found, half strength", moves & (strong == 0.5), alarms.day >= onset),
            ("alarms that are false", alarmed, ~moves),
            ("discoveries (e-BH at 10 %) that are false", alarms.discovered, ~moves),
            ("drifting teams that are discoveries", moves, alarms.discovered),
        ):
            count = int(picked.sum())
            share = int((hits & picked).sum())
            low, high = interval(share, count) if count else (0.0, 1.0)
            results.append({"volume": volume, "name": name, "teams": count, "hits": share, "low": low, "high": high})
    return results


def alone(teams: int, seed: int) -> Result:
    """Source faults and bypass where few teams share a source, or one alone, so that nobody can vouch for it."""
    results = []
    plan = [(name, _FEW) for name in _FAULTS] + [(name, 1) for name in (*_FAULTS, "train_bypass", "stable")]
    for name, sharing in plan:
        for volume in VOLUMES:
            cohort = simulate(REGIMES[name], volume, teams, seed, sharing=sharing)
            results.append({"sharing": sharing} | score(cohort, alarms_of([cohort], Method("chosen"))).as_json())
    return results


def dating(teams: int, seed: int) -> Result:
    """Error of the onset in weeks, and whether the true dimension is named, as the product says on the last day."""
    results = []
    for regime in MUST_ALARM:
        for volume in VOLUMES:
            cohort = simulate(regime, volume, teams, seed)
            judged = judge(read_marks(cohort.marks(), _own_gate(cohort)), DriftSettings())
            place = {subject.team: k for k, subject in enumerate(judged.marks.subjects)}
            known = [(place[name], k) for k, name in enumerate(cohort.names) if name in place]
            rows, truth = (np.array([pair[side] for pair in known]) for side in (0, 1))
            drifting = judged.onset[rows] >= 0
            shift = (judged.marks.first_monday - cohort.first_monday).days // 7
            error = judged.onset[rows][drifting] + shift - cohort.onset_weeks[truth][drifting]
            named = judged.detection.named[rows][drifting]
            low, middle, high = np.quantile(error, [0.25, 0.5, 0.75]) if drifting.any() else (np.nan,) * 3
            results.append(
                {
                    "regime": regime.name,
                    "volume": volume,
                    "drifting": int(drifting.sum()),
                    "error_quarter": float(low),
                    "error_median": float(middle),
                    "error_three_quarters": float(high),
                    "named": float((named == DIMENSION_NAMES.index(regime.moves[0].dimension)).mean())
                    if drifting.any()
                    else None,
                }
            )
    return results


PARTS: dict[str, Callable[[int, int], Result]] = {
    "cells": cells,
    "compared": compared,
    "alternatives": alternatives,
    "organisation": organisation,
    "alone": alone,
    "dating": dating,
}
