-- description: How long an artifact took from its first success in the stage below (staging) to production, the first time
--   it reached production.
-- grain: record_id
-- materialized: view
-- label: Lead time from staging
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 10
-- dated_by: production deployment finish
-- source: Definitions, failure
-- absent_reason: no artifact went from a stage below to production
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
    cast(null as varchar) as change_type,
    cast(finished_at as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast(
        case when promotion = 'in order' then (epoch_us(finished_at) - epoch_us(stage_finished_at)) / 1000000.0 end as double
    ) as value,
    cast(case when exclusion_reason is not null then exclusion_reason when promotion <> 'in order' then 'reached production ' || promotion end as varchar) as exclusion_reason,
    cast(stage_deployment_id as varchar) as detail
from marts.promotions
