-- description: One mark per record and dimension: x = 1 when the separation of the two processes that should be visible is not.
--   A record to which a dimension does not apply has no mark in it.
-- materialized: view
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
with marks as (
    select 'owners' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        stratum, occurred_at, owners as x,
        case when owners = 1 then 'who decided also executed' else 'decided and executed by two people' end as reason, change_id, deployment_id
    from marts.drift_carried
    where owners is not null
    union all
    select 'act' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        stratum, occurred_at, act as x,
        case when act = 1 then 'decision and execution are one event' else 'decision and execution are two events' end as reason, change_id, deployment_id
    from marts.drift_carried
    where act is not null
    union all
    select 'change_record' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        stratum, occurred_at, change_record as x,
        case when change_record = 1 then 'nothing about the change is recorded apart from its release' else 'the change has a record of its own' end as reason, change_id, deployment_id
    from marts.drift_carried
    where change_record is not null
    union all
    select 'order' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        stratum, occurred_at, order_ as x,
        case when order_ = 1 then order_reason else 'decided before the start' end as reason, change_id, deployment_id
    from marts.drift_carried
    where order_ is not null
    union all
    select 'batch' as dimension, deployment_id || '|' || change_id as record_id, 'carried_change' as record_kind, team, service,
        stratum, occurred_at, batch as x,
        case when batch = 1 then 'one approver approved half of the release within 15 minutes after the cut' else 'approved change by change' end as reason, change_id, deployment_id
    from marts.drift_carried
    where batch is not null
    union all
    select dimension, record_id, record_kind, team, service, stratum, occurred_at, x, reason, change_id, deployment_id
    from marts.drift_single_marks
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
