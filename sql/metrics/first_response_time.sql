-- description: How long a change waited from the request for approval to the first decision by a human other than the requester; comments are no decision.
-- grain: record_id
-- materialized: view
-- label: First response
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 10
-- dated_by: first response
-- source: Definitions, approval latency
-- absent_reason: no change had a first response that can be timed
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
with untimed as (
    -- Somebody other than the requester decided, at an instant that no record states.
    select distinct d.change_id
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    where d.decided_at is null and d.verdict in ('approved', 'rejected', 'changes_requested')
        and coalesce(d.decided_by_type, 'human') = 'human' and coalesce(d.decided_by <> c.requester, true)
)
select
    cast(c.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(coalesce(first_response_at, merged_at, closed_at, created_at) as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast((epoch_us(first_response_at) - epoch_us(requested_at)) / 1000000.0 as double) as value,
    cast(
        case
            when first_response_at is null and approval_gap is not null then 'not collectable: ' || approval_gap
            when first_response_at is null and u.change_id is not null then 'not collectable: no instant of the response'
            when first_response_at is null then 'no response recorded'
            when requested_at is null then 'not collectable: no instant of the request'
            when first_response_at < requested_at then 'answered before it was asked for'
        end as varchar) as exclusion_reason,
    cast(requested_basis as varchar) as detail
from marts.changes c
left join untimed u on u.change_id = c.change_id
