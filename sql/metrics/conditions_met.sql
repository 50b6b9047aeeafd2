-- description: Share of approval conditions that were due and were met in time.
-- grain: record_id
-- materialized: view
-- label: Conditions met in time
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: higher
-- minimum_sample: 5
-- dated_by: condition due
-- source: Definitions, practice; condition ledger
-- absent_reason: no approval condition was due in the period
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
    cast(condition_id as varchar) as record_id,
    cast('condition' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(cast(null as varchar) as varchar) as change_type,
    cast(coalesce(due_at, set_at) as timestamp) as occurred_at,
    cast(status = 'met' as boolean) as in_numerator,
    cast(null as double) as value,
    cast(case when status = 'open' then 'not yet due' when status = 'lapsed' then 'never due: the change was given up' when status = 'unverifiable' then 'unverifiable: no record could say' end as varchar) as exclusion_reason,
    cast(status as varchar) as detail
from marts.conditions
