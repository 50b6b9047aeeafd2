"""Are a team's two processes becoming one? Levels, evidence and findings from daily marks.

A *mark* is a record in which the separation of change governance and release execution should be visible; x counts
those where it is not. This module owns the question from tables to tables. How marks come about is SQL; how findings
look is the app's. Every team is judged against its own past, one dimension at a time; what is known of other teams
only tells how much rates wander in general.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from models.drift.baseline import Baseline, fit_baseline
from models.drift.detector import SUBJECTS_AT_ONCE, Bets, Detection, detect, joined, place_bets
from models.drift.findings import dimensions_frame, findings_frame
from models.drift.judgement import DRIFTING, MOVING, NOT_ENOUGH_DATA, STABLE, Judgement
from models.drift.levels import index_limits, index_of, levels_frame, trailing_levels
from models.drift.onset import likeliest_start, refined_start
from models.drift.settings import DIMENSION_NAMES, DIMENSIONS, Dimension, DriftSettings
from models.drift.wander import wander_by_week
from models.drift.weeks import Floats, Ints, Marks, Table, as_frame, read_marks

__all__ = [
    "DIMENSIONS",
    "DIMENSION_NAMES",
    "DRIFTING",
    "MOVING",
    "NOT_ENOUGH_DATA",
    "STABLE",
    "Dimension",
    "Drift",
    "DriftSettings",
    "assess",
    "carrying_days",
]


@dataclass(frozen=True)
class Drift:
    """What is known about all teams on one day.

    Attributes:
        levels: One row per team, dimension (and ``index``) and week: ``level``, ``low``, ``high``, ``n``,
            ``weight_observed``.
        findings: One row per team and baseline: state, the dimension named first, all e-values, onset, alarm, rates,
            sentence.
        dimensions: One row per team, baseline and dimension: the figures behind a finding, and why a dimension is
            not watched.
    """

    levels: pd.DataFrame
    findings: pd.DataFrame
    dimensions: pd.DataFrame


def assess(
    marks: Table,
    gate: Table | None = None,
    baselines: Table | None = None,
    settings: DriftSettings | None = None,
    as_of: date | None = None,
) -> Drift:
    """Assess the drift of every team.

    Args:
        marks: Arrow table, data frame or mapping with one row per ``team``, ``dimension``, ``stratum`` and ``day``:
            ``n`` marks, of which ``x`` without the separation.
        gate: ``team`` and ``week`` (its Monday) to leave out because a source was silent, with ``reason``.
        baselines: Baselines chosen by users: ``team``, ``start``, ``end`` (a pinned period; empty: a restart from
            ``start`` on), ``note``. The last one of a team is in force, the older ones stay visible and are still
            judged.
        settings: The numbers that decide.
        as_of: The day to look from; later marks are left out. Without one, the day of the last mark.

    Raises:
        InputError: A column is missing, a dimension is unknown, or counts are impossible.
    """
    chosen = settings or DriftSettings()
    read = read_marks(marks, gate, baselines, as_of)
    judged = judge(read, chosen)
    return Drift(
        levels=levels_frame(read, judged.levels, index_of(judged.levels, chosen)),
        findings=findings_frame(judged),
        dimensions=dimensions_frame(judged),
    )


def judge(marks: Marks, settings: DriftSettings) -> Judgement:
    """Judge every subject; :func:`assess` with arrays instead of tables."""
    baseline = fit_baseline(marks, settings)
    wander = wander_by_week(baseline, settings)
    last_day = marks.as_of.toordinal() - marks.first_monday.toordinal()
    parts: list[tuple[Detection, Floats, Ints]] = []
    for begin in range(0, len(marks.subjects), SUBJECTS_AT_ONCE):
        end = min(begin + SUBJECTS_AT_ONCE, len(marks.subjects))
        part = baseline.slice(begin, end)
        bets = place_bets(marks.slice(begin, end), part, wander[begin:end], settings)
        detection = detect(bets, part, last_day, settings)
        parts.append((detection, bets.reference, _onsets(bets, part, detection, settings)))
    detection = joined([detection for detection, _, _ in parts])
    return Judgement(
        marks=marks,
        baseline=baseline,
        detection=detection,
        levels=trailing_levels(baseline, settings),
        limits=index_limits(baseline, last_day // 7, settings),
        reference=np.concatenate([reference for _, reference, _ in parts]) if parts else np.zeros((0, len(DIMENSIONS))),
        wander=wander[:, :, -1],
        onset=np.concatenate([onset for _, _, onset in parts]) if parts else np.zeros(0, dtype=np.int64),
        settings=settings,
    )


def _onsets(bets: Bets, baseline: Baseline, detection: Detection, settings: DriftSettings) -> Ints:
    """Return the week in which each subject's latest drift began, -1 without one.

    What is known after the day of the alarm is not used, so that later days do not date a finding anew.
    """
    onset = np.full(len(detection.alarm), -1, dtype=np.int64)
    for place in np.flatnonzero((detection.alarm >= 0) & (detection.recovered < detection.alarm)):
        dimension, last = int(detection.named[place]), int(detection.alarm[place])
        week = last // 7
        watched = baseline.watched[place, dimension]
        known = np.arange(bets.log_bets.shape[2])[:, None] <= last
        daily = np.concatenate(bets.log_bets[place, bets.of == dimension] * known, axis=1)
        weekly = daily.reshape(len(watched), 7, -1).sum(axis=1)
        gains = np.cumsum(weekly[week::-1], axis=0)
        start = likeliest_start(weekly[:, int(np.argmax(gains.max(axis=0)))], watched, week)
        onset[place] = refined_start(
            baseline.observed[place, dimension],
            baseline.expected[place, dimension],
            baseline.variance[place, dimension],
            baseline.weeks[place, dimension] | watched,
            start,
            week - 1,
            settings.level_weeks,
        )
    return onset


def carrying_days(marks: Table, team: str, dimension: str, since: date) -> pd.DataFrame:
    """Return the rows of marks that carry a finding, most first; their keys lead to the records.

    Args:
        marks: As for :func:`assess`.
        team: The team of the finding.
        dimension: The dimension named first.
        since: The onset.
    """
    frame = as_frame(marks, ("team", "dimension", "stratum", "day", "n", "x"), "marks")
    day = pd.to_datetime(frame["day"])
    rows = frame[
        (frame["team"] == team) & (frame["dimension"] == dimension) & (day >= pd.Timestamp(since)) & (frame["x"] > 0)
    ]
    return rows.sort_values(["x", "day", "stratum"], ascending=[False, True, True], kind="stable").reset_index(
        drop=True
    )
