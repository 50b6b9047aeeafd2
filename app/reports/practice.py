"""What the practice tables of a build say for a retrospective: verdicts, cheat sheet, patterns, catches, drift, advice.

Owns the reading of those tables. Refuses to judge: every verdict and sentence comes from the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from app import wording
from app.periods import Period
from app.reports.question import Scope, scope_condition
from sql.aggregate import Filter

EVERYBODY = "(all)"


@dataclass(frozen=True)
class Verdict:
    """Whether a track, or the separation, works in a period, and the condition that decided."""

    subject: str
    verdict: str
    why: str


@dataclass(frozen=True)
class Condition:
    """One of the conditions behind a verdict; ``holds`` is ``None`` when there is too little to judge."""

    subject: str
    condition: str
    holds: bool | None
    sentence: str


@dataclass(frozen=True)
class Pattern:
    """A pattern of confusion: fires, clear or too_few."""

    pattern: str
    state: str
    sentence: str


@dataclass(frozen=True)
class Kind:
    """How often one process caught and missed one kind of thing, in the period and the one before."""

    process: str | None
    kind: str
    caught: int
    missed: int
    caught_before: int
    missed_before: int


@dataclass(frozen=True)
class Miss:
    """A failure after deployment."""

    occurred_at: datetime
    process: str | None
    kind: str
    service: str | None
    text: str
    change_id: str | None
    deployment_id: str | None
    url: str | None


@dataclass(frozen=True)
class Drift:
    """What the detector says of one team, as of the build."""

    team: str
    state: str
    dimension: str | None
    sentence: str
    onset: date | None
    baseline_rate: float | None


@dataclass(frozen=True)
class Level:
    """One week of a drift dimension's level."""

    week_end: date
    level: float | None
    n: int


@dataclass(frozen=True)
class Advice:
    """Whether a team or a service may run the two tracks as one, by which criteria."""

    scope: str
    name: str
    advice: str
    reason: str
    is_already_combined: bool
    criteria: tuple[tuple[str, str, bool | None, str], ...]


def has(con: DuckDBPyConnection, table: str) -> bool:
    """Whether the build holds a table of schema ``marts``."""
    return bool(
        con.execute(
            "select 1 from information_schema.tables where table_schema = 'marts' and table_name = ?", [table]
        ).fetchone()
    )


def team_of(con: DuckDBPyConnection, scope: Scope) -> str:
    """Return the team that practice tables know a scope by; a service is known by its team."""
    if scope.kind == "team":
        return scope.name
    if scope.kind == "everything":
        return EVERYBODY
    rows = con.execute(
        "select team from marts.changes where service = ? and team is not null "
        "group by team order by count(*) desc, team",
        [scope.name],
    ).fetchall()
    return str(rows[0][0]) if rows else EVERYBODY


def periods_within(con: DuckDBPyConnection, period: Period) -> list[str]:
    """Return the calendar quarters of the build that make up a period; none when it is not made of whole quarters."""
    rows = con.execute(
        """select period, start_at, end_at from marts.periods
        where regexp_matches(period, '^[0-9]{4}Q[1-4]$') and start_at >= ? and end_at <= ? order by start_at""",
        [period.start, period.end],
    ).fetchall()
    covered = sum((end - start).days for _, start, end in rows)
    return [name for name, _, _ in rows] if rows and covered == period.days else []


def verdicts(con: DuckDBPyConnection, period: str, team: str) -> list[Verdict]:
    """Return the three verdicts."""
    rows = con.execute(
        """select subject, verdict, why from marts.verdicts where period = ? and team = ?
        order by case subject when 'change_governance' then 1 when 'release_execution' then 2 else 3 end""",
        [period, team],
    ).fetchall()
    return [Verdict(subject, verdict, wording.figures(why)) for subject, verdict, why in rows]


def conditions(con: DuckDBPyConnection, period: str, team: str) -> list[Condition]:
    """Return every condition behind the verdicts, in their order."""
    rows = con.execute(
        """select subject, condition, holds, sentence from marts.verdict_conditions where period = ? and team = ?
        order by case subject when 'change_governance' then 1 when 'release_execution' then 2 else 3 end, place""",
        [period, team],
    ).fetchall()
    return [Condition(subject, name, holds, wording.figures(sentence)) for subject, name, holds, sentence in rows]


def cheat_sheet(con: DuckDBPyConnection, period: str, team: str) -> list[tuple[str, str, str]]:
    """Return the cheat sheet's rows: name, change governance, release execution."""
    rows = con.execute(
        """select row_name, change_governance, release_execution from marts.cheat_sheet
        where period = ? and team = ? order by place""",
        [period, team],
    ).fetchall()
    return [(name, wording.figures(governance), wording.figures(execution)) for name, governance, execution in rows]


