-- description: Share of closed changes that were unsuccessful, backed out, or successful with issues.
-- grain: record_id
-- materialized: view
-- label: Unsuccessful or with issues
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: closure
-- source: Definitions, failure; ITSM
-- absent_reason: no closed change says how it ended
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
    cast(coalesce(closed_at, merged_at, implemented_at, created_at) as timestamp) as occurred_at,
    cast(coalesce(outcome in ('unsuccessful', 'backed_out', 'successful_with_issues'), false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when state in ('open', 'rejected', 'withdrawn') or outcome = 'cancelled' then 'not implemented'
            when outcome is null then 'not collectable: no closure code'
        end as varchar) as exclusion_reason,
    cast(outcome as varchar) as detail
from marts.changes
