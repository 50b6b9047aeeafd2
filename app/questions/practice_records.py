"""The records behind each statement about practice: a row of the cheat sheet, a condition, a pattern, a criterion.

Owns which records a statement is counted over and which of them count for it, by the rules of the practice models.
Shows no verdict of its own. A statement that is made from settings or from other statements has no records here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from app import wording
from app.questions.builds import Build, cursor
from app.questions.queries import BY_BUILD

EVERYBODY = "(all)"
SHOWN = 500
_NO_TEAM = "(no team)"

_ACTS = """select d.decided_at as occurred_at, d.change_id, null as deployment_id, {counts} as counts,
        {what} as what, c.team, c.service
    from marts.decisions d join marts.changes c on c.change_id = d.change_id
    where d.verdict in ('approved', 'rejected', 'changes_requested')
        and (d.decided_by_type = 'human' or d.policy is not null) and {only}"""
_WORDS = "coalesce(trim(d.comment), '') <> '' or d.conditions is not null"
_CONDITIONED = "d.decision_id in (select decision_id from marts.conditioned_decisions)"
_DECLINE = f"d.verdict <> 'approved' or ({_CONDITIONED})"
_STOPPED = "d.verdict <> 'approved' or d.conditions is not null"
_SHIPPED = """select d.started_at as occurred_at, null as change_id, d.deployment_id, {counts} as counts,
        {what} as what, d.team, d.service
    from marts.deployments d left join marts.release_records r on r.deployment_id = d.deployment_id
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id cross join config.practice l
    where d.is_production and {only}"""
_CREATED = """select c.created_at as occurred_at, c.change_id, null as deployment_id, {counts} as counts,
        {what} as what, c.team, c.service
    from marts.changes c where {only}"""
_CAUGHT = """select min(k.occurred_at) as occurred_at, min(k.change_id) as change_id,
        min(k.deployment_id) as deployment_id, k.outcome = 'catch' as counts,
        k.outcome || ': ' || string_agg(k.kind, ', ' order by k.kind) || ' (' || min(k.rule) || ')' as what,
        min(k.team) as team, min(k.service) as service
    from marts.catches k where {only} group by k.evidence_id, k.outcome"""
_CARRIED = """select x.started_at as occurred_at, x.change_id, x.deployment_id, {counts} as counts,
        {what} as what, d.team, d.service
    from marts.deployment_changes x join marts.deployments d on d.deployment_id = x.deployment_id
    where not d.is_rerelease and x.link_basis <> 'ticket' and x.authorisation_class <> 'not_collectable' and {only}"""


def _acts(counts: str, what: str = "d.verdict", only: str = "true") -> str:
    return _ACTS.format(counts=counts, what=what, only=only)


def _shipped(counts: str, what: str = "d.outcome", only: str = "d.outcome = 'succeeded'") -> str:
    return _SHIPPED.format(counts=counts, what=what, only=only)


def _created(counts: str, what: str, only: str = "true") -> str:
    return _CREATED.format(counts=counts, what=what, only=only)


_DECIDED = _acts("d.verdict = 'approved'")
_DEPLOYED = _shipped("d.outcome = 'succeeded'", only="d.outcome in ('succeeded', 'failed', 'cancelled')")
_SHEET = {
    ("artifact", "change_governance"): (
        "select k.created_at as occurred_at, k.change_id, null as deployment_id, k.is_complete as counts, "
        "coalesce('lacks ' || k.missing, 'complete') as what, k.team, k.service from marts.change_completeness k",
        "complete",
    ),
    ("artifact", "release_execution"): (
        _shipped(
            "r.has_plan or r.has_release",
            "case when r.has_plan then 'plan ' else '' end || case when r.has_release then 'release ' else '' end "
            "|| case when r.has_notes then 'notes ' else '' end "
            "|| case when v.deployment_id is not null then 'verification' else '' end",
        ),
        "with a plan or release record",
    ),
    ("catches", "change_governance"): (
        _CAUGHT.format(only="coalesce(k.process, 'change_governance') = 'change_governance'"), "caught",
    ),
    ("catches", "release_execution"): (
        _CAUGHT.format(only="coalesce(k.process, 'release_execution') = 'release_execution'"), "caught",
    ),
    ("condition", "change_governance"): (
        _acts(_CONDITIONED, only="d.verdict = 'approved'"), "conditioned",
    ),
    ("condition", "release_execution"): (
        "select k.set_at as occurred_at, k.change_id, null as deployment_id, k.status = 'met' as counts, "
        "k.status || ': ' || k.text as what, k.team, k.service from marts.conditions k",
        "met in time",
    ),
}  # fmt: skip
_CONDITIONS = {
    "decisions come before deployment": (
        _shipped(
            "d.authorisation_class in ('prior', 'within_skew')", "d.authorisation_class",
            "not d.is_rerelease and d.authorisation_class <> 'not_collectable'",
        ),
        "decided before",
    ),
    "reasons are recorded": (_acts(_WORDS), "with a reason"),
    "risk changes the outcome or the handling": (
        _acts(
            _DECLINE, "c.risk || ' risk, ' || d.verdict", "c.risk in ('low', 'high') and d.decided_by_type = 'human'"
        ),
        "declined or conditioned",
    ),
    "something is caught": (_CAUGHT.format(only="k.process = 'change_governance' and k.outcome = 'catch'"), "caught"),
    "automated rules are alive": (_acts(_STOPPED, "d.policy", "d.policy is not null"), "stopped something"),
    "deployments have a plan or an encoded pipeline": (
        _shipped("r.has_plan or r.has_pipeline"), "with a plan, release or pipeline",
    ),
    "verification follows": (_shipped("v.deployment_id is not null", "coalesce('by ' || v.basis, 'none')"), "verified"),
    "failures are rolled back or fixed in the target time": (
        _shipped(
            "coalesce(epoch_us(d.restored_at) - epoch_us(d.failure_began_at) <= l.recovery_target_hours * 3600000000"
            ", false)",
            "d.failure_reasons || case when d.restored_at is null then ', not restored' else ', restored' end",
            "d.is_failed and (d.restored_at is not null or epoch_us((select as_of from config.build)) "
            "- epoch_us(d.failure_began_at) > l.recovery_target_hours * 3600000000)",
        ),
        "restored in time",
    ),
    "artifacts match what was approved": (
        _shipped(
            "coalesce(d.unauthorised_reason <> 'other revision', true)",
            "coalesce(d.unauthorised_reason, 'as approved')",
            "not d.is_rerelease and (d.unauthorised_reason = 'other revision' or d.authorisation_class in "
            "('prior', 'within_skew', 'retroactive', 'retroactive_emergency_in_sla'))",
        ),
        "as approved",
    ),
    "separation of duties holds": (
        "select s.occurred_at, s.change_id, s.deployment_id, s.result = 'pass' as counts, s.reason as what, s.team, "
        "s.service "
        "from marts.separation_of_duties s where s.test = 'sod_1_effective' and s.result in ('pass', 'fail')",
        "independent",
    ),
}  # fmt: skip
_PATTERNS = {
    "cab_does_release_logistics": (
        "select a.occurred_at, a.change_id, null as deployment_id, a.is_misplaced as counts, "
        "a.topic || ': ' || a.title as what, a.team, a.service from marts.agenda_items a "
        "where a.record_track = 'change_governance'",
        "about steps and timing",
    ),
    "release_train_accepts_risk": (
        _CARRIED.format(
            counts="x.authorisation_class in ('never', 'retroactive') "
            "or coalesce(x.reason = 'approval expired', false)",
            what="coalesce(x.reason, x.authorisation_class)",
            only="true",
        ),
        "without a decision in force",
    ),
    "one_meeting_for_both": (
        _CARRIED.format(
            counts="coalesce(x.authorised_by = 'gate', false)",
            what="strftime(x.started_at, '%A %H:00') || coalesce(', let go by ' || x.authorised_by, '')",
            only="true",
        ),
        "decided by the deployment's own record",
    ),
    "rubber_stamp": (
        _acts(f"not ({_WORDS})", only="d.decided_by_type = 'human' and d.decided_by is not null"), "without a word",
    ),
    "review_meeting_for_every_release": (
        "select c.effective_approval_at as occurred_at, c.change_id, null as deployment_id, c.risk = 'low' as counts, "
        "'waited ' || round((epoch_us(c.effective_approval_at) - epoch_us(c.requested_at)) / 3600000000.0, 1) || ' h' "
        "|| coalesce(', ' || c.risk || ' risk', '') as what, c.team, c.service "
        "from marts.changes c where c.effective_approval_at >= c.requested_at",
        "of low risk",
    ),
    "hidden_discipline": (
        _acts("d.decided_by_type is distinct from 'human'", "coalesce(d.policy, d.verdict)"),
        "automated",
    ),
}  # fmt: skip
_CRITERIA = {
    "small team": (_created("true", "coalesce(c.change_type, '')"), "counted"),
    "one team owns the services": (_created("true", "coalesce(c.service, 'no service')"), "counted"),
    "consistently low risk": (
        _created("c.risk = 'low'", "coalesce(c.risk || ' risk', 'risk not stated')"), "of low risk",
    ),
    "low failure rate": (_shipped("d.is_failed", "coalesce(d.failure_reasons, 'held')"), "failed"),
    "homogeneous": (_created("c.change_type is not null", "coalesce(c.change_type, 'type not stated')"), "with a type"),
    "several stakeholder groups": (
        _acts("true", "d.verdict", "d.verdict = 'approved' and d.decided_by_type = 'human'"), "approvals",
    ),
    "large blast radius": (
        "select i.opened_at as occurred_at, null as change_id, i.deployment_id, i.service <> d.service as counts, "
        "'hit ' || coalesce(i.service, 'no known service') || ': ' || i.title as what, d.team, d.service "
        "from marts.incidents i join marts.deployments d on d.deployment_id = i.deployment_id where not i.is_planned",
        "reached another service",
    ),
}  # fmt: skip
# What a condition looks back further than the trailing days of the other criteria for.
_SEVERE = "large blast radius"
# What a pattern is counted over the last weeks of a period for.
_LAST_WEEKS = "cab_does_release_logistics"


def statement(kind: str, name: str) -> tuple[str, str] | None:
    """Return the records of a statement as SQL, and what those that count for it are; ``None`` for one without.

    ``kind`` is ``sheet`` (``name`` is row and track, joined by '/'), ``condition``, ``pattern`` or ``criterion``.
    """
    if kind == "sheet":
        row, _, track = name.partition("/")
        if (row, track) in _SHEET:
            return _SHEET[row, track]
        return (_DECIDED, "approved") if track == "change_governance" else (_DEPLOYED, "finished")
    return {"condition": _CONDITIONS, "pattern": _PATTERNS, "criterion": _CRITERIA}[kind].get(name)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_BUILD)
def rows(
    build: Build, kind: str, name: str, start: datetime, end: datetime, scope: str, scope_name: str
) -> tuple[int, int, pd.DataFrame]:
    """Return how many records a statement is counted over, how many count for it, and the latest of them.

    ``scope`` is ``team`` or ``service``; the team '(all)' is everybody, '(no team)' what belongs to none.
    """
    found = statement(kind, name)
    if found is None:
        return 0, 0, pd.DataFrame()
    condition, values = "true", []
    if scope == "service":
        condition, values = "r.service = ?", [scope_name]
    elif scope_name == _NO_TEAM:
        condition = "r.team is null"
    elif scope_name != EVERYBODY:
        condition, values = "r.team = ?", [scope_name]
    base = f"select * from ({found[0]}) r where r.occurred_at >= ? and r.occurred_at < ? and {condition}"
    con = cursor(build)
    ((total, counting),) = con.execute(
        f"select count(*), count(*) filter (where counts) from ({base})", [start, end, *values]
    ).fetchall()
    shown: pd.DataFrame = con.execute(
        f"""
        select b.occurred_at, coalesce(c.key, d.key, '') as key, coalesce(c.url, d.url) as url,
            coalesce(c.title, d.title, '') as title, case when b.counts then 'yes' else 'no' end as counts,
            coalesce(b.what, '') as what, b.service, b.change_id, b.deployment_id
        from ({base}) b
        left join marts.changes c on c.change_id = b.change_id
        left join marts.deployments d on d.deployment_id = b.deployment_id
        order by b.counts, b.occurred_at desc, b.change_id, b.deployment_id limit {SHOWN}
        """,
        [start, end, *values],
    ).df()
    shown["key"] = [wording.short_key(key, url) for key, url in zip(shown["key"], shown["url"], strict=True)]
    said = wording.failure if "fail" in name else wording.term
    shown["what"] = [said(what) for what in shown["what"]]
    return int(total), int(counting), shown


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def span(build: Build, period: str, name: str = "") -> tuple[datetime, datetime]:
    """Return the start and end of a period of the practice models, or of the part of it that a statement is about."""
    ((start, end, until_at, weeks),) = (
        cursor(build)
        .execute(
            "select start_at, end_at, until_at, l.cab_weeks from marts.periods cross join config.practice l "
            "where period = ?",
            [period],
        )
        .fetchall()
    )
    return (max(start, until_at - timedelta(weeks=weeks)) if name == _LAST_WEEKS else start), end


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_BUILD)
def recent_span(build: Build, criterion: str) -> tuple[datetime, datetime]:
    """Return the days that a criterion of combine-or-separate looks back over."""
    ((start, end, severe),) = (
        cursor(build)
        .execute(
            "select start_at, end_at, l.combine_severe_days from marts.periods cross join config.practice l "
            "where kind = 'recent'"
        )
        .fetchall()
    )
    return (end - timedelta(days=int(severe)) if criterion == _SEVERE else start), end
