"""Both tracks week by week, and the hand-overs between them.

Owns counting rows. Judges nothing that the models have not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, KEPT, carried_condition, scope_condition
from sql.aggregate import Filter

LEGEND = (
    "Lines join the week of approval to the week of deployment; dashed: approved after the deployment began. "
    "Hand-overs with both in the period are counted."
)


@dataclass(frozen=True)
class Crossing:
    """Hand-overs from the week a change was approved in to the week it was deployed in; backwards if approved after."""

    approved: date
    deployed: date
    is_backwards: bool
    count: int


@dataclass(frozen=True)
class LaneWeek:
    """One week of both tracks: decisions, production deployments, and of these the ones without valid approval."""

    week: date
    decisions: int
    deployments: int
    unauthorised: int


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def lane_weeks(build: Build, chosen: Filter) -> list[LaneWeek]:
    """Return both tracks week by week: decisions, production deployments, and those without valid approval."""
    scope, scope_values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "s")
    decided, type_values = "true", list(chosen.change_types)
    if chosen.change_types:
        marks = ", ".join("?" * len(type_values))
        decided = f"s.change_id in (select change_id from marts.changes where change_type in ({marks}))"
    carried, carried_values = carried_condition(chosen, "s")
    rows = cursor(build).execute(
        f"""
        select week, sum(decisions)::bigint, sum(deployments)::bigint, sum(unauthorised)::bigint from (
            select cast(date_trunc('week', s.decided_at) as date) as week, count(*) as decisions, 0 as deployments,
                0 as unauthorised
            from marts.decisions s
            where s.decided_at >= ? and s.decided_at < ? and s.verdict in ('approved', 'rejected', 'changes_requested')
                and {scope} and {decided}
            group by 1
            union all
            select cast(date_trunc('week', s.started_at) as date), 0, count(*),
                count(*) filter (where s.unauthorised_reason is not null and not s.is_rerelease)
            from marts.deployments s
            where s.started_at >= ? and s.started_at < ? and s.is_production and {scope} and {carried}
            group by 1
        ) group by week order by week
        """,
        [
            chosen.start, chosen.end, *scope_values, *type_values,
            chosen.start, chosen.end, *scope_values, *carried_values,
        ],
    )  # fmt: skip
    return [LaneWeek(*row) for row in rows.fetchall()]


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def crossings(build: Build, chosen: Filter) -> list[Crossing]:
    """Return how many changes were handed over from which week of approval to which week of deployment."""
    scope, values = scope_condition(chosen, "c")
    rows = cursor(build).execute(
        f"""
        select cast(date_trunc('week', l.effective_approval_at) as date),
            cast(date_trunc('week', d.started_at) as date),
            l.authorisation_class in ('retroactive', 'retroactive_emergency_in_sla'), count(*)
        from marts.deployment_changes l
        join marts.deployments d on d.deployment_id = l.deployment_id
        {"join marts.changes c on c.change_id = l.change_id" if scope != "true" else ""}
        where d.started_at >= ? and d.started_at < ? and d.is_production
            and l.effective_approval_at >= ? and l.effective_approval_at < ? and {scope}
        group by all order by all
        """,
        [chosen.start, chosen.end, chosen.start, chosen.end, *values],
    )
    return [Crossing(*row) for row in rows.fetchall()]


def title(crossed: Sequence[Crossing]) -> str:
    """Return the finding about hand-overs."""
    total, late = sum(c.count for c in crossed), sum(c.count for c in crossed if c.is_backwards)
    if not total:
        return "No hand-over from approval to deployment on record"
    if late:
        return f"{late:,} of {wording.plural(total, 'hand-over')} ran backwards: deployed first, approved later"
    same = sum(c.count for c in crossed if c.approved == c.deployed)
    return f"All {total:,} hand-overs ran forwards, {wording.share(same / total)} within the week of approval"


def table(weeks: Sequence[LaneWeek], crossed: Sequence[Crossing]) -> pd.DataFrame:
    """Return the same numbers as rows, one per week."""
    over = {w.week: sum(c.count for c in crossed if c.deployed == w.week) for w in weeks}
    late = {w.week: sum(c.count for c in crossed if c.deployed == w.week and c.is_backwards) for w in weeks}
    return pd.DataFrame(
        {
            "Week beginning": [w.week for w in weeks],
            "Decisions": [w.decisions for w in weeks],
            "Production deployments": [w.deployments for w in weeks],
            "Hand-overs": [over[w.week] for w in weeks],
            "Approved after deployment": [late[w.week] for w in weeks],
            "Deployments without valid approval": [w.unauthorised for w in weeks],
        }
    )
