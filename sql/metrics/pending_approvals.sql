-- description: Changes whose approval was asked for and not yet given, with their age at the build.
-- grain: record_id
-- materialized: view
-- label: Pending approvals
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 1
-- dated_by: request
-- source: Definitions, approval latency
-- absent_reason: no change waits for approval
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
    cast(null as boolean) as in_numerator,
    cast((epoch_us(b.as_of) - epoch_us(requested_at)) / 1000000.0 as double) as value,
    cast(case
            when requested_at > b.as_of then 'asked for after the build'
            when is_draft then 'a draft, which waits for nobody'
            when has_untimed_approval then 'not collectable: no record states whether an approval held in time'
            when unresolved_approval_at is not null then 'not collectable: approved by somebody who is not known'
        end as varchar) as exclusion_reason,
    cast(status as varchar) as detail
from marts.changes
cross join config.build b
where state = 'open' and effective_approval_at is null and requested_at is not null and is_approval_collectable
    -- What is approved in advance waits for nobody.
    and coalesce(approval_basis, '') <> 'standard'
