"""What decided the numbers of a build: measures, classification rules with their use, thresholds, tables. Rows only."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.change_story import TRACKS
from app.questions.queries import BY_BUILD


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def rules(build: Build) -> pd.DataFrame:
    """Return the classification rules in the order they are tried, the organisation's own first, with their use."""
    if not build.has("seeds.classification_rules", "marts.activities"):
        return pd.DataFrame()
    own = build.has("config.rules")
    rows = cursor(build).execute(
        f"""
        with used as (select rule_id, track, count(*) as events from marts.activities group by rule_id, track)
        select r.origin, r.rule_id, r.track, r.activity, r.reason, coalesce(u.events, 0)
        from (
            {
            "select 0 as place, seed_order, 'own' as origin, rule_id, track, activity, reason "
            "from config.rules union all"
            if own
            else ""
        }
            select 1 as place, seed_order, 'shipped', rule_id, track, activity, reason from seeds.classification_rules
        ) r
        left join used u on u.rule_id = r.rule_id and u.track = r.track
        order by r.place, r.seed_order
        """
    )
    return pd.DataFrame(
        [(origin, rule, TRACKS.get(track, track), wording.words(activity), wording.sentence(reason), events)
         for origin, rule, track, activity, reason, events in rows.fetchall()],
        columns=["From", "Rule", "Track", "Activity", "Because", "Events"],
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def thresholds(build: Build) -> pd.DataFrame:
    """Return the limits that decide, as the build had them."""
    names: list[str] = []
    values: list[str] = []
    for section in ("thresholds", "practice"):
        if not build.has(f"config.{section}"):
            continue
        found = cursor(build).execute(f"select * from config.{section}")
        names += [f"{section}.{column[0]}" for column in found.description or ()]
        values += [f"{value:g}" for value in found.fetchone() or ()]
    return pd.DataFrame({"Setting": names, "Value": values})


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def tables(build: Build) -> pd.DataFrame:
    """Return the build's public tables with what a row of each is."""
    rows = cursor(build).execute(
        "select name, description, grain, rows from meta.models where layer in ('marts', 'metrics') order by name"
    )
    return pd.DataFrame(rows.fetchall(), columns=["Table", "What it holds", "One row per", "Rows"])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_BUILD)
def columns(build: Build, table: str) -> pd.DataFrame:
    """Return a table's columns with their descriptions."""
    rows = cursor(build).execute('select "column", description from meta.columns where model = ?', [table])
    return pd.DataFrame(rows.fetchall(), columns=["Column", "What it says"])
