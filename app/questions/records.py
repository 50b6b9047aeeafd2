"""The contributing records of a metric as rows for people: with titles, links and the page each opens.

The rows come from the metric's own table through the same filter as its value. Refuses to aggregate.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from app import wording
from app.questions import queries
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, KEPT
from models.metric import MetricDefinition, MetricValue
from sql import aggregate
from sql.aggregate import Filter

SHOWN = 500
_CONDITIONS = {
    "judged": "exclusion_reason is null",
    "counted": "exclusion_reason is null and in_numerator",
    "not_counted": "exclusion_reason is null and not in_numerator",
    "excluded": "exclusion_reason is not null",
}
_HOUR = 3600
# Upper bounds of classes, in seconds, and what they are called.
_CLASSES = (
    (_HOUR, "< 1 h"),
    (4 * _HOUR, "1-4 h"),
    (8 * _HOUR, "4-8 h"),
    (24 * _HOUR, "8-24 h"),
    (3 * 24 * _HOUR, "1-3 d"),
    (7 * 24 * _HOUR, "3-7 d"),
    (14 * 24 * _HOUR, "7-14 d"),
    (None, "> 14 d"),
)


CLASSES = tuple(label for _, label in _CLASSES)


def _bounds(label: str) -> tuple[float, float]:
    """Return the seconds [from, to) of a class of a distribution; everything for no class."""
    if label not in CLASSES:
        return -math.inf, math.inf
    place = CLASSES.index(label)
    upper = _CLASSES[place][0]
    return float(_CLASSES[place - 1][0] or 0) if place else -math.inf, math.inf if upper is None else float(upper)


def _in_class(label: str) -> str:
    """Return the condition that a record is judged and its value falls into a class; true for no class."""
    if label not in CLASSES:
        return "true"
    lower, upper = _bounds(label)
    return "exclusion_reason is null and value is not null" + "".join(
        f" and value {sign} {bound}" for sign, bound in ((">=", lower), ("<", upper)) if math.isfinite(bound)
    )


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def rows(
    build: Build,
    name: str,
    chosen: Filter,
    kind: str,
    *,
    by_value: bool,
    in_class: str = "",
    details: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return at most ``SHOWN`` records of one kind, with what they are and where they open.

    Args:
        build: The build.
        name: The metric.
        chosen: The question.
        kind: ``judged``, ``counted``, ``not_counted`` or ``excluded``.
        by_value: Largest value first instead of newest first.
        in_class: Only those of one class of the distribution.
        details: Only those of which one of these was said, where any is given.
    """
    per_hour = f" / {_HOUR}.0" if queries.definition(build, name).unit == "seconds" else ""
    where, values = chosen.where()
    if details:
        where, values = f"{where} and detail in ({', '.join('?' * len(details))})", [*values, *details]
    order = "value desc nulls last, occurred_at desc" if by_value else "occurred_at desc nulls last"
    conditions = (
        "left join marts.conditions n on m.record_kind = 'condition' and n.condition_id = m.record_id"
        if build.has("marts.conditions")
        else "left join (select null as change_id, null as text) n on false"
    )
    changes = queries.among(
        "marts.changes", "change_id",
        "select regexp_extract(record_id, '([^|]*)$', 1) from chosen where record_kind = 'change'",
    )  # fmt: skip
    deployments = queries.among(
        "marts.deployments", "deployment_id",
        "select regexp_extract(record_id, '^([^|]*)', 1) from chosen where record_kind = 'deployment'",
    )  # fmt: skip
    windows = queries.among(
        "marts.windows", "window_id",
        "select case record_kind when 'window' then record_id else split_part(record_id, '|', 1) end "
        "from chosen where record_kind in ('window', 'window_pair')",
    )  # fmt: skip
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            with chosen as materialized (
                select * from metrics.{name} where {where} and {_CONDITIONS[kind]} and {_in_class(in_class)}
                order by {order}, record_id limit {SHOWN}
            ),
            -- Few records of large tables: looked for among these, not joined with all.
            changes as ({changes}),
            deployments as ({deployments}),
            windows as ({windows}),
            window_changes as ({queries.among("marts.changes", "change_id", "select change_id from windows")})
            select m.occurred_at, coalesce(c.key, d.key, wc.key, regexp_extract(w.window_id, '^[^:]*:[^:]*:(.*)$', 1),
                    m.record_id) as key,
                coalesce(c.url, d.url, wc.url, w.url) as url,
                coalesce(c.title, d.title, w.title, wc.title, n.text) as title, m.service, m.team,
                coalesce(m.change_type, c.change_type) as change_type, m.value{per_hour} as value,
                coalesce(m.exclusion_reason, m.detail) as reason,
                coalesce(c.change_id, w.change_id, n.change_id) as change_id, d.deployment_id
            from chosen m
            left join changes c
                on m.record_kind = 'change' and c.change_id = regexp_extract(m.record_id, '([^|]*)$', 1)
            left join deployments d
                on m.record_kind = 'deployment' and d.deployment_id = regexp_extract(m.record_id, '^([^|]*)', 1)
            left join windows w on w.window_id = case m.record_kind
                when 'window' then m.record_id when 'window_pair' then split_part(m.record_id, '|', 1) end
            left join window_changes wc on wc.change_id = w.change_id
            {conditions}
            order by {order.replace("value", "m.value").replace("occurred_at", "m.occurred_at")}, m.record_id
            """,
            values,
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    texts = ["title", "service", "team", "change_type", "reason"]
    found[texts] = found[texts].astype(object).where(found[texts].notna(), "")
    found["reason"] = [wording.record_detail(name, reason) for reason in found["reason"]]
    return found


def columns(definition: MetricDefinition) -> dict[str, Any]:
    """Return the grid's columns for ``rows``."""
    shown: dict[str, Any] = {
        "occurred_at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm", width=135),
        "key": st.column_config.TextColumn("Record", width=135),
        "title": st.column_config.TextColumn("Title", width=175),
    }
    if definition.unit == "seconds" and definition.kind in {"duration", "survival"}:
        shown["value"] = st.column_config.NumberColumn("Hours", format="%.1f", width=65)
    elif definition.kind == "ratio":
        shown["value"] = st.column_config.NumberColumn("Value", format="%.2f", width=65)
    return shown | {
        "reason": st.column_config.TextColumn("Why", width=165),
        "service": st.column_config.TextColumn("Service", width=105),
        "change_type": st.column_config.TextColumn("Type", width=75),
    }


