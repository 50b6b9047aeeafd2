-- description: Share of finished production deployments that brought an artifact which ran there before: recovery, not an unauthorised change.
-- grain: record_id
-- materialized: view
-- label: Re-releases
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: neither
-- minimum_sample: 10
-- dated_by: deployment finish
-- source: Definitions, hand-over
-- absent_reason: no deployments to production finished in the period
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
    cast(finished_at as timestamp) as occurred_at,
    cast(coalesce(artifact_kind in ('redeploy', 'return'), false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(case when artifact is null then 'artifact unknown' end as varchar) as exclusion_reason,
    cast(artifact_kind as varchar) as detail
from marts.deployments
where is_production and outcome = 'succeeded' and finished_at is not null
