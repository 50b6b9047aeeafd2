-- description: Share of artifacts that reached production before, or without, a successful deployment to the stage below
--   (staging). Counted the first time an artifact reaches production, for services that have such a stage.
-- grain: record_id
-- materialized: view
-- label: Promotions out of order
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: production deployment start
-- source: Definitions, failure
-- absent_reason: no artifact reached production of a service with a stage below it
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
    cast(coalesce(started_at, finished_at) as timestamp) as occurred_at,
    cast(coalesce(promotion <> 'in order', false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(exclusion_reason as varchar) as exclusion_reason,
    cast(promotion as varchar) as detail
from marts.promotions
