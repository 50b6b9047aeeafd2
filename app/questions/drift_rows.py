"""What a build says on drift, asked over a plain connection: findings, dimensions, gaps, the marks behind a level.

Owns the questions that the dashboard and the command line share. Knows neither Streamlit nor how anything is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.drift.settings import DIMENSIONS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = (
    "marts.drift_findings",
    "marts.drift_dimensions",
    "marts.drift_levels",
    "marts.drift_marks",
    "marts.drift_gate",
)
# Beside drift, and younger than it: a build may judge drift and not hold this.
CONTEXT = "marts.drift_context"
LABELS = {dimension.name: dimension.label for dimension in DIMENSIONS}
UNITS = {dimension.name: dimension.unit for dimension in DIMENSIONS}
MEANINGS = {dimension.name: dimension.finding for dimension in DIMENSIONS}
STATES = ("drifting", "moving", "stable", "not enough data")
MARK_COLUMNS = (
    "dimension",
    "record_id",
    "record_kind",
    "team",
    "service",
    "stratum",
    "occurred_at",
    "is_missing",
    "left_out",
    "reason",
    "change_id",
    "deployment_id",
)
# Weeks that are left out: those of the gate, and the first week with marks after each, which ships what was decided
# in the silence. The detector leaves out the same.
LEFT_OUT = """
    with silent as (
        select distinct team, week from marts.drift_gate
        where week >= (select date_trunc('week', min(day)) from marts.drift_daily)
    ),
    marked as (
        select distinct d.team, date_trunc('week', d.day) as week from marts.drift_daily d
        where not exists (select 1 from silent s where s.team = d.team and s.week = date_trunc('week', d.day))
    ),
    left_out as (
        select team, week from silent
        union
        select s.team, min(m.week) from silent s inner join marked m on m.team = s.team and m.week > s.week
        group by s.team, s.week
    )
"""


@dataclass(frozen=True)
class Finding:
    """What is said about one team, judged from one baseline; the one in force unless older ones are asked for."""

    team: str
    state: str
    sentence: str
    dimension: str | None
    onset: date | None
    baseline_start: date | None
    baseline_end: date | None
    baseline_kind: str
    baseline_note: str
    baseline_rate: float | None
    reference_rate: float | None
    level: float | None
    low: float | None
    high: float | None
    n: int
    index: float | None
    is_discovery: bool
    alarm: date | None
    recovered: date | None
    first_alarm: date | None

    @property
    def is_drifting(self) -> bool:
        """Whether the evidence passed the threshold and the rate is not back."""
        return self.state == "drifting"


def findings(con: DuckDBPyConnection, teams: tuple[str, ...] = (), *, is_current: bool = True) -> list[Finding]:
    """Return findings, drifting teams first, the latest onset first; all teams without a choice.

    Args:
        con: A connection to a build.
        teams: Only these.
        is_current: With the baseline in force; else with those before it.
    """
    chosen = f"and team in ({', '.join('?' * len(teams))})" if teams else ""
    rows = con.execute(
        f"""
        select team, state, sentence, dimension, cast(onset_week as date), cast(baseline_start as date),
            cast(baseline_end as date), baseline_kind, coalesce(baseline_note, ''), baseline_rate, reference_rate,
            current_level, low, high, n, "index", coalesce(is_discovery, false), cast(alarm_date as date),
            cast(recovered_on as date), cast(first_alarm_date as date)
        from marts.drift_findings where is_current = ? {chosen}
        """,
        [is_current, *teams],
    )
    found = [Finding(*row) for row in rows.fetchall()]
    return sorted(found, key=lambda f: (_place(f), -(f.onset or date.min).toordinal(), f.team, f.baseline_kind))


def known_teams(con: DuckDBPyConnection) -> list[str]:
    """Return the teams that are judged."""
    return [name for (name,) in con.execute("select distinct team from marts.drift_findings order by team").fetchall()]


def has_records(con: DuckDBPyConnection, team: str) -> bool:
    """Whether any change or deployment is a team's."""
    found = con.execute(
        "select 1 from marts.changes where team = $team "
        "union all select 1 from marts.deployments where team = $team limit 1",
        {"team": team},
    )
    return bool(found.fetchall())


