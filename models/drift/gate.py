"""Weeks in which a source's decisions fell silent: a gap in the data, never a missing approval.

A team that stops approving and a source that stops telling look alike in that team's records. So a gap is one that
the *other* teams of the source show too; what a team shows alone is a gap only if next to nothing arrives, or if
nobody else is there to compare with. Owns that distinction. Refuses to judge approvals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.drift.weeks import Flags, Floats, Ints, Table, as_frame, days_since_monday, first_day

_GATE_TYPES = {
    "team": "str",
    "week": "datetime64[s]",
    "source": "str",
    "changes": "int64",
    "decisions": "int64",
    "expected": "float64",
    "reason": "str",
}


@dataclass(frozen=True)
class GateSettings:
    """When a source counts as silent.

    Attributes:
        baseline_weeks: First weeks with changes, from which decisions per change are learnt.
        deep: Under this share of the baseline's decisions per change: a gap.
        partial: Under this share: a gap if it lasts; also the least fall that counts at all.
        silence: Under this share a team's own records are a gap, whatever the others show.
        fine: From this share on a team's own records are fine, whatever the others show.
        deviations: Standard deviations a fall must be away from chance.
        windows: Weeks over which falls are looked for.
        comparable: Decisions expected of the other teams in four weeks, from which on they can vouch for the source.
        least_share: A source that brings less than this share of a team's changes of four weeks does not censor the
            team's week.
    """

    baseline_weeks: int = 26
    deep: float = 0.5
    partial: float = 0.75
    silence: float = 0.15
    fine: float = 0.85
    deviations: float = 4.0
    windows: tuple[int, ...] = (1, 2, 4, 8, 13)
    comparable: float = 20.0
    least_share: float = 0.25


def silent_weeks(activity: Table, settings: GateSettings | None = None) -> pd.DataFrame:
    """Return one row per team and week that must be left out, as ``assess`` takes it as its gate.

    Where two of a team's sources are silent in one week, the one of which more was expected is named.

    Args:
        activity: One row per ``source``, ``team`` and ``week`` (its Monday): ``changes`` that needed a decision and
            ``decisions`` recorded. Weeks without a row are weeks without changes.
        settings: When a source counts as silent.
    """
    chosen = settings or GateSettings()
    frame = as_frame(activity, ("source", "team", "week", "changes", "decisions"), "activity")
    frame = frame.dropna(subset=["source", "team", "week"])
    if frame.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _GATE_TYPES.items()})
    grid = _grid(frame)
    own = _falls(grid.changes, grid.decisions, chosen)
    others = _falls(grid.others(grid.changes), grid.others(grid.decisions), chosen)
    # One team of which nothing arrives must not speak against the source of those that are still heard.
    heard = ~own.is_silent
    speaking = _falls(grid.others(grid.changes * heard), grid.others(grid.decisions * heard), chosen)
    none_speaks = _trailing(speaking.expected, 4) < chosen.comparable
    vouching = _trailing(others.expected, 4) >= chosen.comparable
    own_recent, own_expected = _trailing(grid.decisions, 4), _trailing(own.expected, 4)
    own_fine = (own_recent >= chosen.fine * own_expected) & (own_expected >= chosen.comparable)
    shared = others.is_fallen & (speaking.is_fallen | none_speaks) & ~own_fine
    gap = np.where(vouching, shared | own.is_silent, own.is_fallen | own.is_silent)
    return _rows(grid, gap & grid.is_of_weight(chosen.least_share), own)


@dataclass(frozen=True)
class _Grid:
    source: list[str]
    team: list[str]
    group: Ints
    weeks: pd.DatetimeIndex
    changes: Floats
    decisions: Floats

    def others(self, values: Floats) -> Floats:
        """Return, per row, the sum over the source's other teams."""
        total = np.zeros((int(self.group.max()) + 1, values.shape[1]))
        np.add.at(total, self.group, values)
        return np.asarray(total[self.group] - values)

    def is_of_weight(self, least_share: float) -> Flags:
        """Return, per row, the weeks in which the source brings so large a share of the team's recent changes."""
        codes, names = pd.factorize(pd.Index(self.team))
        recent = _trailing(self.changes, 4)
        total = np.zeros((len(names), recent.shape[1]))
        np.add.at(total, codes, recent)
        return np.asarray((recent > 0) & (recent >= least_share * total[codes]))


