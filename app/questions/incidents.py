"""Incidents of a period: how they were linked to deployments, and which were not. Rows only."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, scope_condition
from sql.aggregate import Filter

UNLINKED = "no deployment"
_BASES = {
    "reference": "the record names it",
    "revision": "same commit or version",
    "preceding": "latest deployment of the service before it",
}
_SHOWN = 500


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def by_link(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return how many incidents of the period were linked on which basis."""
    where, values = _where(chosen)
    rows = cursor(build).execute(
        f"select link_basis, count(*) from marts.incidents i where {where} group by link_basis "
        "order by case link_basis when 'reference' then 1 when 'revision' then 2 when 'preceding' then 3 else 4 end",
        values,
    )
    return pd.DataFrame(
        [(_BASES.get(basis, UNLINKED) if basis else UNLINKED, count) for basis, count in rows.fetchall()],
        columns=["Linked by", "Incidents"],
    )


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def unlinked(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return the period's incidents that fit no deployment, newest first."""
    where, values = _where(chosen)
    rows = cursor(build).execute(
        f"select opened_at, title, service, severity, url from marts.incidents i "
        f"where {where} and deployment_id is null order by opened_at desc, incident_id limit {_SHOWN}",
        values,
    )
    return pd.DataFrame(
        [
            (at, title, service, severity, wording.safe_url(url))
            for at, title, service, severity, url in rows.fetchall()
        ],
        columns=["Opened (UTC)", "Title", "Service", "Severity", "Source"],
    )


def _where(chosen: Filter) -> tuple[str, list[object]]:
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "i")
    return f"opened_at >= ? and opened_at < ? and not is_planned and {scope}", [chosen.start, chosen.end, *values]