@dataclass(frozen=True)
class Component:
    """One dimension of one team: its state, its figures now and in the baseline, and its levels by week.

    Attributes:
        share: Its part of the team's evidence; null where it is not watched.
        weeks: Last day, level, low, high and n of each week's trailing weeks.
    """

    dimension: str
    state: str
    reason: str
    baseline_rate: float | None
    baseline_n: int
    reference_rate: float | None
    level: float | None
    low: float | None
    high: float | None
    n: int
    e_value: float | None
    share: float | None
    weeks: tuple[tuple[date, float, float, float, int], ...]


def components_of(
    con: DuckDBPyConnection, team: str, first: str | None, weights: Mapping[str, float]
) -> list[Component]:
    """Return a team's dimensions, the one named first in front, then by evidence; unmeasured ones last.

    ``weights`` are those of the build: a dimension's share is its part of the team's evidence.
    """
    levels: dict[str, list[tuple[date, float, float, float, int]]] = {}
    for dimension, *week in con.execute(
        "select dimension, cast(week_end as date), level, low, high, n from marts.drift_levels "
        "where team = ? and level is not null order by week_end",
        [team],
    ).fetchall():
        levels.setdefault(dimension, []).append(tuple(week))
    rows = con.execute(
        "select dimension, state, coalesce(reason, ''), baseline_rate, baseline_n, reference_rate, current_level, low, "
        "high, n, e_value from marts.drift_dimensions where team = ? and is_current",
        [team],
    ).fetchall()
    parts = [weights.get(row[0], 0.0) * (row[-1] or 0.0) for row in rows]
    whole = sum(parts)
    found = [
        Component(*(*row, part / whole if whole > 0 and row[-1] is not None else None, tuple(levels.get(row[0], ()))))
        for row, part in zip(rows, parts, strict=True)
    ]
    return sorted(found, key=lambda c: (c.dimension != first, c.state == "not enough data", -(c.e_value or 0.0)))


def gaps(con: DuckDBPyConnection, team: str) -> list[tuple[date, str]]:
    """Return a team's weeks that a silent source leaves out, each with its reason."""
    rows = con.execute(
        "select cast(week as date), reason from marts.drift_gate where team = ? order by week",
        [team],
    )
    return [(week, reason) for week, reason in rows.fetchall()]


@dataclass(frozen=True)
class Stratum:
    """What one stratum adds to a level: marks without the separation, marks, and its part of the former."""

    stratum: str
    x: int
    n: int
    share: float | None


def strata(con: DuckDBPyConnection, team: str, dimension: str, start: date, end: date) -> list[Stratum]:
    """Return a level's strata (change type, risk) over [start, end), the largest part first.

    Weeks that are left out as a data gap do not count, as in the level.
    """
    rows = con.execute(
        f"""
        {LEFT_OUT}
        select d.stratum, cast(sum(d.x) as bigint), cast(sum(d.n) as bigint),
            case when sum(sum(d.x)) over () > 0 then sum(d.x) / sum(sum(d.x)) over () end
        from marts.drift_daily d
        where d.team = ? and d.dimension = ? and d.day >= ? and d.day < ? and not exists (
            select 1 from left_out l where l.team = d.team and l.week = date_trunc('week', d.day)
        )
        group by d.stratum order by 2 desc, 1
        """,
        [team, dimension, start, end],
    )
    return [Stratum(*row) for row in rows.fetchall()]


def carried_by(found: Sequence[Stratum], most: int = 4) -> str:
    """Return how many of a level's records lack the separation, in all and in each stratum."""
    parts = [f"{one.stratum} {one.x:,} of {one.n:,}" for one in found[:most]]
    further = len(found) - most
    if further > 0:
        x, n = sum(one.x for one in found[most:]), sum(one.n for one in found[most:])
        parts.append(f"{further} more {x:,} of {n:,}")
    total = f"{sum(one.x for one in found):,} of {sum(one.n for one in found):,} records lack the separation"
    return f"{total} ({', '.join(parts)})"


