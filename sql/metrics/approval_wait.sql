-- description: How long changes wait for approval, those still waiting included as censored at their age: the Kaplan–Meier median. Changes that ended without approval are censored at their end.
-- grain: record_id
-- materialized: view
-- label: Approval wait, pending included
-- unit: seconds
-- kind: survival
-- statistic: kaplan_meier
-- better: lower
-- minimum_sample: 10
-- dated_by: request
-- source: Definitions, approval latency
-- absent_reason: no approval was asked for in the period
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
    cast(requested_at as timestamp) as occurred_at,
    cast(effective_approval_at is not null as boolean) as in_numerator,
    cast((epoch_us(waited_until) - epoch_us(requested_at)) / 1000000.0 as double) as value,
    cast(
        case
            when change_type = 'standard' or approval_basis in ('standard', 'policy') then 'approved in advance or by a named policy'
            when approval_gap is not null then 'not collectable: ' || approval_gap
            when has_untimed_approval then 'not collectable: no record states whether an approval held in time'
            when unresolved_approval_at is not null then 'not collectable: approved by somebody who is not known'
            when is_draft and effective_approval_at is null then 'a draft, which waits for nobody'
            when requested_at is null then 'not collectable: no instant of the request'
            when waited_until is null then 'not collectable: no instant of its end'
            when waited_until < requested_at then 'ended before it was asked for'
        end as varchar) as exclusion_reason,
    cast(case when effective_approval_at is not null then 'approved' when state = 'open' then 'still pending' else 'ended without approval' end as varchar) as detail
from (
    select
        c.*,
        -- What is open goes on waiting; of what ended without approval the wait ended then, and is unknown without that instant.
        coalesce(effective_approval_at, merged_at, closed_at, case when state = 'open' then b.as_of end) as waited_until
    from marts.changes c
    cross join config.build b
) w