def total(value: MetricValue, kind: str) -> int:
    """Return how many records of one kind stand behind a value."""
    if kind == "excluded":
        return sum(value.excluded.values())
    if kind == "judged":
        return value.denominator
    counted = value.numerator or 0
    return counted if kind == "counted" else value.denominator - counted


def everything(build: Build, name: str, chosen: Filter, in_class: str = "") -> pd.DataFrame:
    """Return every contributing record, excluded ones with their reason; what a reader recomputes the value from.

    With a class of the distribution, those of the class.
    """
    found: pd.DataFrame = aggregate.records(cursor(build), name, chosen).to_pandas()
    if in_class not in CLASSES:
        return found
    lower, upper = _bounds(in_class)
    return found[found["exclusion_reason"].isna() & (found["value"] >= lower) & (found["value"] < upper)]


@st.cache_data(max_entries=KEPT, show_spinner=False, hash_funcs=BY_BUILD)
def classes(build: Build, name: str, chosen: Filter) -> list[tuple[str, int]]:
    """Return how many judged values of a duration fall into which class, all classes in order."""
    queries.definition(build, name)
    where, values = chosen.where()
    cases = " ".join(
        f"when value < {bound} then {place}" for place, (bound, _) in enumerate(_CLASSES) if bound is not None
    )
    found = dict(
        cursor(build)
        .execute(
            f"select case {cases} else {len(_CLASSES) - 1} end as place, count(*) from metrics.{name} "
            f"where {where} and exclusion_reason is null and value is not null group by place",
            values,
        )
        .fetchall()
    )
    return [(label, found.get(place, 0)) for place, (_, label) in enumerate(_CLASSES)] if found else []
