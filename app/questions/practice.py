"""What the records say about each process: cheat sheet, verdicts, confusion patterns, catches, advice. Rows only.

The practice models judge fixed periods (quarters and trailing days) per team; catches are single records.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, scope_condition
from sql.aggregate import Filter

EVERYBODY = "(all)"
SUBJECTS = {
    "change_governance": "Change governance",
    "release_execution": "Release execution",
    "separation": "The separation",
}
VERDICTS = {
    "working": "working",
    "weakening": "weakening",
    "not_working": "not working",
    "cannot_tell": "cannot tell",
}
ADVICE = {
    "separate": "Keep apart",
    "may_combine": "May combine",
    "separate_default": "Keep apart (default)",
}
_TRAILING = {"last": "Last {} days", "previous": "{} days before"}
_SHOWN = 500


@dataclass(frozen=True)
class PracticePeriod:
    """A period the practice models judge."""

    name: str
    label: str


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def periods(build: Build) -> list[PracticePeriod]:
    """Return the judged periods: trailing days, quarters with the newest first, all; those without a record last."""
    rows = cursor(build).execute(
        """select p.period, p.start_at, p.end_at, max(f.changes + f.decisions + f.deployments + f.failed_attempts) > 0
        from marts.periods p join marts.team_practice f using (period)
        where p.start_at < ? and p.period in (select period from marts.cheat_sheet)
        group by all order by p.end_at desc, p.start_at desc""",
        [build.as_of],
    )
    found: list[tuple[bool, PracticePeriod]] = []
    for name, start, end, has_records in rows.fetchall():
        label = f"{_period_label(name)} ({wording.span(start, min(end, build.as_of))})"
        found.append((has_records, PracticePeriod(name, label if has_records else f"{label}: no records")))
    return [one for _, one in sorted(found, key=lambda one: (not one[0], _kind_of_period(one[1].name)))]


def _kind_of_period(name: str) -> int:
    return 2 if name == "all" else int(name[:4].isdigit())


def _period_label(name: str) -> str:
    """Return what people call a period; the trailing ones carry their days in their name."""
    first, *rest = name.split("_")
    if first in _TRAILING and rest:
        return _TRAILING[first].format(rest[0])
    return "All records" if name == "all" else f"{name[:4]}, quarter {name[-1]}"


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def teams(build: Build, period: str) -> list[str]:
    """Return the teams with a cheat sheet in a period, the whole organisation first."""
    rows = (
        cursor(build)
        .execute("select distinct team from marts.cheat_sheet where period = ? order by team", [period])
        .fetchall()
    )
    names = [row[0] for row in rows if row[0] != EVERYBODY]
    return ([EVERYBODY] if (EVERYBODY,) in rows else []) + names


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def cheat_sheet(build: Build, period: str, team: str) -> list[tuple[str, str, str]]:
    """Return (row, change governance, release execution) of a team's cheat sheet."""
    rows = cursor(build).execute(
        "select row_name, change_governance, release_execution from marts.cheat_sheet where period = ? and team = ? "
        "order by place",
        [period, team],
    )
    return [(name, wording.figures(left or ""), wording.figures(right or "")) for name, left, right in rows.fetchall()]