def _grid(frame: pd.DataFrame) -> _Grid:
    number = days_since_monday(frame["week"]) // 7
    first = int(number.min())
    weeks = pd.date_range(pd.Timestamp(first_day(7 * first)), periods=int(number.max()) - first + 1, freq="7D")
    source, team = frame["source"].astype(str), frame["team"].astype(str)
    pairs = pd.MultiIndex.from_arrays([source, team])
    codes, names = pd.factorize(pairs, sort=True)
    sources = [str(name[0]) for name in names]
    group = pd.factorize(pd.Index(sources))[0].astype(np.int64)
    place = codes * len(weeks) + number - first
    shape = (len(names), len(weeks))
    sums = [
        np.bincount(place, weights=frame[name].fillna(0).to_numpy(np.float64), minlength=shape[0] * shape[1]).reshape(
            shape
        )
        for name in ("changes", "decisions")
    ]
    return _Grid(sources, [str(name[1]) for name in names], group, weeks, np.asarray(sums[0]), np.asarray(sums[1]))


@dataclass(frozen=True)
class _Falls:
    is_fallen: Flags
    is_silent: Flags
    expected: Floats


def _falls(changes: Floats, decisions: Floats, settings: GateSettings) -> _Falls:
    """Return where decisions per change lie below the baseline's.

    The baseline is taken twice, the second time without the falls it contains.
    """
    first = (np.cumsum(changes > 0, axis=1) <= settings.baseline_weeks) & (changes > 0)
    fallen = np.zeros(changes.shape, dtype=bool)
    silent, expected = fallen, np.zeros(changes.shape)
    for _ in range(2):
        learnt = first & ~fallen
        learnt = np.where(learnt.any(axis=1, keepdims=True), learnt, first)
        ratio = (decisions * learnt).sum(axis=1) / np.maximum((changes * learnt).sum(axis=1), 1e-9)
        expected = changes * ratio[:, None]
        weeks = np.maximum(learnt.sum(axis=1), 2)
        spread = ((decisions - expected) ** 2 / np.maximum(expected, 1e-9) * learnt * (expected > 0)).sum(axis=1) / (
            weeks - 1
        )
        dispersion = np.maximum(spread, 1.0)
        fallen = _found(decisions, expected, dispersion, settings.partial, settings)
        fallen |= _found(decisions, expected, dispersion, settings.deep, settings)
        silent = _found(decisions, expected, dispersion, settings.silence, settings)
    return _Falls(fallen, silent, expected)


def _found(decisions: Floats, expected: Floats, dispersion: Floats, share: float, settings: GateSettings) -> Flags:
    """Return the weeks in which decisions are under ``share`` of what is expected, and far outside chance."""
    covered = np.zeros(decisions.shape, dtype=bool)
    weeks = decisions.shape[1]
    for length in settings.windows:
        if length > weeks:
            continue
        got, due = (_window_sums(values, length) for values in (decisions, expected))
        far = got - due < -settings.deviations * np.sqrt(dispersion[:, None] * np.maximum(due, 1e-9))
        hit = far & (got < share * due)
        for offset in range(length):
            covered[:, offset : offset + hit.shape[1]] |= hit
    found = np.zeros(decisions.shape, dtype=bool)
    tolerated = (1 + share) / 2
    for row in np.flatnonzero(covered.any(axis=1)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], covered[row].astype(np.int64), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            start, stop = _worst(tolerated * expected[row, begin:end] - decisions[row, begin:end])
            found[row, begin + start : begin + stop] = True
    return found


def _worst(deficit: Floats) -> tuple[int, int]:
    """Return the run of weeks with the largest total deficit (Kadane)."""
    best, best_range, total, start = 0.0, (0, 0), 0.0, 0
    for place, value in enumerate(deficit):
        if total <= 0:
            total, start = 0.0, place
        total += float(value)
        if total > best:
            best, best_range = total, (start, place + 1)
    return best_range


def _window_sums(values: Floats, length: int) -> Floats:
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(total[:, length:] - total[:, :-length])


def _trailing(values: Floats, length: int) -> Floats:
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    end = np.arange(1, values.shape[1] + 1)
    return np.asarray(total[:, end] - total[:, np.maximum(end - length, 0)])


def _rows(grid: _Grid, gap: Flags, own: _Falls) -> pd.DataFrame:
    row, week = np.nonzero(gap)
    expected = own.expected[row, week]
    changes, decisions = grid.changes[row, week].astype(np.int64), grid.decisions[row, week].astype(np.int64)
    reasons = [
        f"{grid.source[r]} brought {got} decisions for {count} changes, about {due:.0f} expected"
        for r, got, count, due in zip(row, decisions, changes, expected, strict=True)
    ]
    rows = pd.DataFrame(
        {
            "team": pd.Series([grid.team[r] for r in row], dtype="str"),
            "week": pd.Series(grid.weeks[week]).astype("datetime64[s]"),
            "source": pd.Series([grid.source[r] for r in row], dtype="str"),
            "changes": changes,
            "decisions": decisions,
            "expected": expected,
            "reason": pd.Series(reasons, dtype="str"),
        }
    ).sort_values(["team", "week", "expected"], ascending=[True, True, False], kind="stable")
    return rows.drop_duplicates(["team", "week"]).reset_index(drop=True)
