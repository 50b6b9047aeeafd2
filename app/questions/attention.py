"""Which records need a look, and why, in plain words.

Owns finding and ranking them. Judges nothing that the models have not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD, among, carried_condition, scope_condition
from sql.aggregate import Filter

SHOWN = 10
WAITING_DAYS = 7

# Reason → how much it weighs; a record with several reasons comes before one with a single reason of equal weight.
_WEIGHTS = {
    "unauthorised": 5,
    "late": 4,
    "failed": 4,
    "self_approved": 3,
    "outside": 2,
    "waiting": 2,
    "emergency_late": 1,
}
_FADE = 0.8
# A record's reasons as bits of one number, so that only the records that are shown are looked at reason by reason.
_BITS = " ".join(f"when '{reason}' then {1 << place}" for place, reason in enumerate(_WEIGHTS))
_WEIGHT = " + ".join(f"((reasons >> {place}) & 1) * {weight}" for place, weight in enumerate(_WEIGHTS.values()))
_MAIN = " ".join(f"when (reasons >> {place}) & 1 = 1 then '{reason}'" for place, reason in enumerate(_WEIGHTS))


@dataclass(frozen=True)
class Item:
    """One record to look at: what it is, where it lives, and the reasons as one text."""

    kind: str
    record_id: str
    key: str
    title: str
    service: str
    at: datetime
    reasons: str


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=BY_BUILD)
def items(build: Build, chosen: Filter, limit: int = SHOWN) -> list[Item]:
    """Return the records that most need a look in the period, most pressing first."""
    deployments, deployment_values = scope_condition(Filter(None, None, chosen.services, chosen.teams), "d")
    carried, carried_values = carried_condition(chosen)
    changes, change_values = scope_condition(chosen, "c")
    found_changes = among("marts.changes", "change_id", "select record_id from ranked where kind = 'change'")
    found_deployments = among(
        "marts.deployments", "deployment_id", "select record_id from ranked where kind = 'deployment'"
    )
    weights = " ".join(f"when '{kind}' then {weight}" for kind, weight in _WEIGHTS.items())
    rows = cursor(build).execute(
        f"""
        with scoped as (
            select * from marts.deployments d
            where d.started_at >= ? and d.started_at < ? and d.is_production and {deployments} and {carried}
                and (d.is_failed or (d.unauthorised_reason is not null and not d.is_rerelease))
        ),
        reasons as (
            select
                case when worst_change_id is null then 'deployment' else 'change' end as kind,
                coalesce(worst_change_id, deployment_id) as record_id, started_at as seen_at,
                case
                    when authorisation_class = 'retroactive' then 'late'
                    when authorisation_class = 'retroactive_emergency_in_sla' then 'emergency_late'
                    when unauthorised_reason = 'outside window' then 'outside'
                    else 'unauthorised'
                end as reason,
                -min_lead_seconds as amount, unauthorised_reason as detail
            from scoped where unauthorised_reason is not null and not is_rerelease
            union all
            select
                case when changes_carried = 1 and worst_change_id is not null then 'change' else 'deployment' end,
                case when changes_carried = 1 then coalesce(worst_change_id, deployment_id) else deployment_id end,
                started_at, 'failed', epoch(failed_at) - epoch(started_at), failure_reasons
            from scoped where is_failed
            union all
            select 'change', c.change_id, coalesce(c.merged_at, c.first_deployed_at), 'self_approved', null, null
            from marts.changes c
            where c.is_self_approved_only and coalesce(c.merged_at, c.first_deployed_at) >= ?
                and coalesce(c.merged_at, c.first_deployed_at) < ? and {changes}
            union all
            select 'change', c.change_id, c.requested_at, 'waiting', epoch(?::timestamp) - epoch(c.requested_at), null
            from marts.changes c
            where c.state = 'open' and c.effective_approval_at is null
                and c.change_id not in (
                    select change_id from marts.decisions
                    where verdict = 'approved' and decided_by is null and change_id is not null
                )
                and c.first_deployed_at is null and c.is_approval_collectable
                and coalesce(c.change_type, '') <> 'standard' and c.requested_at >= ? and {changes}
                and c.requested_at < least(?::timestamp, ?::timestamp - interval '{WAITING_DAYS} days')
        ),
        weighed as (
            select kind, record_id, {_WEIGHT} as weight, seen_at, case {_MAIN} end as main_reason
            from (
                select kind, record_id, bit_or(case reason {_BITS} end) as reasons, max(seen_at) as seen_at
                from reasons group by kind, record_id
            )
        ),
        -- So that one frequent reason does not hide all others, each further record of a reason weighs a little less.
        ranked as materialized (
            select *, weight - {_FADE} * (row_number() over (
                partition by main_reason order by weight desc, seen_at desc, record_id) - 1) as standing
            from weighed order by standing desc, seen_at desc, record_id limit ?
        ),
        -- Of one record's several deployments, the latest speaks for each reason.
        latest as (
            select r.* from reasons r semi join ranked k on k.kind = r.kind and k.record_id = r.record_id
            qualify row_number() over (partition by r.kind, r.record_id, r.reason order by r.seen_at desc, r.detail) = 1
        ),
        few_changes as ({found_changes}),
        few_deployments as ({found_deployments})
        select r.kind, r.record_id, coalesce(c.key, d.key), coalesce(c.url, d.url), coalesce(c.title, d.title),
            coalesce(c.service, d.service), r.seen_at, l.reason, l.amount, l.detail
        from ranked r
        join latest l on l.kind = r.kind and l.record_id = r.record_id
        left join few_changes c on r.kind = 'change' and c.change_id = r.record_id
        left join few_deployments d on r.kind = 'deployment' and d.deployment_id = r.record_id
        order by r.standing desc, r.seen_at desc, r.record_id, case l.reason {weights} end desc
        """,
        [
            chosen.start, chosen.end, *deployment_values, *carried_values, chosen.start, chosen.end, *change_values,
            build.as_of, chosen.start, *change_values, chosen.end, build.as_of, limit,
        ],
    )  # fmt: skip
    found: dict[tuple[str, str], Item] = {}
    for kind, record_id, key, url, title, service, at, reason, amount, detail in rows.fetchall():
        said = _said(reason, amount, detail)
        known = found.get((kind, record_id))
        found[kind, record_id] = Item(
            kind, record_id, wording.short_key(key or record_id, url), title or key or record_id,
            service or "service unknown", at,
            f"{known.reasons}; {said}" if known else wording.sentence(said),
        )  # fmt: skip
    return list(found.values())


def _said(reason: str, amount: float | None, detail: str | None) -> str:
    """Return one reason in plain words."""
    if reason in {"unauthorised", "outside"}:
        return {
            "no record": "deployed with no change record",
            "outside window": "deployed outside its planned window",
            "condition unmet": "deployed with a condition of its approval unmet",
            "not approved": "deployed without approval",
            "other revision": "deployed another revision than the one approved",
            "expired": "deployed after its approval had expired",
        }.get(
            detail or "", f"deployed without valid approval ({detail})" if detail else "deployed without valid approval"
        )
    if reason in {"late", "emergency_late"}:
        late = (
            f"approved {wording.duration(amount)} after its deployment began"
            if amount
            else "approved after its deployment began"
        )
        return late + (", an emergency within its limit" if reason == "emergency_late" else "")
    if reason == "failed":
        detail = wording.failure(detail)
        after = f" {wording.duration(amount)} after it began" if amount and amount > 0 else ""
        return f"failed: {detail or 'intervention needed'}{after}"
    if reason == "self_approved":
        return "approved only by its own requester"
    return f"waiting for approval for {wording.age(amount or 0)}"
