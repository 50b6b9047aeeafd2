"""Cadence and decision value: what is shown beside drift, and never enters it, because continuous delivery moves both.

Owns two figures per team: whether governance and release act at the same time more than their habits explain, and
whether risk makes a difference to decisions. Refuses to call either of them drift.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaln

from models.drift.weeks import Floats, Table, as_frame, days_since_monday

GOVERNANCE, RELEASE = "change_governance", "release_execution"
SYNCHRONY_COLUMNS = ("team", "decisions", "deployments", "together", "expected", "excess")
VALUE_COLUMNS = ("team", "n", "information", "expected", "value")
_WORKING_DAYS = 5


def synchrony(acts: Table) -> pd.DataFrame:
    """Return per team how often both processes act within the same hour, against what their habits explain.

    The baseline is exact: the mean over all orders of a week's working days for one of the processes. It keeps each
    process's times of day and its week; what is left over is that they go together.

    Args:
        acts: One row per act: ``team``, ``track`` (``change_governance`` or ``release_execution``) and ``occurred_at``.

    Returns:
        ``together``: share of hours with a release act that also have a governance act; ``expected``: the same by
        habit; ``excess``: their difference. Not a number where a process has no acts on working days.
    """
    frame = as_frame(acts, ("team", "track", "occurred_at"), "acts").dropna(subset=["team", "track", "occurred_at"])
    at = pd.to_datetime(frame["occurred_at"])
    if getattr(at.dt, "tz", None) is not None:
        at = at.dt.tz_convert("UTC").dt.tz_localize(None)
    day = days_since_monday(at)
    hours = pd.DataFrame(
        {
            "team": frame["team"].astype(str).to_numpy(),
            "track": frame["track"].astype(str).to_numpy(),
            "week": day // 7,
            "day": day % 7,
            "hour": at.dt.hour.to_numpy(),
        }
    )
    hours = hours[hours["day"] < _WORKING_DAYS]
    # All teams at once: a merge for each of thousands takes longer than the detector.
    acts_of, keys = hours.groupby(["team", "track"]).size(), ["team", "week", "day", "hour"]
    busy, released = (hours.loc[hours["track"] == track, keys].drop_duplicates() for track in (GOVERNANCE, RELEASE))
    together = _per_team(busy.merge(released, on=keys))
    # A release hour meets a governance hour of its week if the days were dealt anew: one day in five fits.
    by_habit = _per_team(released.merge(busy, on=["team", "week", "hour"], suffixes=("", "_other")))
    teams = pd.Index(sorted(hours["team"].unique()))
    decisions, deployments = (
        acts_of[acts_of.index.get_level_values("track") == track].droplevel("track").reindex(teams, fill_value=0)
        for track in (GOVERNANCE, RELEASE)
    )
    among = _per_team(released).reindex(teams).where((decisions > 0) & (deployments > 0)).astype("float64")
    seen = together.reindex(teams, fill_value=0) / among
    expected = by_habit.reindex(teams, fill_value=0) / _WORKING_DAYS / among
    columns = (teams, decisions, deployments, seen, expected, seen - expected)
    values = {name: np.asarray(value) for name, value in zip(SYNCHRONY_COLUMNS, columns, strict=True)}
    return pd.DataFrame(values).astype({"team": "str"})


def _per_team(rows: pd.DataFrame) -> pd.Series[int]:
    return rows.groupby("team").size()


def decision_value(decisions: Table) -> pd.DataFrame:
    """Return per team how much of the outcome's uncertainty is explained by risk, beyond chance.

    Args:
        decisions: ``team``, ``risk``, ``outcome`` and ``n``, decisions of that kind; unknown risks or outcomes are left
            out.

    Returns:
        ``information``: mutual information over the outcome's entropy; ``expected``: the same for a random pairing with
        the same totals (exact); ``value``: what is left, scaled so that 1 is "risk decides alone" and 0 is chance.
        Not a number where every outcome is the same: nothing was decided differently, so nothing can depend on risk.
    """
    frame = as_frame(decisions, ("team", "risk", "outcome", "n"), "decisions")
    frame = frame.dropna(subset=["team", "risk", "outcome", "n"])
    team, teams = pd.factorize(frame["team"].astype(str), sort=True)
    (risk, risks), (outcome, outcomes) = (pd.factorize(frame[name], sort=True) for name in ("risk", "outcome"))
    shape = (len(teams), len(risks), len(outcomes))
    place = (team * shape[1] + risk) * shape[2] + outcome
    sums = np.bincount(place, weights=frame["n"].to_numpy(np.float64), minlength=shape[0] * shape[1] * shape[2])
    counts: Floats = np.asarray(sums.reshape(shape), dtype=np.float64)
    rows = [(name, *_value_of(table)) for name, table in zip(teams, counts, strict=True)]
    return pd.DataFrame(rows, columns=list(VALUE_COLUMNS)).astype({"team": "str"})


def _value_of(counts: Floats) -> tuple[int, float, float, float]:
    total = counts.sum()
    outcomes = counts.sum(axis=0)
    entropy = _entropy(outcomes / total) if total else 0.0
    if entropy == 0:
        return int(total), np.nan, np.nan, np.nan
    information = entropy + _entropy(counts.sum(axis=1) / total) - _entropy(counts.reshape(-1) / total)
    expected = _expected_information(counts.sum(axis=1), outcomes)
    room = entropy - expected
    value = (information - expected) / room if room > 0 else np.nan
    return int(total), float(information / entropy), float(expected / entropy), float(value)


def _entropy(shares: Floats) -> float:
    known = shares[shares > 0]
    return float(-(known * np.log(known)).sum())


def _expected_information(rows: Floats, columns: Floats) -> float:
    """Return the mean mutual information over all tables with these totals (hypergeometric)."""
    total = float(rows.sum())
    expected = 0.0
    for row in rows[rows > 0]:
        for column in columns[columns > 0]:
            cell = np.arange(max(1.0, row + column - total), min(row, column) + 1)
            log_chance = (
                gammaln(row + 1) + gammaln(column + 1) + gammaln(total - row + 1) + gammaln(total - column + 1)
                - gammaln(total + 1) - gammaln(cell + 1) - gammaln(row - cell + 1) - gammaln(column - cell + 1)
                - gammaln(total - row - column + cell + 1)
            )  # fmt: skip
            expected += float((cell / total * np.log(total * cell / (row * column)) * np.exp(log_chance)).sum())
    return expected
