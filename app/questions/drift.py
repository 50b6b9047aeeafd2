"""Drift per team as the build judged it, kept per build and question: ``drift_rows`` for the pages, and their words."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import streamlit as st

from app import wording
from app.questions import drift_rows
from app.questions.builds import Build, cursor
from app.questions.drift_rows import LABELS, MEANINGS, STATES, TABLES, UNITS, Component, Context, Finding, Stratum
from app.questions.queries import BY_BUILD, among, settings
from models.drift.settings import DIMENSIONS

__all__ = ["INDEX", "LABELS", "MEANINGS", "STATES", "TABLES", "UNITS", "Component", "Context", "Finding", "Stratum"]

INDEX = "index"
_SHOWN = 500


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_BUILD)
def findings(build: Build, teams: tuple[str, ...]) -> list[Finding]:
    """Return one finding per team, drifting teams first, the latest onset first; all teams without a choice."""
    return drift_rows.findings(cursor(build), teams)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def components_of(build: Build, team: str, first: str | None) -> list[Component]:
    """Return a team's dimensions, the one named first in front, then by evidence; unmeasured ones last."""
    return drift_rows.components_of(cursor(build), team, first, settings(build).drift.weights)


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
    """Return a team's weeks that are left out, each with its reason."""
    return drift_rows.gaps(cursor(build), team)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def marks(build: Build, team: str, dimension: str, start: datetime, end: datetime, *, is_missing: bool) -> pd.DataFrame:
    """Return the records of one dimension in a period, newest first: those without the separation, or those with it."""
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            {drift_rows.LEFT_OUT},
            chosen as materialized (
                select * from marts.drift_marks m
                where m.team = ? and m.dimension = ? and m.occurred_at >= ? and m.occurred_at < ? and m.x = ?
                order by m.occurred_at desc, m.record_id limit {_SHOWN}
            ),
            few_changes as ({among("marts.changes", "change_id", "select change_id from chosen")}),
            few_deployments as (
                {among("marts.deployments", "deployment_id", "select deployment_id from chosen")}
            )
            select m.occurred_at, coalesce(c.key, d.key, m.record_id) as key, coalesce(c.url, d.url) as url,
                coalesce(c.title, d.title, '') as title, m.service, m.stratum, m.reason,
                case when l.team is not null then 'data gap' else '' end as left_out, m.change_id, m.deployment_id
            from chosen m
            left join left_out l on l.team = m.team and l.week = date_trunc('week', m.day)
            left join few_changes c on c.change_id = m.change_id
            left join few_deployments d on d.deployment_id = m.deployment_id
            order by m.occurred_at desc, m.record_id
            """,
            [team, dimension, start, end, int(is_missing)],
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    found["reason"] = [wording.term(reason) for reason in found["reason"]]
    return found


def count_marks(build: Build, team: str, dimension: str, start: datetime, end: datetime) -> tuple[int, int, int]:
    """Return (marks with the separation missing, marks, marks of weeks left out) of one dimension in a period."""
    return drift_rows.count_marks(cursor(build), team, dimension, start, end)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def strata(build: Build, team: str, dimension: str, since: date) -> list[Stratum]:
    """Return the strata that carry a finding since its onset, the largest part first."""
    return drift_rows.strata(cursor(build), team, dimension, since, build.as_of.date())


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def strata_over(build: Build, team: str, dimension: str, start: date, end: date) -> list[Stratum]:
    """Return the strata of the days [start, end), the one with most marks first."""
    return drift_rows.strata(cursor(build), team, dimension, start, end)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def context_of(build: Build, team: str) -> Context | None:
    """Return a team's cadence and decision value."""
    return drift_rows.context_of(cursor(build), team) if build.has(drift_rows.CONTEXT) else None


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_BUILD)
def earlier(build: Build, team: str) -> list[Finding]:
    """Return what is said with a team's baselines that are no longer in force."""
    return drift_rows.findings(cursor(build), (team,), is_current=False)


def weights(build: Build) -> pd.DataFrame:
    """Return the weights that make the index and the evidence, as the build's settings had them."""
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
    if not drifting and len(judged) == 1:
        return f"No drift: the two processes of {judged[0].team} do not move into one"
    if not drifting:
        return f"No drift: in none of {wording.plural(len(judged), 'team')} do the two processes move into one"
    named = wording.listed([_since(finding) for finding in drifting], 4)
    return f"{len(drifting)} of {wording.plural(len(judged), 'team')} drifting: {named}"


def _since(finding: Finding) -> str:
    return f"{finding.team} since about {wording.day(finding.onset)}" if finding.onset else finding.team
