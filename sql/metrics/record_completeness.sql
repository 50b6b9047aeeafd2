-- description: How complete change records are: the weight of what is present over the weight of what applies; a reviewed change needs a description and a reviewer, a change request also risk, stakeholders and a back-out plan.
-- grain: record_id
-- materialized: view
-- label: Record completeness
-- unit: ratio
-- kind: ratio
-- statistic: ratio
-- better: higher
-- minimum_sample: 10
-- dated_by: request
-- source: Definitions, other rates
-- absent_reason: no change record in the period
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
    cast(coalesce(requested_at, created_at) as timestamp) as occurred_at,
    cast(completeness >= 1 as boolean) as in_numerator,
    cast(completeness as double) as value,
    cast(cast(null as varchar) as varchar) as exclusion_reason,
    cast(missing as varchar) as detail
from marts.change_completeness
