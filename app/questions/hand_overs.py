"""How approval and deployment met in a period: classes of deployments, and what was approved and never shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app import wording
from app.questions import records
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, carried_condition, scope_condition
from sql.aggregate import Filter

_IN_ORDER = (
    "prior", "within_skew", "retroactive_emergency_in_sla", "retroactive", "never", "no_record", "not_collectable",
)  # fmt: skip
CLASSES = {code: wording.sentence(wording.term(code)) for code in _IN_ORDER}
_AGES = ((7, "up to 7 days"), (30, "8 to 30 days"), (90, "31 to 90 days"), (None, "over 90 days"))
_SHOWN = 500


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def classes(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return production deployments of the period by class and reason; re-releases apart."""
    scope, values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "d")
    carried, carried_values = carried_condition(chosen)
    rows = cursor(build).execute(
        f"""
        select case when d.is_rerelease then 'rerelease' else d.authorisation_class end as kind,
            case when d.is_rerelease then null else d.unauthorised_reason end as reason, count(*) as deployments
        from marts.deployments d
        where d.is_production and d.outcome <> 'cancelled' and d.started_at >= ? and d.started_at < ?
            and {scope} and {carried}
        group by all
        """,
        [chosen.start, chosen.end, *values, *carried_values],
    )
    order = list(CLASSES)
    found = sorted(
        rows.fetchall(), key=lambda row: (order.index(row[0]) if row[0] in order else len(order), row[1] or "")
    )
    return pd.DataFrame(
        [
            (CLASSES.get(kind, "Re-release of what ran before"), wording.sentence(reason or ""), n)
            for kind, reason, n in found
        ],
        columns=["Approval and start", "Not valid because", "Deployments"],
    )


@dataclass(frozen=True)
class Stream:
    """Hand-overs that went one way: what governance had said when the deployment began, and what became of them.

    ``details`` are the words of the measure's records that make it up; empty for what was not deployed.
    """

    said: str
    became: str
    count: int
    is_leak: bool
    details: tuple[str, ...] = ()


MEASURE = "unauthorised_change_rate"
_SHIPPED, _LEAKED = "Deployed with valid approval", "Deployed without valid approval"
_LEFT_OUT, _WAITING = "Deployed, not judged", "Not deployed yet"


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def streams(build: Build, chosen: Filter) -> list[Stream]:
    """Return the period's hand-overs by what governance had said and what became of them.

    A hand-over is one change carried by one production deployment, as the measure of unauthorised changes counts them,
    so that both agree. Changes approved in the period and not deployed join them.
    """
    where, values = chosen.where()
    rows = cursor(build).execute(
        f"""
        select detail, split_part(detail, ': ', 1), nullif(split_part(detail, ': ', 2), ''), in_numerator,
            exclusion_reason is not null, count(*)
        from metrics.{MEASURE} where {where} group by all order by all
        """,
        values,
    )
    found = [
        Stream(
            CLASSES.get(said, said) + (f", {reason}" if reason and is_leak and said == "prior" else ""),
            _LEFT_OUT if is_left_out else _LEAKED if is_leak else _SHIPPED, count, is_leak and not is_left_out,
            (detail,),
        )
        for detail, said, reason, is_leak, is_left_out, count in rows.fetchall()
    ]  # fmt: skip
    if waiting := len(unshipped(build, chosen)):
        found.append(Stream("Approved in the period", _WAITING, waiting, False))
    order = {label: place for place, label in enumerate(CLASSES.values())}
    merged = Counter[tuple[str, str, bool]]()
    details: dict[tuple[str, str, bool], tuple[str, ...]] = {}
    for one in found:
        way = (one.said, one.became, one.is_leak)
        merged[way] += one.count
        details[way] = details.get(way, ()) + one.details
    return sorted(
        (Stream(*way[:2], count, way[2], details[way]) for way, count in merged.items()),
        key=lambda one: (_place(one.said, order), one.said, one.became),
    )


def _place(said: str, order: dict[str, int]) -> int:
    """Return where a stream stands: its class's place, also where a reason follows the class."""
    return next((place for label, place in order.items() if said == label or said.startswith(f"{label}, ")), len(order))


def stream_rows(build: Build, chosen: Filter, stream: Stream) -> pd.DataFrame:
    """Return the newest records of one stream, as many as the measure's own list shows."""
    kind = {_LEAKED: "counted", _SHIPPED: "not_counted"}.get(stream.became, "excluded")
    return records.rows(build, MEASURE, chosen, kind, by_value=False, details=stream.details)


def streams_title(found: Sequence[Stream]) -> str:
    """Return what the streams come to, as one sentence."""
    judged = sum(stream.count for stream in found if stream.became in {_SHIPPED, _LEAKED})
    leaked = sum(stream.count for stream in found if stream.is_leak)
    waiting = sum(stream.count for stream in found if stream.became == _WAITING)
    kept = f"; {wording.plural(waiting, 'approved change')} not deployed" if waiting else ""
    left_out = sum(stream.count for stream in found if stream.became == _LEFT_OUT)
    if not judged and left_out:
        return f"None of {wording.plural(left_out, 'hand-over')} can be judged{kept}"
    if not judged:
        return f"No change was handed over to production{kept}"
    return f"{f'{leaked:,}' if leaked else 'None'} of {wording.plural(judged, 'hand-over')} leaked past approval{kept}"


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs=BY_BUILD)
def unshipped(build: Build, chosen: Filter) -> pd.DataFrame:
    """Return changes approved in the period that never reached production, oldest approval first.

    Only services with production deployments on record are asked: elsewhere nothing would show a deployment.
    """
    scope, values = scope_condition(chosen, "c")
    found: pd.DataFrame = (
        cursor(build)
        .execute(
            f"""
            select c.effective_approval_at as approved_at, c.key, c.url, coalesce(c.title, '') as title, c.service,
                coalesce(c.change_type, '') as change_type, c.state, c.change_id,
                (epoch(?::timestamp) - epoch(c.effective_approval_at)) / 86400.0 as days
            from marts.changes c
            where c.effective_approval_at >= ? and c.effective_approval_at < ? and c.first_deployed_at is null
                and c.state not in ('rejected', 'withdrawn') and {scope}
                and c.service in (select service from marts.deployments where is_production)
            order by c.effective_approval_at, c.change_id
            """,
            [build.as_of, chosen.start, chosen.end, *values],
        )
        .df()
    )
    found["key"] = [wording.short_key(key, url) for key, url in zip(found["key"], found["url"], strict=True)]
    return found


def ages(found: pd.DataFrame) -> list[tuple[str, int]]:
    """Return how many unshipped changes fall in which class of age, all classes in order."""
    counts, lower = [], 0.0
    for upper, label in _AGES:
        within = (found["days"] >= lower) & ((found["days"] < upper) if upper is not None else True)
        counts.append((label, int(within.sum())))
        lower = float(upper or 0)
    return counts
