"""One sentence per finding, for a leader: since when, what, how much, on how many records; or what is missing.

Owns the words. Knows only what a judgement holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from models.drift.judgement import (
    DRIFTING,
    MOVING,
    NOT_ENOUGH_DATA,
    Judgement,
    cannot_rise,
    day_of,
    gap_reason,
    is_mostly_silent,
    is_never_apart,
    level_of,
    why_not_judged,
)
from models.drift.settings import DIMENSIONS
from models.metric import percent

_SMALL = 0.1


def sentence_of(judged: Judgement, place: int, state: str, dimension: int, onset: int) -> str:
    """Return what is said of a subject: its state, the dimension named first, and where it began."""
    subject = judged.marks.subjects[place]
    gap = _gap_sentence(judged, place)
    if state == NOT_ENOUGH_DATA:
        return f"{subject.team}: not enough data to judge drift ({_why_nothing(judged, place)}).{gap}"
    level, _, _, n = level_of(judged, place, dimension, onset)
    figures = f"baseline {_percent(judged.baseline.rate[place, dimension])}, n = {n:,}"
    named = DIMENSIONS[dimension]
    if state == DRIFTING:
        since = _date(judged.marks.monday(onset), judged.marks.as_of)
        what = f"{_of(subject.team)} {named.finding} in {_percent(level)} of {named.unit}"
        return f"Since about {since}, {what} ({figures}).{gap}"
    past = _past_drift(judged, place)
    if state == MOVING:
        latest, lower, upper = (
            values[place] for values in (judged.limits.latest, judged.limits.low, judged.limits.high)
        )
        return (
            f"{_of(subject.team)} index is {'above' if latest > upper else 'below'} the limits of its baseline "
            f"({latest:.2f}, limits {lower:.2f} to {upper:.2f}), but no dimension has drifted.{past}{gap}"
        )
    now = f"{_percent(level)} now, " if n else ""
    closest = f"no drift. Closest to it: {named.label.lower()} ({now}{figures})"
    said = closest if dimension >= 0 else "no drift can be seen"
    return f"{subject.team}: {said}.{_not_judged(judged, place)}{past}{gap}"


def _not_judged(judged: Judgement, place: int) -> str:
    """Return where no rise can be judged: no drift, since nothing is left to lose, and no praise either."""
    found: dict[str, list[str]] = {}
    for k in np.flatnonzero(cannot_rise(judged, place)):
        rate = judged.baseline.rate[place, k]
        why = "Never apart to begin with" if is_never_apart(rate) else "Too unsteady to judge"
        found.setdefault(why, []).append(f"{DIMENSIONS[k].label.lower()} ({_percent(rate)} in the baseline)")
    return "".join(f" {why}: {', '.join(names)}." for why, names in found.items())


def _why_nothing(judged: Judgement, place: int) -> str:
    if judged.detection.weeks_watched[place] and is_mostly_silent(judged, place):
        return f"most of the last {judged.settings.level_weeks} weeks are a data gap"
    reasons = [why_not_judged(judged, place, k) for k in range(len(DIMENSIONS)) if judged.baseline.marks[place, k] > 0]
    reasons = [reason for reason in reasons if reason]
    return _longest_first(reasons) if reasons else "no marks"


def _longest_first(reasons: Iterable[str]) -> str:
    """Return the reason that most dimensions share; among equals the first."""
    listed = list(reasons)
    return max(listed, key=lambda reason: (listed.count(reason), -listed.index(reason)))


def _gap_sentence(judged: Judgement, place: int) -> str:
    silent = int(judged.marks.source_silent[place].sum())
    if not silent:
        return ""
    reason = gap_reason(judged.marks, place)
    return f" {_count(silent, 'week')} left out as a data gap{': ' + reason if reason else ''}."


def _past_drift(judged: Judgement, place: int) -> str:
    detection = judged.detection
    alarm, recovered = int(detection.alarm[place]), int(detection.recovered[place])
    if alarm < 0 or recovered < alarm:
        return ""
    began, over = (day_of(judged.marks, day) or judged.marks.as_of for day in (alarm, recovered))
    was = DIMENSIONS[int(detection.named[place])].label.lower()
    found, ended = _date(began, judged.marks.as_of), _date(over, judged.marks.as_of)
    return f" An earlier drift ({was}, found {found}) was over by {ended}."


def _percent(share: float) -> str:
    """Return a share; a small one as the charts write it, where a baseline of 9.5 % stood beside one of 10 %."""
    if np.isnan(share):
        return "no value"
    return percent(float(share)) if share < _SMALL else f"{100 * share:.0f} %"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" + ("" if number == 1 else "s")


def _of(team: str) -> str:
    return f"{team}'" if team.endswith("s") else f"{team}'s"


def _date(day: date, as_of: date) -> str:
    """Return a date as a person says it; the year only where it is not the present one."""
    months = (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
    return f"{day.day} {months[day.month - 1]}" + (f" {day.year}" if day.year != as_of.year else "")
