"""What becomes of marks when decisions are never given, or are given and never reach the tool.

Owns source faults and bypassed approvals of the simulation. Knows nothing of rates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tests.simulator.regimes import CELLS, Regime

NEVER_APPROVED = 0.6  # of the changes that bypass approval; the others are approved afterwards
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def lost(
    rng: np.random.Generator,
    regime: Regime,
    created: Counts,
    emergency: Counts,
    released: Counts,
    release_day: Counts,
    onset: npt.NDArray[np.int64],
) -> tuple[Counts, Counts, Floats]:
    """Return, by release day, the changes whose decisions never arrive, and per day the share that does arrive."""
    teams, days = created.shape
    kept = np.ones((teams, days))
    since = np.arange(days)[None, :] - 7 * onset[:, None]
    if "outage" in regime.traits:
        kept[(since >= 0) & (since < 35)] = 0.0
    if "renamed_field" in regime.traits:
        kept[since >= 0] = 0.0
    if "lost_third" in regime.traits:
        kept[since >= 0] = 0.7
    lost_created = rng.binomial(created, 1 - kept)
    lost = np.zeros((teams, days + 1), dtype=np.int64)
    np.add.at(lost, (np.repeat(np.arange(teams), days), release_day.reshape(-1)), lost_created.reshape(-1))
    return np.minimum(lost[:, :days], released), rng.binomial(emergency, 1 - kept), kept


def undecided(rng: np.random.Generator, n: Counts, x: Counts) -> None:
    """Take away, in place, the marks that need a decision from changes that bypassed approval and never got one."""
    of_order = [cell for cell, (dimension, _) in enumerate(CELLS) if dimension == "order"]
    bypassed = x[:, of_order].sum(axis=1) / np.maximum(n[:, of_order].sum(axis=1), 1)
    for cell, (dimension, _) in enumerate(CELLS):
        if dimension in {"owners", "act", "bare_decision"}:
            gone_x = rng.binomial(x[:, cell], NEVER_APPROVED * bypassed)
            gone_rest = rng.binomial(n[:, cell] - x[:, cell], NEVER_APPROVED * bypassed)
            x[:, cell] -= gone_x
            n[:, cell] -= gone_x + gone_rest


def forget(
    rng: np.random.Generator,
    regime: Regime,
    n: Counts,
    x: Counts,
    released: Counts,
    emergency: Counts,
    lost_normal: Counts,
    lost_emergency: Counts,
) -> None:
    """Change marks in place to what the tool sees when decisions never arrived: no marks, or 'not approved'."""
    for cell, (dimension, stratum) in enumerate(CELLS):
        lost, pool = (lost_emergency, emergency) if stratum == "emergency" else (lost_normal, released)
        share = np.divide(lost, pool, out=np.zeros(lost.shape), where=pool > 0)
        if dimension in {"owners", "act", "bare_decision"}:
            gone_x = rng.binomial(x[:, cell], share)
            gone_rest = rng.binomial(n[:, cell] - x[:, cell], share)
            x[:, cell] -= gone_x
            n[:, cell] -= gone_x + gone_rest
        elif dimension == "order" or (dimension == "change_record" and "outage" in regime.traits):
            x[:, cell] += rng.binomial(n[:, cell] - x[:, cell], share)


def decisions(
    rng: np.random.Generator, regime: Regime, n: Counts, x: Counts, created: Counts, kept: Floats
) -> tuple[Counts, Counts]:
    """Return changes created and decisions recorded per week; a change that bypasses approval lacks one."""
    teams, days = created.shape
    order = [cell for cell, (dimension, _) in enumerate(CELLS) if dimension == "order"]
    undecided = np.zeros((teams, days))
    if "decisions_follow_order" in regime.traits:
        rate = x[:, order].sum(axis=1) / np.maximum(n[:, order].sum(axis=1), 1)
        undecided = NEVER_APPROVED * np.repeat(_weekly_mean(rate, n[:, order].sum(axis=1)), 7, axis=1)
    decided = rng.binomial(created, np.clip(0.97 - undecided, 0, 1))
    recorded = rng.binomial(decided + rng.poisson(0.4 * created), kept)
    return created.reshape(teams, -1, 7).sum(axis=2), recorded.reshape(teams, -1, 7).sum(axis=2)


def _weekly_mean(rate: Floats, weight: Counts) -> Floats:
    teams = len(rate)
    total = (rate * weight).reshape(teams, -1, 7).sum(axis=2)
    return np.asarray(total / np.maximum(weight.reshape(teams, -1, 7).sum(axis=2), 1))