@dataclass(frozen=True)
class Verdict:
    """Whether one track, or the separation, still works, and the condition that decided."""

    subject: str
    verdict: str
    why: str
    held: int
    failed: int
    unknown: int


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def verdicts(build: Build, period: str, team: str) -> list[Verdict]:
    """Return the verdicts on both tracks and on the separation."""
    rows = cursor(build).execute(
        "select subject, verdict, why, conditions_held, conditions_failed, conditions_unknown from marts.verdicts "
        "where period = ? and team = ?",
        [period, team],
    )
    found = [
        Verdict(subject, verdict, wording.figures(why), *counts) for subject, verdict, why, *counts in rows.fetchall()
    ]
    return sorted(found, key=lambda v: list(SUBJECTS).index(v.subject))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def conditions(build: Build, period: str, team: str) -> pd.DataFrame:
    """Return the conditions behind the verdicts with their figures."""
    rows = cursor(build).execute(
        "select subject, condition, holds, sentence, n from marts.verdict_conditions where period = ? and team = ? "
        "order by case subject when 'change_governance' then 1 when 'release_execution' then 2 else 3 end, place",
        [period, team],
    )
    return pd.DataFrame(
        [(wording.sentence(condition), SUBJECTS.get(subject, subject), _holds(holds), wording.figures(sentence), n)
         for subject, condition, holds, sentence, n in rows.fetchall()],
        columns=["Condition", "Of", "Holds", "Figures", "n"],
    )  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def confusion(build: Build, period: str, team: str) -> pd.DataFrame:
    """Return the confusion patterns with their figures, those that fire first."""
    rows = cursor(build).execute(
        "select pattern, state, sentence, n, minimum_n from marts.confusion_patterns where period = ? and team = ? "
        "order by case state when 'fires' then 1 when 'clear' then 2 else 3 end, pattern",
        [period, team],
    )
    states = {"fires": "fires", "clear": "clear", "too_few": "too few to judge"}
    return pd.DataFrame(
        [(wording.sentence(_pattern(pattern)), states.get(state, state), wording.figures(sentence), n, least)
         for pattern, state, sentence, n, least in rows.fetchall()],
        columns=["Pattern", "State", "Figures", "n", "Judged from n ="],
    )  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def automated_rules(build: Build, team: str) -> pd.DataFrame:
    """Return what is automated, by which rule, whether it still decides, and when it last changed."""
    chosen = "" if team == EVERYBODY else "where team = ?"
    rows = cursor(build).execute(
        "select coalesce(team, 'unknown'), rule, kind, acts, blocked, last_blocked_at, last_changed_at, "
        "last_changed_by, is_alive "
        f"from marts.automated_rules {chosen} order by acts desc, rule, team limit 200",
        [] if team == EVERYBODY else [team],
    )
    return pd.DataFrame(
        [(team_, rule, wording.words(kind), acts, blocked, stopped, changed, by or "", "yes" if alive else "no")
         for team_, rule, kind, acts, blocked, stopped, changed, by, alive in rows.fetchall()],
        columns=["Team", "Rule", "Kind", "Acted", "Stopped", "Last stopped (UTC)", "Rule changed (UTC)", "By", "Alive"],
    )  # fmt: skip


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=BY_BUILD)
def alive_days(build: Build) -> int:
    """Return within how many days a rule must have stopped something, or been changed, to be alive."""
    ((days,),) = cursor(build).execute("select alive_days from config.practice").fetchall()
    return int(days)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def statements(build: Build, period: str, team: str) -> dict[str, tuple[str, str]]:
    """Return what the cheat sheet's page states of a team, label → kind and name, in the order of the page."""
    found = {
        f"{wording.sentence(condition)} (condition)": ("condition", condition)
        for (condition,) in cursor(build)
        .execute(
            "select condition from marts.verdict_conditions where period = ? and team = ? "
            "order by case subject when 'change_governance' then 1 when 'release_execution' then 2 else 3 end, place",
            [period, team],
        )
        .fetchall()
    }
    for row, _, _ in cheat_sheet(build, period, team):
        for track in ("change_governance", "release_execution"):
            found[f"{wording.sentence(row)}, {SUBJECTS[track].lower()} (cheat sheet)"] = ("sheet", f"{row}/{track}")
    if build.has("marts.confusion_patterns"):
        patterns = cursor(build).execute(
            "select pattern from marts.confusion_patterns where period = ? and team = ? "
            "order by case state when 'fires' then 1 when 'clear' then 2 else 3 end, pattern",
            [period, team],
        )
        found |= {f"{wording.sentence(_pattern(name))} (pattern)": ("pattern", name) for (name,) in patterns.fetchall()}
    return found


def _holds(value: bool | None) -> str:
    return "cannot tell" if value is None else "yes" if value else "no"


