-- description: One mark per record and dimension: x = 1 when the separation of the two processes that should be visible is not.
--   A record to which a dimension does not apply has no mark in it.
-- grain: dimension, record_id
-- column: dimension | owners, act, change_record, release_record, order, batch, bare_decision, governance_agenda or release_agenda.
-- column: record_id | Deployment and change joined by '|', a deployment, a decision or an item.
-- column: record_kind | carried_change, deployment, decision or item.
-- column: team | The team.
-- column: service | The service.
-- column: stratum | Change type, with risk for bare decisions; 'all' where there is none.
-- column: day | The day that dates it, UTC midnight.
-- column: occurred_at | The instant that dates it, UTC.
-- column: x | 1 when the separation is missing, else 0.
-- column: reason | What decided, in words.
-- column: change_id | The change concerned.
-- column: deployment_id | The deployment concerned.
-- not_null: dimension, record_id, record_kind, team, stratum, day, occurred_at, x, reason
-- unique: dimension, record_id
-- assert: x in (0, 1)
-- assert: dimension in ('owners', 'act', 'change_record', 'release_record', 'order', 'batch', 'bare_decision', 'governance_agenda', 'release_agenda')
with gates as (
    -- A decision given in the pipeline itself: the same act lets it go and sets it going.
    select deployment_id, decision_id, decided_at, decided_by, decided_by_type
    from (
        select d.deployment_id, g.decision_id, g.decided_at, g.decided_by, g.decided_by_type
        from intermediate.int_deployments d
        inner join intermediate.int_decisions g on g.run_id = d.source || ':' || d.run_key
        where g.verdict = 'approved' and d.is_production
        union
        select d.deployment_id, g.decision_id, g.decided_at, g.decided_by, g.decided_by_type
        from intermediate.int_deployments d
        inner join intermediate.int_decisions g on g.deployment_id = d.deployment_id
        where g.verdict = 'approved' and d.is_production
    )
    qualify row_number() over (partition by deployment_id order by decided_at nulls last, decision_id) = 1
),
dual as (
    select distinct source_event_id from marts.activities where is_dual and verb <> 'merged'
),
carried as (
    select
        x.deployment_id, x.change_id, x.governing_change_id, x.authorisation_class, x.reason, x.effective_approval_at,
        d.started_at, d.deployer, d.deployer_type, d.service, d.team,
        coalesce(c.change_type, 'unknown') as change_type,
        g.approval_basis, g.effective_approver, g.effective_decision_id,
        coalesce(g.is_self_approved_only, false) as is_self_approved_only,
        g.requester,
        e.source_event_id as decision_event_id,
        t.decision_id as gate_decision_id, t.decided_by as gate_by, t.decided_by_type as gate_by_type,
        g.approval_basis = 'standard' as is_standard
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    inner join marts.changes c on c.change_id = x.change_id
    inner join marts.changes g on g.change_id = x.governing_change_id
    left join intermediate.int_decisions e on e.decision_id = g.effective_decision_id
    left join gates t on t.deployment_id = x.deployment_id
    where not d.is_rerelease and d.team is not null and x.link_basis <> 'ticket'
),
deciding as (
    -- Who decided: the authorising approval before the start; else the requester's own approval; else the gate.
    select
        *,
        case
            when effective_approval_at <= started_at then effective_approver
            when is_self_approved_only then requester
            when gate_decision_id is not null and gate_by_type = 'human' then gate_by
        end as decider,
        case
            when effective_approval_at <= started_at then coalesce(decision_event_id in (select source_event_id from dual), false)
            when gate_decision_id is not null then true
        end as is_one_act
    from carried
),
governed as (
    select change_id, count(*) as acts
    from marts.activities
    where track = 'change_governance' and not is_dual and activity <> 'proposed' and change_id is not null
    group by change_id
),
described as (
    select change_id from marts.changes where has_description
),
cuts as (
    select x.deployment_id, coalesce(max(r.cut_at), max(c.merged_at)) as cut_at, count(distinct x.change_id) as changes
    from carried x
    inner join marts.changes c on c.change_id = x.change_id
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    left join intermediate.int_releases r on r.source = d.source and r.key = d.release_key
    group by x.deployment_id
),
after_cut as (
    select k.deployment_id, x.effective_approver, count(distinct x.change_id) as approved
    from cuts k
    inner join carried x on x.deployment_id = k.deployment_id
    where k.changes >= 2 and x.effective_approval_at > k.cut_at and x.effective_approval_at <= k.cut_at + interval '15 minutes'
        and x.effective_approver is not null
    group by k.deployment_id, x.effective_approver
),
bulk as (
    select deployment_id, max(approved) as approved from after_cut group by deployment_id
),
marks as (
    select 'owners' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        change_type as stratum, started_at as occurred_at, case when decider = deployer then 1 else 0 end as x,
        case when decider = deployer then 'who decided also executed' else 'decided and executed by two people' end as reason,
        change_id, deployment_id
    from deciding
    where not coalesce(is_standard, false) and decider is not null and deployer_type = 'human' and deployer is not null
    union all
    select 'act', deployment_id || '|' || change_id, 'carried_change', team, service, change_type, started_at,
        case when is_one_act then 1 else 0 end,
        case when is_one_act then 'decision and execution are one event' else 'decision and execution are two events' end,
        change_id, deployment_id
    from deciding
    where not coalesce(is_standard, false) and is_one_act is not null
    union all
    select 'change_record', p.deployment_id || '|' || p.change_id, 'carried_change', p.team, p.service, p.change_type, p.started_at,
        case when g.change_id is null and d.change_id is null then 1 else 0 end,
        case when g.change_id is null and d.change_id is null then 'nothing about the change is recorded apart from its release'
            else 'the change has a record of its own' end,
        p.change_id, p.deployment_id
    from deciding p
    left join governed g on g.change_id = p.governing_change_id
    left join described d on d.change_id = p.governing_change_id
    where not coalesce(p.is_standard, false)
    union all
    select 'release_record', d.deployment_id, 'deployment', d.team, d.service, 'all', d.started_at,
        case when i.run_key is null and i.release_key is null and not d.has_plan and v.deployment_id is null and d.version is null
            then 1 else 0 end,
        case when i.run_key is null and i.release_key is null and not d.has_plan and v.deployment_id is null and d.version is null
            then 'no plan, release, pipeline run or verification apart from the change' else 'the release has a record of its own' end,
        null, d.deployment_id
    from marts.deployments d
    inner join intermediate.int_deployments i on i.deployment_id = d.deployment_id
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id
    where d.is_production and d.outcome = 'succeeded' and d.started_at is not null and d.team is not null and not d.is_rerelease
    union all
    select 'order', deployment_id || '|' || change_id, 'carried_change', team, service, change_type, started_at,
        case
            when authorisation_class in ('prior', 'within_skew') then 0
            else 1
        end,
        case
            when authorisation_class in ('prior', 'within_skew') then 'decided before the start'
            when reason is not null then reason
            else authorisation_class
        end,
        change_id, deployment_id
    from deciding
    where not coalesce(is_standard, false) and authorisation_class <> 'not_collectable'
    union all
    select 'batch', p.deployment_id || '|' || p.change_id, 'carried_change', p.team, p.service, p.change_type, p.started_at,
        case when b.approved * 2 >= k.changes then 1 else 0 end,
        case when b.approved * 2 >= k.changes then 'one approver approved half of the release within 15 minutes after the cut'
            else 'approved change by change' end,
        p.change_id, p.deployment_id
    from deciding p
    inner join cuts k on k.deployment_id = p.deployment_id and k.changes >= 2
    left join bulk b on b.deployment_id = p.deployment_id
    union all
    select 'bare_decision', a.change_id, 'decision', a.team, a.service,
        coalesce(a.change_type, 'unknown') || ' ' || coalesce(a.risk, 'unknown'), a.effective_approval_at,
        case
            when a.approval_basis = 'policy' then 1
            when not h.has_words and h.handling_seconds < 180 then 1
            else 0
        end,
        case
            when a.approval_basis = 'policy' then 'a policy approved a risk above what it covers'
            when not h.has_words and h.handling_seconds < 180 then 'approved without a word in under three minutes'
            else 'approved with words or time'
        end,
        a.change_id, null
    from marts.changes a
    left join intermediate.int_human_decisions h on h.decision_id = a.effective_decision_id
    where a.effective_approval_at is not null and a.team is not null and coalesce(a.change_type, 'normal') = 'normal'
        and (
            (a.approval_basis = 'policy' and a.risk in ('medium', 'high'))
            or (a.approval_basis = 'human' and h.handling_seconds is not null)
        )
    union all
    select case when record_track = 'change_governance' then 'governance_agenda' else 'release_agenda' end, item_id, 'item', team,
        service, 'all', occurred_at, case when is_misplaced then 1 else 0 end,
        case when is_misplaced then 'the item belongs to the other process' else 'the item belongs to its process' end, change_id, null
    from marts.agenda_items
    where team is not null and occurred_at is not null
)
select
    cast(dimension as varchar) as dimension,
    cast(record_id as varchar) as record_id,
    cast(record_kind as varchar) as record_kind,
    cast(team as varchar) as team,
    cast(service as varchar) as service,
    cast(stratum as varchar) as stratum,
    cast(date_trunc('day', occurred_at) as timestamp) as day,
    cast(occurred_at as timestamp) as occurred_at,
    cast(x as integer) as x,
    cast(reason as varchar) as reason,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id
from marks
