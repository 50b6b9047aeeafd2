"""Runs the detector on simulated teams and scores what it says against the truth of their regime.

Owns the scores and their intervals. Refuses to know how marks are simulated or how the page is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.drift.baseline import Baseline, fit_baseline
from models.drift.detector import SUBJECTS_AT_ONCE, Bets, Detection, detect, discoveries, joined, place_bets
from models.drift.gate import silent_weeks
from models.drift.settings import DIMENSION_NAMES, DriftSettings
from models.drift.wander import wander_by_week
from models.drift.weeks import Floats, Marks, read_marks
from tests.simulator.marks import Cohort
from tests.simulator.regimes import Regime

Ints = npt.NDArray[np.int64]
Placing = Callable[[Marks, Baseline, Floats, DriftSettings], Bets]
Fitting = Callable[[Marks, DriftSettings], Baseline]
Wandering = Callable[[Baseline, DriftSettings], Floats]
_DEFAULTS = DriftSettings()
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Method:
    """A way to find drift: settings, and the parts of the pipeline it exchanges."""

    name: str
    settings: DriftSettings = _DEFAULTS
    fit: Fitting = fit_baseline
    wander: Wandering = wander_by_week
    place: Placing = place_bets


class Teams(Protocol):
    """Teams of one regime, however they were simulated."""

    @property
    def regime(self) -> Regime:
        """What happened to them."""

    @property
    def volume(self) -> int:
        """Changes a month."""

    @property
    def strength(self) -> float:
        """How far the regime's rates move."""

    @property
    def onset_weeks(self) -> Ints:
        """When, for each team."""


@dataclass(frozen=True)
class Alarms:
    """First alarms of teams: days since the simulation's first Monday, -1 for none, and the dimension named first."""

    day: Ints
    named: Ints
    discovered: npt.NDArray[np.bool_]


def alarms_of(cohorts: list[Cohort], method: Method, read: Marks | None = None) -> Alarms:
    """Run a method on the teams of one organisation, source gate included; ``read`` spares reading them again."""
    names = [name for cohort in cohorts for name in cohort.names]
    return alarms_among(names, cohorts[0].first_monday, read or _read(cohorts, names), method)


def alarms_among(names: list[str], first_monday: date, read: Marks, method: Method) -> Alarms:
    """Run a method on all teams that were read; returns the alarms of those named, in that order."""
    detection = run(read, method)
    place = {subject.team: k for k, subject in enumerate(read.subjects)}
    order = np.array([place.get(name, -1) for name in names])
    shift = 7 * round((read.first_monday - first_monday).days / 7)
    e_values = detection.team_evidence / np.maximum(detection.weeks_watched, 1)
    found = discoveries(e_values, method.settings.false_discovery_rate)
    day = np.where(detection.first_alarm >= 0, detection.first_alarm + shift, -1)
    return Alarms(
        day=np.where(order >= 0, day[order], -1),
        named=np.where(order >= 0, detection.first_named[order], -1),
        discovered=np.where(order >= 0, found[order], False),
    )


def _read(cohorts: list[Cohort], names: list[str]) -> Marks:
    marks = [cohort.marks() for cohort in cohorts]
    if len(marks) > 1:
        marks = [frame.astype({"team": "str", "dimension": "str"}) for frame in marks]
    gate = silent_weeks(pd.concat([cohort.activity() for cohort in cohorts], ignore_index=True))
    return read_marks(pd.concat(marks, ignore_index=True), gate[gate["team"].isin(names)])


def run(marks: Marks, method: Method) -> Detection:
    """Run the detector of a method on all subjects at once."""
    baseline = method.fit(marks, method.settings)
    wander = method.wander(baseline, method.settings)
    last_day = marks.as_of.toordinal() - marks.first_monday.toordinal()
    parts = []
    for begin in range(0, len(marks.subjects), SUBJECTS_AT_ONCE):
        end = begin + SUBJECTS_AT_ONCE
        part = baseline.slice(begin, end)
        bets = method.place(marks.slice(begin, min(end, len(marks.subjects))), part, wander[begin:end], method.settings)
        parts.append(detect(bets, part, last_day, method.settings))
    return joined(parts)


@dataclass(frozen=True)
class Score:
    """How a method did on the teams of one regime at one volume; shares are of teams.

    Attributes:
        found: Alarm after the onset (must alarm).
        early: Alarm before the onset (must alarm), or any alarm (must not): a false alarm within the 52 weeks after
            the baseline.
        low: Lower end of the 95 % interval of the share that matters for the regime.
        high: Upper end.
        named: Of the found, the share whose first-named dimension is the one that moved.
        delay: Median weeks from onset to alarm over all teams; infinite when fewer than half are found.
        before_half_way: Share of teams found before the ramp is half-way.
    """

    regime: str
    volume: int
    strength: float
    teams: int
    found: float
    early: float
    low: float
    high: float
    named: float
    delay: float
    before_half_way: float

    def as_json(self) -> dict[str, str | float]:
        """Return the fields, infinite and missing numbers as ``None``."""
        return {
            name: value if not isinstance(value, float) or np.isfinite(value) else None
            for name, value in asdict(self).items()
        }


def score(cohort: Teams, alarms: Alarms) -> Score:
    """Score the alarms of teams of one regime."""
    onset = 7 * cohort.onset_weeks
    teams = len(onset)
    after = (alarms.day >= 0) & ((alarms.day >= onset) | (not cohort.regime.must_alarm))
    found = after & cohort.regime.must_alarm
    early = (alarms.day >= 0) & ~found
    low, high = interval(int(found.sum() if cohort.regime.must_alarm else early.sum()), teams)
    weeks = np.where(found, (alarms.day - onset + 1) / 7, np.inf)
    named, half_way = float("nan"), float("nan")
    if cohort.regime.must_alarm and found.any():
        named = float((alarms.named[found] == DIMENSION_NAMES.index(cohort.regime.moves[0].dimension)).mean())
        half_way = float((weeks <= cohort.regime.ramp_weeks / 2).mean())
    return Score(
        regime=cohort.regime.name,
        volume=cohort.volume,
        strength=cohort.strength,
        teams=teams,
        found=float(found.mean()),
        early=float(early.mean()),
        low=low,
        high=high,
        named=named,
        delay=float(np.median(weeks)) if cohort.regime.must_alarm else float("nan"),
        before_half_way=half_way,
    )


def interval(hits: int, teams: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    rate, z = hits / teams, _Z95
    middle = (rate + z**2 / (2 * teams)) / (1 + z**2 / teams)
    half = z / (1 + z**2 / teams) * np.sqrt(rate * (1 - rate) / teams + z**2 / (4 * teams**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)
