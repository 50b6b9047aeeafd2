-- description: Marks of records other than changes in a deployment: deployments, decisions, and items of agendas.
-- grain: dimension, record_id
-- column: dimension | release_record, bare_decision, governance_agenda or release_agenda.
-- column: record_id | A deployment, a change by its decision, or an item.
-- column: record_kind | deployment, decision or item.
-- column: team | The team.
-- column: service | The service.
-- column: stratum | Change type with risk for bare decisions, else 'all'.
-- column: occurred_at | The instant that dates it, UTC.
-- column: x | 1 when the separation is missing, else 0.
-- column: reason | What decided, in words.
-- column: change_id | The change concerned.
-- column: deployment_id | The deployment concerned.
-- not_null: dimension, record_id, record_kind, team, stratum, occurred_at, x, reason
-- unique: dimension, record_id
-- assert: x in (0, 1)
-- assert: dimension in ('release_record', 'bare_decision', 'governance_agenda', 'release_agenda')
with joint as (
    -- Of several who approved at one instant, whoever took time or found words makes it no bare decision.
    select distinct a.change_id
    from intermediate.int_joint_approvals a
    inner join intermediate.int_human_decisions h on h.decision_id = a.decision_id
    where h.has_words or h.handling_seconds >= 180
),
marks as (
    select 'release_record' as dimension, d.deployment_id as record_id, 'deployment' as record_kind, d.team, d.service,
        'all' as stratum, d.started_at as occurred_at,
        case when i.run_key is null and i.release_key is null and not d.has_plan and v.deployment_id is null and d.version is null
            then 1 else 0 end as x,
        case when i.run_key is null and i.release_key is null and not d.has_plan and v.deployment_id is null and d.version is null
            then 'no plan, release, pipeline run or verification apart from the change' else 'the release has a record of its own' end
            as reason,
        null as change_id, d.deployment_id
    from marts.deployments d
    inner join intermediate.int_deployments i on i.deployment_id = d.deployment_id
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id
    where d.is_production and d.outcome = 'succeeded' and d.started_at is not null and d.team is not null and not d.is_rerelease
    union all
    select 'bare_decision', a.change_id, 'decision', a.team, a.service,
        coalesce(a.change_type, 'unknown') || ' ' || coalesce(a.risk, 'unknown'), a.effective_approval_at,
        case
            when a.approval_basis = 'policy' then 1
            when not h.has_words and h.handling_seconds < 180 and j.change_id is null then 1
            else 0
        end,
        case
            when a.approval_basis = 'policy' then 'a policy approved a risk above what it covers'
            when not h.has_words and h.handling_seconds < 180 and j.change_id is null then 'approved without a word in under three minutes'
            else 'approved with words or time'
        end,
        a.change_id, null
    from marts.changes a
    left join intermediate.int_human_decisions h on h.decision_id = a.effective_decision_id
    left join joint j on j.change_id = a.change_id
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
    cast(occurred_at as timestamp) as occurred_at,
    cast(x as integer) as x,
    cast(reason as varchar) as reason,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id
from marks