def level_period(con: DuckDBPyConnection, trailing_weeks: int) -> tuple[date, date]:
    """Return the [start, end) of the trailing weeks that levels of now are over; a day counts once it is over."""
    as_of = instant_of(con)
    monday = as_of.date() - timedelta(days=as_of.weekday())
    return monday - timedelta(weeks=trailing_weeks - 1), as_of.date()


def instant_of(con: DuckDBPyConnection) -> datetime:
    """Return the instant the build knows."""
    (as_of,) = con.execute("select as_of from meta.build").fetchall()[0]
    found: datetime = as_of
    return found


def marks(
    con: DuckDBPyConnection, team: str, dimension: str, start: date, end: date, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return the records of one dimension over [start, end), newest first, each as a row of ``MARK_COLUMNS``.

    ``left_out`` marks records of weeks that are left out as a data gap; they count neither in ``x`` nor in ``n``.
    """
    bound = f" limit {int(limit)}" if limit is not None else ""
    rows = con.execute(
        f"""
        {LEFT_OUT}
        select m.dimension, m.record_id, m.record_kind, m.team, m.service, m.stratum, m.occurred_at, m.x = 1,
            l.team is not null, m.reason, m.change_id, m.deployment_id
        from marts.drift_marks m
        left join left_out l on l.team = m.team and l.week = date_trunc('week', m.day)
        where m.team = ? and m.dimension = ? and m.occurred_at >= ? and m.occurred_at < ?
        order by m.occurred_at desc, m.record_id{bound}
        """,
        [team, dimension, start, end],
    )
    return [dict(zip(MARK_COLUMNS, row, strict=True)) for row in rows.fetchall()]


def count_marks(con: DuckDBPyConnection, team: str, dimension: str, start: date, end: date) -> tuple[int, int, int]:
    """Return (marks with the separation missing, marks, marks of weeks left out) of one dimension over [start, end)."""
    ((x, n, left_out),) = con.execute(
        f"""
        {LEFT_OUT}
        select count(*) filter (where m.x = 1 and l.team is null), count(*) filter (where l.team is null),
            count(*) filter (where l.team is not null)
        from marts.drift_marks m
        left join left_out l on l.team = m.team and l.week = date_trunc('week', m.day)
        where m.team = ? and m.dimension = ? and m.occurred_at >= ? and m.occurred_at < ?
        """,
        [team, dimension, start, end],
    ).fetchall()
    return int(x), int(n), int(left_out)


@dataclass(frozen=True)
class Context:
    """Cadence and decision value of a team: beside drift, never part of it; the columns of ``marts.drift_context``."""

    since: date
    decisions: int
    deployments: int
    together: float | None
    expected: float | None
    changes_per_release: float | None
    changes_per_release_before: float | None
    judged: int
    decision_value: float | None

    def sentences(self) -> list[str]:
        """Return what the figures say, one sentence each; nothing for what is unknown."""
        said = []
        if self.changes_per_release is not None:
            before = self.changes_per_release_before
            was = "" if before is None else f" (before: {before:.1f})"
            said.append(f"{self.changes_per_release:.1f} changes per release{was}.")
        if self.together is not None and self.expected is not None:
            said.append(
                f"{100 * self.together:.0f} % of the hours with a deployment have a decision as well; habits alone "
                f"explain {100 * self.expected:.0f} %."
            )
        if self.decision_value is not None:
            said.append(
                f"Risk explains {100 * max(self.decision_value, 0):.0f} % of how decisions come out, beyond chance "
                f"(n = {self.judged:,})."
            )
        return said


def context_of(con: DuckDBPyConnection, team: str) -> Context | None:
    """Return a team's cadence and decision value; ``None`` when nothing of it is known."""
    rows = con.execute(
        "select cast(since as date), decisions, deployments, together, expected, changes_per_release, "
        "changes_per_release_before, judged, decision_value from marts.drift_context where team = ?",
        [team],
    ).fetchall()
    return Context(*rows[0]) if rows else None


def _place(finding: Finding) -> int:
    return STATES.index(finding.state) if finding.state in STATES else len(STATES)
