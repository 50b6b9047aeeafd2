"""Drift per team as the build judged it: findings, levels by dimension, censored weeks, the marks behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, settings
from models.drift.settings import DIMENSIONS

TABLES = ("marts.drift_findings", "marts.drift_dimensions", "marts.drift_levels", "marts.drift_marks")
INDEX = "index"
LABELS = {dimension.name: dimension.label for dimension in DIMENSIONS}
UNITS = {dimension.name: dimension.unit for dimension in DIMENSIONS}
MEANINGS = {dimension.name: dimension.finding for dimension in DIMENSIONS}
STATES = ("drifting", "moving", "stable", "not enough data")
_SHOWN = 500


@dataclass(frozen=True)
class Finding:
    """What is said about one team, with the baseline in force."""

    team: str
    state: str
    sentence: str
    dimension: str | None
    onset: date | None
    baseline_start: date | None
    baseline_end: date | None
    baseline_kind: str
    baseline_rate: float | None
    level: float | None
    n: int
    index: float | None
    is_discovery: bool

    @property
    def is_drifting(self) -> bool:
        """Whether the evidence passed the threshold and the rate is not back."""
        return self.state == "drifting"


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_BUILD)
def findings(build: Build, teams: tuple[str, ...]) -> list[Finding]:
    """Return one finding per team, drifting teams first, the latest onset first; all teams without a choice."""
    chosen = f"and team in ({', '.join('?' * len(teams))})" if teams else ""
    rows = cursor(build).execute(
        f"""
        select team, state, sentence, dimension, onset_week, baseline_start, baseline_end, baseline_kind, baseline_rate,
            current_level, n, "index", coalesce(is_discovery, false)
        from marts.drift_findings where is_current {chosen}
        """,
        list(teams),
    )
    found = [
        Finding(team, state, sentence, dimension, _day(onset), _day(start), _day(end), kind, *rest)
        for team, state, sentence, dimension, onset, start, end, kind, *rest in rows.fetchall()
    ]
    return sorted(found, key=lambda f: (_place(f), -(f.onset or date.min).toordinal(), f.team))


@dataclass(frozen=True)
class Component:
    """One dimension of one team: its state, its figures, and its levels by week."""

    dimension: str
    state: str
    reason: str
    baseline_rate: float | None
    reference_rate: float | None
    level: float | None
    n: int
    e_value: float | None
    weeks: tuple[tuple[date, float, float, float, int], ...]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def components_of(build: Build, team: str, first: str | None) -> list[Component]:
    """Return a team's dimensions, the one named first in front, then by evidence; unmeasured ones last."""
    levels: dict[str, list[tuple[date, float, float, float, int]]] = {}
    for dimension, week_end, level, low, high, n in (
        cursor(build)
        .execute(
            "select dimension, cast(week_end as date), level, low, high, n from marts.drift_levels "
            "where team = ? and level is not null order by week_end",
            [team],
        )
        .fetchall()
    ):
        levels.setdefault(dimension, []).append((week_end, level, low, high, n))
    rows = cursor(build).execute(
        "select dimension, state, reason, baseline_rate, reference_rate, current_level, n, e_value "
        "from marts.drift_dimensions where team = ? and is_current",
        [team],
    )
    found = [
        Component(
            dimension, state, reason or "", baseline, reference, level, n, e_value, tuple(levels.get(dimension, ()))
        )
        for dimension, state, reason, baseline, reference, level, n, e_value in rows.fetchall()
    ]
    return sorted(found, key=lambda c: (c.dimension != first, c.state == "not enough data", -(c.e_value or 0.0)))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def index_of(build: Build, team: str) -> list[tuple[date, float, float, float, int]]:
    """Return a team's index by week, with its interval."""
    rows = cursor(build).execute(
        "select cast(week_end as date), level, low, high, n from marts.drift_levels "
        "where team = ? and dimension = ? and level is not null order by week_end",
        [team, INDEX],
    )
    return [tuple(row) for row in rows.fetchall()]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def gaps(build: Build, team: str) -> list[tuple[date, str]]:
    """Return a team's censored weeks, each with its reason."""
    if not build.has("marts.drift_gate"):
        return []
    rows = cursor(build).execute(
        "select cast(week as date), reason from marts.drift_gate where team = ? order by week",
        [team],
    )
    return [(week, reason) for week, reason in rows.fetchall()]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def marks(build: Build, team: str, dimension: str, start: datetime, end: datetime, *, is_missing: bool) -> pd.DataFrame:
    """Return the records of one dimension in a period, newest first: those without the separation, or those with it."""
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            select m.occurred_at, coalesce(c.key, d.key, m.record_id) as key, coalesce(c.url, d.url) as url,
                coalesce(c.title, d.title, '') as title, m.service, m.stratum, m.reason, m.change_id, m.deployment_id
            from marts.drift_marks m
            left join marts.changes c on c.change_id = m.change_id
            left join marts.deployments d on d.deployment_id = m.deployment_id
            where m.team = ? and m.dimension = ? and m.occurred_at >= ? and m.occurred_at < ? and m.x = ?
            order by m.occurred_at desc, m.record_id limit {_SHOWN}
            """,
            [team, dimension, start, end, int(is_missing)],
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    return found


def count_marks(build: Build, team: str, dimension: str, start: datetime, end: datetime) -> tuple[int, int]:
    """Return (marks with the separation missing, marks) of one dimension in a period."""
    x, n = (
        cursor(build)
        .execute(
            "select count(*) filter (where x = 1), count(*) from marts.drift_marks "
            "where team = ? and dimension = ? and occurred_at >= ? and occurred_at < ?",
            [team, dimension, start, end],
        )
        .fetchall()[0]
    )
    return int(x), int(n)


def weights(build: Build) -> pd.DataFrame:
    """Return the weights that make the index, as the build's settings had them."""
    chosen = settings(build).drift.weights
    return pd.DataFrame(
        [(dimension.label, chosen.get(dimension.name, 0.0), dimension.finding) for dimension in DIMENSIONS],
        columns=["Dimension", "Weight", "A mark means"],
    )


def summary(found: list[Finding]) -> str:
    """Return what the findings come to, as one sentence."""
    judged = [finding for finding in found if finding.state != "not enough data"]
    drifting = [finding for finding in judged if finding.is_drifting]
    if not judged:
        return "There is not enough data yet to judge drift"
    if not drifting:
        return f"No drift: in none of {wording.plural(len(judged), 'team')} do the two processes move into one"
    named = wording.listed([_since(finding) for finding in drifting], 4)
    return f"{len(drifting)} of {wording.plural(len(judged), 'team')} drifting: {named}"


def _place(finding: Finding) -> int:
    return STATES.index(finding.state) if finding.state in STATES else len(STATES)


def _since(finding: Finding) -> str:
    return f"{finding.team} since about {wording.day(finding.onset)}" if finding.onset else finding.team


def _day(value: Any) -> date | None:  # noqa: ANN401 - what the driver gives for a timestamp or a date
    return value.date() if isinstance(value, datetime) else value
