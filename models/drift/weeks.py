"""Turns the tables of marks, censored weeks and chosen baselines into arrays over subjects, weeks and strata.

A *subject* is a team seen from one baseline; a team has more than one when a baseline was pinned or restarted, and
the old ones stay. Owns the shape of what is read and what is refused. Knows nothing of statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from models.drift.settings import DIMENSION_NAMES
from models.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Table: TypeAlias = "pa.Table | pd.DataFrame | Mapping[str, Any]"

MARK_COLUMNS = ("team", "dimension", "stratum", "day", "n", "x")
FIRST_BASELINE = "first"
_MONDAY = np.datetime64("1970-01-05", "D")  # a Monday; week 0


@dataclass(frozen=True)
class Subject:
    """A team seen from one baseline.

    Attributes:
        team: The team.
        kind: ``first`` (its first usable weeks), ``restart`` (from a date on) or ``pinned`` (a period a user chose).
        start: First day that counts; ``None`` for all.
        end: Last day of a pinned baseline.
        note: Why a user chose this baseline.
        is_current: Whether this is the team's baseline in force; older ones are still judged, and shown.
    """

    team: str
    kind: str = FIRST_BASELINE
    start: date | None = None
    end: date | None = None
    note: str = ""
    is_current: bool = True


@dataclass(frozen=True)
class Marks:
    """Marks as arrays, one element per row, sorted by subject; weeks run from Monday to Sunday."""

    subjects: tuple[Subject, ...]
    cells: tuple[tuple[str, str], ...]
    cell_dimension: Ints
    subject: Ints
    cell: Ints
    day: Ints
    n: Floats
    x: Floats
    first_monday: date
    weeks: int
    as_of: date
    censored: Flags
    reasons: Mapping[tuple[int, int], str]
    source_silent: Flags

    def slice(self, begin: int, end: int) -> Marks:
        """Return the subjects ``begin`` to ``end`` alone."""
        low, high = np.searchsorted(self.subject, [begin, end])
        return Marks(
            subjects=self.subjects[begin:end],
            cells=self.cells,
            cell_dimension=self.cell_dimension,
            subject=self.subject[low:high] - begin,
            cell=self.cell[low:high],
            day=self.day[low:high],
            n=self.n[low:high],
            x=self.x[low:high],
            first_monday=self.first_monday,
            weeks=self.weeks,
            as_of=self.as_of,
            censored=self.censored[begin:end],
            reasons={(k - begin, week): why for (k, week), why in self.reasons.items() if begin <= k < end},
            source_silent=self.source_silent[begin:end],
        )

    def monday(self, week: int) -> date:
        """Return the first day of a week."""
        return week_start(self.first_monday, week)


def week_start(first_monday: date, week: int) -> date:
    """Return the Monday of week number ``week``."""
    return date.fromordinal(first_monday.toordinal() + 7 * int(week))


def read_marks(
    marks: Table, gate: Table | None = None, baselines: Table | None = None, as_of: date | None = None
) -> Marks:
    """Read the tables; see :func:`models.drift.assessment.assess` for their columns.

    Rows without a team, dimension, day or counts carry no mark and are left out; the team is still known.

    Raises:
        InputError: A column is missing, a dimension is unknown, or counts are impossible.
    """
    frame = as_frame(marks, MARK_COLUMNS, "marks")
    team_code, names = _codes(frame["team"])
    teams = pd.Index(sorted(names))
    kept = np.flatnonzero(frame[["team", "dimension", "day", "n", "x"]].notna().to_numpy().all(axis=1))
    n, x = (pd.to_numeric(frame[name]).to_numpy(np.float64)[kept] for name in ("n", "x"))
    team = teams.get_indexer(pd.Index(names))[team_code[kept]].astype(np.int64)
    day = days_since_monday(frame["day"].iloc[kept])
    dimension_code, dimensions = _codes(frame["dimension"].iloc[kept])
    _refuse_unknown(dimensions)
    dimension = np.array([DIMENSION_NAMES.index(name) for name in dimensions], dtype=np.int64)[dimension_code]
    _refuse_impossible(frame, kept, n, x)
    stratum_code, strata = _codes(frame["stratum"].iloc[kept])
    strata = strata if "all" in strata else [*strata, "all"]
    stratum_code = np.where(stratum_code < 0, strata.index("all"), stratum_code)
    width = len(strata)
    cell_codes, cell = np.unique(dimension * width + stratum_code, return_inverse=True)
    subjects, picked, subject = _subjects(list(teams), team, day, _choices(baselines, teams))
    last = _last_day(day, as_of)
    picked, subject = picked[day[picked] <= last], subject[day[picked] <= last]
    order = np.argsort(subject, kind="stable")
    picked, subject = picked[order], subject[order]
    first = int(7 * (day[picked].min() // 7)) if len(picked) else int(7 * (last // 7))
    weeks = int((last - first) // 7 + 1)
    silent, reasons = _censored(gate, [item.team for item in subjects], first, weeks)
    has_marks = np.zeros((len(subjects), weeks), dtype=bool)
    has_marks[subject, (day[picked] - first) // 7] = True
    return Marks(
        subjects=tuple(subjects),
        cells=tuple((DIMENSION_NAMES[int(code) // width], strata[int(code) % width]) for code in cell_codes),
        cell_dimension=np.asarray(cell_codes // width, dtype=np.int64),
        subject=subject,
        cell=cell.astype(np.int64)[picked],
        day=day[picked] - first,
        n=n[picked],
        x=x[picked],
        first_monday=first_day(first),
        weeks=weeks,
        as_of=first_day(last),
        censored=silent | _carried_over(silent, has_marks),
        reasons=reasons,
        source_silent=silent,
    )


def as_frame(table: Table, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    """Return an Arrow table, mapping of arrays or data frame as a data frame that has ``columns``.

    Raises:
        InputError: A column is missing.
    """
    frame: pd.DataFrame = table.to_pandas() if isinstance(table, pa.Table) else pd.DataFrame(table)
    if missing := [column for column in columns if column not in frame.columns]:
        raise InputError(
            f"The table of {name} lacks {', '.join(missing)}.",
            where=name,
            next_step=f"give it the columns {', '.join(columns)}",
        )
    return frame


def _codes(column: pd.Series[Any]) -> tuple[Ints, list[str]]:
    """Return each row's place among the column's distinct names, -1 for none, and those names."""
    codes, names = pd.factorize(column, use_na_sentinel=True)
    return codes.astype(np.int64), [str(name) for name in names]


def _refuse_unknown(dimensions: list[str]) -> None:
    if unknown := sorted(set(dimensions) - set(DIMENSION_NAMES)):
        raise InputError(
            f"Marks of unknown dimensions: {', '.join(unknown)}.",
            where="marks",
            next_step=f"known are {', '.join(DIMENSION_NAMES)}",
        )


def _refuse_impossible(frame: pd.DataFrame, kept: Ints, n: Floats, x: Floats) -> None:
    wrong = (n < 0) | (x < 0) | (x > n)
    if wrong.any():
        row = frame.iloc[int(kept[int(np.argmax(wrong))])]
        raise InputError(
            f"{int(wrong.sum())} rows of marks have x outside 0 to n.",
            where=f"team {row['team']}, {row['dimension']}, {row['day']}",
            next_step="correct those rows: x counts marks among n",
        )


def days_since_monday(column: pd.Series[Any]) -> Ints:
    """Return days since a Monday, so that whole weeks are whole sevens."""
    instants = pd.to_datetime(column)
    if getattr(instants.dt, "tz", None) is not None:
        instants = instants.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray((instants.to_numpy().astype("datetime64[D]") - _MONDAY).astype(np.int64))


def first_day(day: int) -> date:
    """Return the date of a number of days since the first Monday of all."""
    return date.fromordinal(date(1970, 1, 5).toordinal() + int(day))


def _last_day(day: Ints, as_of: date | None) -> int:
    if as_of is not None:
        return as_of.toordinal() - date(1970, 1, 5).toordinal()
    return int(day.max()) if len(day) else 0


def _choices(baselines: Table | None, teams: pd.Index[Any]) -> dict[str, list[Subject]]:
    """Return the baselines users chose, per team, oldest first."""
    if baselines is None:
        return {}
    frame = as_frame(baselines, ("team", "start"), "baselines")
    chosen: dict[str, list[Subject]] = {}
    for row in frame.sort_values("start", kind="stable").to_dict("records"):
        if str(row["team"]) not in teams:
            continue
        end: Any = row.get("end")
        pinned = not pd.isna(end)
        chosen.setdefault(str(row["team"]), []).append(
            Subject(
                team=str(row["team"]),
                kind="pinned" if pinned else "restart",
                start=pd.Timestamp(row["start"]).date(),
                end=pd.Timestamp(end).date() if pinned else None,
                note="" if pd.isna(row.get("note")) else str(row.get("note")),
            )
        )
    return chosen


def _subjects(
    teams: list[str], team: Ints, day: Ints, chosen: dict[str, list[Subject]]
) -> tuple[list[Subject], Ints, Ints]:
    """Return the subjects, and pairs of row and subject: a row counts for every baseline of its team from its start."""
    subjects = [Subject(name, is_current=name not in chosen) for name in teams]
    rows, owners = [np.arange(len(team))], [team]
    for name in sorted(chosen):
        own = np.flatnonzero(team == teams.index(name))
        for place, subject in enumerate(chosen[name]):
            current = place == len(chosen[name]) - 1
            subjects.append(Subject(subject.team, subject.kind, subject.start, subject.end, subject.note, current))
            reached = own[day[own] >= (subject.start or date.min).toordinal() - date(1970, 1, 5).toordinal()]
            rows.append(reached)
            owners.append(np.full(len(reached), len(subjects) - 1))
    return subjects, np.concatenate(rows).astype(np.int64), np.concatenate(owners).astype(np.int64)


def _censored(gate: Table | None, teams: list[str], first: int, weeks: int) -> tuple[Flags, dict[tuple[int, int], str]]:
    """Return the weeks of every subject in which a source was silent, with the reason."""
    silent = np.zeros((len(teams), weeks), dtype=bool)
    reasons: dict[tuple[int, int], str] = {}
    if gate is None:
        return silent, reasons
    frame = as_frame(gate, ("team", "week"), "gate").dropna(subset=["team", "week"])
    places: dict[str, list[int]] = {}
    for place, team in enumerate(teams):
        places.setdefault(team, []).append(place)
    week_numbers = (days_since_monday(frame["week"]) - first) // 7
    why = frame["reason"].fillna("").astype(str).tolist() if "reason" in frame.columns else [""] * len(frame)
    for team, week, reason in zip(frame["team"].astype(str), week_numbers, why, strict=True):
        if 0 <= week < weeks:
            for place in places.get(team, []):
                silent[place, week] = True
                reasons[place, int(week)] = reason
    return silent, reasons


def _carried_over(silent: Flags, has_marks: Flags) -> Flags:
    """Return the first week with marks after each gap: what is released then was decided in the silence."""
    carried = np.zeros_like(silent)
    waiting = np.zeros(len(silent), dtype=bool)
    for week in range(silent.shape[1]):
        waiting |= silent[:, week]
        carried[:, week] = waiting & ~silent[:, week] & has_marks[:, week]
        waiting &= ~carried[:, week]
    return carried
