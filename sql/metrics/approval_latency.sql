-- description: How long a change waited from the request for approval to its effective approval: the first instant at which a human
--   other than the requester had approved the revision that shipped.
-- grain: record_id
-- materialized: view
-- label: Approval latency
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 10
-- dated_by: effective approval
-- source: Definitions, approval latency
-- absent_reason: no change had an effective approval that can be timed
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
-- assert: value >= 0 or exclusion_reason is not null
select
    cast(change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(occurred_at as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    -- Not applicable to what is approved in advance; never 0.
    cast(
        case when change_type = 'standard' then null else (epoch_us(effective_approval_at) - epoch_us(requested_at)) / 1000000.0 end
        as double
    ) as value,
    cast(exclusion_reason as varchar) as exclusion_reason,
    cast('requested by ' || coalesce(requested_basis, 'unknown') as varchar) as detail
from marts.approval_times
