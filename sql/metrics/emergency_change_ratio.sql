-- description: Share of implemented changes that were emergencies.
-- grain: record_id
-- materialized: view
-- label: Emergency changes
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: implementation
-- source: Definitions, other rates
-- absent_reason: no implemented change says its type
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
    cast(change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(coalesce(merged_at, closed_at, implemented_at, created_at) as timestamp) as occurred_at,
    cast(coalesce(change_type = 'emergency', false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when not is_implemented then 'not implemented'
            when change_type is null then 'change type unknown'
        end as varchar) as exclusion_reason,
    cast(coalesce(change_type, 'unknown') as varchar) as detail
from marts.changes