def _pattern(name: str) -> str:
    return wording.words(name).replace("cab ", "CAB ")


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def catches(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return catches and misses of a period by process and kind. A record may be of more than one kind."""
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "k")
    rows = cursor(build).execute(
        f"select coalesce(process, 'unknown'), outcome, kind, count(*), count(distinct evidence_id) "
        f"from marts.catches k where occurred_at >= ? and occurred_at < ? and {scope} "
        "group by all order by 4 desc, kind",
        [chosen.start, chosen.end, *values],
    )
    return pd.DataFrame(rows.fetchall(), columns=["process", "outcome", "kind", "count", "records"])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def caught_records(build: Build, chosen: Filter) -> dict[tuple[str, str], int]:
    """Return how many records each process caught, and how many were missed ('' as process); each counts once."""
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "k")
    rows = cursor(build).execute(
        f"select case when outcome = 'miss' then '' else process end, outcome, count(distinct evidence_id) "
        f"from marts.catches k where occurred_at >= ? and occurred_at < ? and {scope} group by all",
        [chosen.start, chosen.end, *values],
    )
    return {(process, outcome): int(count) for process, outcome, count in rows.fetchall()}


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def catch_rows(build: Build, chosen: Filter, process: str, outcome: str, kind: str) -> pd.DataFrame:
    """Return the records of one process, outcome and kind, newest first."""
    basis = "coalesce(k.kind_basis, 'nothing')" if build.has("marts.governance_catches") else "''"
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "k")
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            select k.occurred_at, coalesce(c.key, d.key, k.evidence_id) as key, coalesce(c.url, d.url) as url,
                coalesce(c.title, d.title, '') as title, k.rule, coalesce(k.text, '') as text, {basis} as basis,
                k.service, k.change_id, k.deployment_id
            from marts.catches k
            left join marts.changes c on c.change_id = k.change_id
            left join marts.deployments d on d.deployment_id = k.deployment_id
            where k.occurred_at >= ? and k.occurred_at < ? and {scope} and coalesce(k.process, 'unknown') = ?
                and k.outcome = ? and k.kind = ?
            order by k.occurred_at desc, k.catch_id limit {_SHOWN}
            """,
            [chosen.start, chosen.end, *values, process, outcome, kind],
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    return found


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def approved_then_failed(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return changes that governance approved and that failed in release, newest first."""
    if not build.has("marts.approved_then_failed"):
        return pd.DataFrame()
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "f")
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            select f.occurred_at, c.key, c.url, coalesce(f.title, '') as title, f.failure, f.service, f.change_id
            from marts.approved_then_failed f join marts.changes c on c.change_id = f.change_id
            where f.occurred_at >= ? and f.occurred_at < ? and {scope}
            order by f.occurred_at desc, f.change_id, f.deployment_id limit {_SHOWN}
            """,
            [chosen.start, chosen.end, *values],
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    found["failure"] = [wording.failure(reason) for reason in found["failure"]]
    return found


@dataclass(frozen=True)
class Advice:
    """What is advised for one team or service, and whether its two processes are already one."""

    scope: str
    name: str
    team: str | None
    advice: str
    reason: str
    is_already_combined: bool
    judged: int

    @property
    def is_dangerous(self) -> bool:
        """Whether the two are one already although a criterion says to keep them apart."""
        return self.is_already_combined and self.advice == "separate"

    @property
    def is_unjudged(self) -> bool:
        """Whether it keeps apart only because no criterion could be judged."""
        return self.judged == 0


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def advice(build: Build, teams: tuple[str, ...], services: tuple[str, ...]) -> list[Advice]:
    """Return the advice per team, then per service; those already combined although a danger holds come first."""
    values: list[str] = []
    wanted = ["true"]
    if teams:
        wanted.append(f"team in ({', '.join('?' * len(teams))})")
        values += teams
    if services:
        wanted.append(f"(scope = 'team' or name in ({', '.join('?' * len(services))}))")
        values += services
    rows = cursor(build).execute(
        "select scope, name, team, advice, reason, is_already_combined, "
        "(select count(holds) from marts.combine_criteria c where c.scope = a.scope and c.name = a.name) "
        "from marts.combine_advice a "
        f"where {' and '.join(wanted)} "
        "order by (is_already_combined and advice = 'separate') desc, scope = 'team' desc, name",
        values,
    )
    return [Advice(*row) for row in rows.fetchall()]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def criteria(build: Build, scope: str, name: str) -> pd.DataFrame:
    """Return the criteria of a team or service with their measured values and limits."""
    rows = cursor(build).execute(
        "select side, criterion, holds, sentence, n from marts.combine_criteria where scope = ? and name = ? "
        "order by place",
        [scope, name],
    )
    sides = {"may_combine": "May combine when", "keep_apart": "Keep apart when"}
    return pd.DataFrame(
        [(sides.get(side, side), wording.sentence(criterion), _holds(holds), wording.figures(sentence), n)
         for side, criterion, holds, sentence, n in rows.fetchall()],
        columns=["Side", "Criterion", "Holds", "Measured", "n"],
    )  # fmt: skip
