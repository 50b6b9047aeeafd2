-- description: The hand-over: each production deployment and each change it carried, with whether and when that was authorised.
-- grain: deployment_id, change_id
-- order_by: deployment_id, change_id
-- column: deployment_id | The deployment.
-- column: change_id | The change it carried.
-- column: governing_change_id | The record whose approval counts: the change request it implements, else itself.
-- column: link_basis | stated, release, revision, version, run, branch, ticket or between.
-- column: time_quality | exact, or inferred for between.
-- column: started_at | When the deployment started, UTC.
-- column: effective_approval_at | When the governing change was effectively approved, UTC.
-- column: authorised_by | change, or gate when somebody other than the requester let this deployment go in the pipeline; null when nothing
--   authorised it.
-- column: lead_seconds | Deployment start minus effective approval; negative when approved afterwards.
-- column: authorisation_class | prior, within_skew, retroactive_emergency_in_sla, retroactive or never; not_collectable when
--   the source keeps no approvals.
-- column: reason | Why it was not validly authorised at the start; null when it was.
-- column: is_authorised | Whether a valid authorisation was in force at the start; null when not collectable.
-- not_null: deployment_id, change_id, governing_change_id, link_basis, time_quality, authorisation_class
-- unique: deployment_id, change_id
-- assert: authorisation_class in ('prior', 'within_skew', 'retroactive_emergency_in_sla', 'retroactive', 'never', 'not_collectable')
with gates as (
    -- An approval in the pipeline is of everything that the deployment carries; it comes before the start by its nature.
    select distinct deployment_id, decided_by from intermediate.int_gate_approvals
    where decided_by_type = 'human' and decided_by is not null
),
governing as (
    select change_id, coalesce(ticket_id, change_id) as governing_change_id from marts.changes
),
let_go as (
    -- Whoever may be the requester under another spelling lets nothing through that the requester could not: 0 for the requester
    -- alone, 1 where others may be the requester, 2 with another.
    select x.deployment_id, x.change_id,
        max(case when a.decided_by = c.requester then 0 when o.login is not null then 1 else 2 end) as standing
    from gates a
    inner join intermediate.int_deployment_changes x on x.deployment_id = a.deployment_id
    inner join governing g on g.change_id = x.change_id
    inner join marts.changes c on c.change_id = g.governing_change_id
    left join intermediate.int_alike_logins o on o.login = c.requester and o.other_login = a.decided_by
    group by x.deployment_id, x.change_id
),
windows as (
    -- An end that was filled in bounds nothing.
    select change_id, planned_start_at as start_at, case when planned_end_basis = 'stated' then planned_end_at end as end_at
    from intermediate.int_windows
    where change_id is not null and not is_withdrawn and kind <> 'freeze'
        and (planned_start_at is not null or planned_end_basis = 'stated')
),
within as (
    -- A change with several windows may go in any of them.
    select
        x.deployment_id, x.change_id,
        bool_or(
            (w.start_at is null or d.started_at >= w.start_at) and (w.end_at is null or d.started_at < w.end_at)
        ) as is_inside
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    inner join governing g on g.change_id = x.change_id
    inner join windows w on w.change_id = g.governing_change_id
    where d.is_production and d.started_at is not null
    group by x.deployment_id, x.change_id
),
unmet as (
    -- Conditions of the rollout itself are met while it runs; the others before this deployment starts, which may be an
    -- earlier one than the ledger's. A ticked one is met, and nothing says when.
    select change_id, max(coalesce(met_at, timestamp '9999-12-31')) as met_at
    from marts.conditions
    where not is_for_rollout and status <> 'unverifiable' and (met_at is not null or status <> 'met')
    group by change_id
),
by_day as (
    -- Sources that give days without a time: all of their instants lie at midnight.
    select 'decision' as kind, source from intermediate.int_decisions
    where verdict = 'approved' and decided_at is not null
    group by source
    having min(case when decided_at = cast(cast(decided_at as date) as timestamp) then 1 else 0 end) = 1
    union all
    select 'deployment', source from intermediate.int_deployments
    where started_at is not null
    group by source
    having min(case when started_at = cast(cast(started_at as date) as timestamp) then 1 else 0 end) = 1
),
paired as (
    select
        x.deployment_id,
        x.change_id,
        g.governing_change_id,
        x.link_basis,
        x.time_quality,
        d.started_at,
        c.change_type,
        c.approval_basis,
        c.effective_approval_at,
        c.unresolved_approval_at,
        c.has_untimed_approval,
        c.has_other_revision_approval,
        c.is_self_approved_only,
        c.is_approval_collectable,
        coalesce(a.standing = 2, false) as is_gated,
        coalesce(a.standing = 1, false) as has_doubtful_gate,
        a.standing is not null as has_gate,
        coalesce(not w.is_inside, false) as is_outside_window,
        coalesce(u.met_at > d.started_at, false) as has_unmet_condition,
        (epoch_us(d.started_at) - epoch_us(c.effective_approval_at)) / 1000000.0 as lead_seconds,
        coalesce(cast(d.started_at as date) = cast(c.effective_approval_at as date), false)
            and (e.source is not null or f.source is not null) as is_of_one_day,
        t.clock_skew_seconds,
        t.emergency_sla_hours * 3600 as emergency_sla_seconds,
        t.approval_expiry_days * 86400 as expiry_seconds
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    inner join governing g on g.change_id = x.change_id
    inner join marts.changes c on c.change_id = g.governing_change_id
    left join let_go a on a.deployment_id = x.deployment_id and a.change_id = x.change_id
    left join within w on w.deployment_id = x.deployment_id and w.change_id = x.change_id
    left join unmet u on u.change_id = g.governing_change_id
    left join by_day e on e.kind = 'decision' and e.source = c.source
    left join by_day f on f.kind = 'deployment' and f.source = d.source
    cross join config.thresholds t
    where d.is_production and d.outcome <> 'cancelled' and d.started_at is not null
),
classed as (
    select
        *,
        case
            when approval_basis = 'standard' then 'prior'
            when is_gated and coalesce(lead_seconds < -clock_skew_seconds, true) then 'prior'
            when effective_approval_at is null and not is_approval_collectable and not has_gate then 'not_collectable'
            -- Somebody approved in time, but nobody knows who: it may have been the requester.
            when unresolved_approval_at <= started_at + clock_skew_seconds * interval '1 second' then 'not_collectable'
            -- Approved, at an instant that no record states: whether before the start is unknown.
            when has_untimed_approval then 'not_collectable'
            -- Somebody approved afterwards, but nobody knows who. No approval of before was there, whoever it was; only an
            -- emergency may have been approved in its time.
            when has_doubtful_gate and coalesce(lead_seconds < -clock_skew_seconds, true) then 'not_collectable'
            when effective_approval_at is null and change_type = 'emergency'
                    and unresolved_approval_at <= started_at + emergency_sla_seconds * interval '1 second' then 'not_collectable'
            when effective_approval_at is null and unresolved_approval_at is not null then 'retroactive'
            when effective_approval_at is null then 'never'
            -- Of one of them only the day is known: which came first on it nobody can say.
            when is_of_one_day then 'not_collectable'
            when lead_seconds >= 0 then 'prior'
            when lead_seconds >= -clock_skew_seconds then 'within_skew'
            when change_type = 'emergency' and lead_seconds >= -emergency_sla_seconds then 'retroactive_emergency_in_sla'
            else 'retroactive'
        end as authorisation_class
    from paired
),
reasoned as (
    select
        *,
        case
            when authorisation_class in ('not_collectable', 'retroactive_emergency_in_sla') then null
            when authorisation_class = 'never' and has_other_revision_approval then 'other revision'
            when authorisation_class = 'never' and (is_self_approved_only or has_gate) then 'approved by the requester only'
            when authorisation_class = 'never' then 'not approved'
            when authorisation_class = 'retroactive' and effective_approval_at is null
                then 'approved after the start, by somebody who is not known'
            when authorisation_class = 'retroactive' then 'approved after the start'
            -- Who let it go in the pipeline approved it then, however old the change's own approval is.
            when expiry_seconds > 0 and lead_seconds > expiry_seconds and coalesce(approval_basis, '') <> 'standard' and not is_gated
                then 'approval expired'
            when is_outside_window then 'outside window'
            when has_unmet_condition then 'condition unmet'
        end as reason
    from classed
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(change_id as varchar) as change_id,
    cast(governing_change_id as varchar) as governing_change_id,
    cast(link_basis as varchar) as link_basis,
    cast(time_quality as varchar) as time_quality,
    cast(started_at as timestamp) as started_at,
    cast(effective_approval_at as timestamp) as effective_approval_at,
    cast(
        case
            when authorisation_class not in ('prior', 'within_skew', 'retroactive_emergency_in_sla') then null
            when is_gated and coalesce(approval_basis, '') <> 'standard'
                    and coalesce(lead_seconds < -clock_skew_seconds or (expiry_seconds > 0 and lead_seconds > expiry_seconds), true)
                then 'gate'
            else 'change'
        end as varchar
    ) as authorised_by,
    cast(lead_seconds as double) as lead_seconds,
    cast(authorisation_class as varchar) as authorisation_class,
    cast(reason as varchar) as reason,
    cast(case when authorisation_class <> 'not_collectable' then reason is null end as boolean) as is_authorised
from reasoned
