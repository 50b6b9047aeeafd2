-- description: Finished production deployments per service and day, days without any included, from the first to the last deployment of the service seen.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Deployments per day
-- unit: count
-- kind: ratio
-- statistic: ratio
-- better: neither
-- minimum_sample: 10
-- dated_by: day
-- source: Definitions, failure; DORA
-- absent_reason: no deployments to production in the period
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
    cast(service || '|' || cast(day as varchar) as varchar) as record_id,
    cast('service_day' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(cast(null as varchar) as varchar) as change_type,
    cast(day as timestamp) as occurred_at,
    cast(deployments > 0 as boolean) as in_numerator,
    cast(deployments as double) as value,
    cast(cast(null as varchar) as varchar) as exclusion_reason,
    cast(cast(deployments as varchar) || ' deployments' as varchar) as detail
from marts.service_days