def patterns(con: DuckDBPyConnection, period: str, team: str) -> list[Pattern]:
    """Return the patterns of confusion, those that fire first."""
    rows = con.execute(
        """select pattern, state, sentence from marts.confusion_patterns where period = ? and team = ?
        order by case state when 'fires' then 1 when 'clear' then 2 else 3 end, pattern""",
        [period, team],
    ).fetchall()
    return [Pattern(name, state, wording.figures(sentence)) for name, state, sentence in rows]


def kinds(con: DuckDBPyConnection, chosen: Filter, before: Filter) -> list[Kind]:
    """Return what was caught and missed by kind, most first; 'kind unknown' last."""
    now, then = _counted(con, chosen), _counted(con, before)
    found = [
        Kind(process, kind, *now.get((process, kind), (0, 0)), *then.get((process, kind), (0, 0)))
        for process, kind in sorted(now.keys() | then.keys(), key=lambda key: (key[0] or "~", key[1]))
    ]
    return sorted(found, key=lambda k: (k.process or "~", k.kind == "kind unknown", -(k.caught + k.missed), k.kind))


def _counted(con: DuckDBPyConnection, chosen: Filter) -> dict[tuple[str | None, str], tuple[int, int]]:
    where, values = _where(chosen)
    rows = con.execute(
        f"""select process, kind, count(*) filter (where outcome = 'catch'), count(*) filter (where outcome = 'miss')
        from marts.catches where {where} group by process, kind""",
        values,
    ).fetchall()
    return {(process, kind): (caught, missed) for process, kind, caught, missed in rows}


def misses(con: DuckDBPyConnection, chosen: Filter, limit: int) -> list[Miss]:
    """Return the latest failures after deployment."""
    where, values = _where(chosen, "m")
    rows = con.execute(
        f"""select m.occurred_at, m.process, m.kind, m.service, m.text, m.change_id, m.deployment_id,
            coalesce(d.url, c.url)
        from marts.catches m
        left join marts.deployments d on d.deployment_id = m.deployment_id
        left join marts.changes c on c.change_id = m.change_id
        where {where} and m.outcome = 'miss' order by m.occurred_at desc, m.catch_id limit {int(limit)}""",
        values,
    ).fetchall()
    return [Miss(*row) for row in rows]


def approved_then_failed(con: DuckDBPyConnection, chosen: Filter) -> list[tuple[Any, ...]]:
    """Return changes that passed governance and failed in release: change, title, service, when, how, address."""
    where, values = _where(chosen, "a")
    return con.execute(
        f"""select a.change_id, a.title, a.service, a.occurred_at, a.failure, c.url
        from marts.approved_then_failed a left join marts.changes c on c.change_id = a.change_id
        where {where} order by a.occurred_at desc, a.change_id, a.deployment_id""",
        values,
    ).fetchall()


def drift(con: DuckDBPyConnection, team: str) -> list[Drift]:
    """Return the detector's findings in force, drifting teams first."""
    only = "" if team == EVERYBODY else "and team = ?"
    rows = con.execute(
        f"""select team, state, dimension, sentence, cast(onset_week as date), baseline_rate
        from marts.drift_findings where is_current {only}
        order by case state when 'drifting' then 1 when 'moving' then 2 when 'stable' then 3 else 4 end, team""",
        [] if team == EVERYBODY else [team],
    ).fetchall()
    return [Drift(*row) for row in rows]


def levels(con: DuckDBPyConnection, team: str, dimension: str) -> list[Level]:
    """Return a dimension's level week by week."""
    rows = con.execute(
        """select cast(week_end as date), level, n from marts.drift_levels where team = ? and dimension = ?
        order by week_end""",
        [team, dimension],
    ).fetchall()
    return [Level(*row) for row in rows]


def advice(con: DuckDBPyConnection, team: str) -> list[Advice]:
    """Return the advice per team, then per service; those already combined although a danger holds come first."""
    only = "" if team == EVERYBODY else "where team = ?"
    values = [] if team == EVERYBODY else [team]
    criteria: dict[tuple[str, str], list[tuple[str, str, bool | None, str]]] = {}
    for scope, name, criterion, side, holds, sentence in con.execute(
        f"select scope, name, criterion, side, holds, sentence from marts.combine_criteria {only} "
        "order by scope, name, place",
        values,
    ).fetchall():
        criteria.setdefault((scope, name), []).append((criterion, side, holds, wording.figures(sentence)))
    rows = con.execute(
        f"select scope, name, advice, reason, is_already_combined from marts.combine_advice {only} "
        "order by not (is_already_combined and advice = 'separate'), scope = 'service', name",
        values,
    ).fetchall()
    return [
        Advice(scope, name, advised, reason, combined, tuple(criteria.get((scope, name), ())))
        for scope, name, advised, reason, combined in rows
    ]


def _where(chosen: Filter, alias: str = "") -> tuple[str, list[Any]]:
    """Return a filter's period and scope as a condition on records dated by ``occurred_at``."""
    prefix = f"{alias}." if alias else ""
    scope, values = scope_condition(chosen, alias)
    return f"{prefix}occurred_at >= ? and {prefix}occurred_at < ? and {scope}", [chosen.start, chosen.end, *values]
