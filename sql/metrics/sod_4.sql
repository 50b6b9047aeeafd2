-- description: Share of changes that their requester approved.
-- grain: record_id
-- materialized: view
-- label: Requester approved
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: merge
-- source: Definitions, separation of duties
-- absent_reason: nothing of this kind can be tested in the period
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
    cast(record_id as varchar) as record_id,
    cast(record_kind as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(occurred_at as timestamp) as occurred_at,
    cast(result = 'fail' as boolean) as in_numerator,
    cast(null as double) as value,
    cast(case when result in ('exempt', 'indeterminate', 'not_collectable') then replace(result, '_', ' ') end as varchar) as exclusion_reason,
    cast(reason as varchar) as detail
from marts.separation_of_duties
where test = 'sod_4'
