-- description: Share of worked windows that began before the planned start or ended after the planned end.
-- grain: record_id
-- materialized: view
-- label: Work outside the planned window
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: window start
-- source: Definitions, change windows
-- absent_reason: no window has both planned and actual times
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
    cast(window_id as varchar) as record_id,
    cast('window' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(coalesce(planned_start_at, actual_start_at) as timestamp) as occurred_at,
    cast(coalesce(early_seconds, 0) > 0 or coalesce(late_seconds, 0) > 0 as boolean) as in_numerator,
    cast(coalesce(early_seconds, 0) + coalesce(late_seconds, 0) as double) as value,
    cast(
        case
            when is_withdrawn then 'rejected or cancelled'
            when problem = 'reversed' then 'ends before it starts'
            -- Early or late is outside, whatever is not known of the other side or is still to come.
            when coalesce(early_seconds, 0) > 0 or coalesce(late_seconds, 0) > 0 then null
            when early_seconds is null or late_seconds is null then 'no actual times'
            when actual_end_basis = 'running' then 'still running'
        end as varchar
    ) as exclusion_reason,
    cast(
        coalesce(cast(early_seconds as varchar), 'unknown') || ' s early, ' || coalesce(cast(late_seconds as varchar), 'unknown')
            || ' s late' as varchar
    ) as detail
from marts.windows
where kind <> 'freeze'
