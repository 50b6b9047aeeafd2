-- description: Share of attempts to deploy to production that did not finish.
-- grain: record_id
-- materialized: view
-- label: Failed deployment attempts
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: attempt start
-- source: Definitions, failure
-- absent_reason: nobody tried to deploy to production in the period
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
select
    cast(deployment_id as varchar) as record_id,
    cast('deployment' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(cast(null as varchar) as varchar) as change_type,
    cast(coalesce(started_at, created_at, finished_at) as timestamp) as occurred_at,
    cast(outcome in ('failed', 'cancelled') as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when is_production is null then 'environment unknown'
            when outcome = 'in_progress' then 'still running'
            when outcome = 'unknown' then 'outcome unknown'
        end as varchar) as exclusion_reason,
    cast(outcome as varchar) as detail
from marts.deployments
where coalesce(is_production, true)
