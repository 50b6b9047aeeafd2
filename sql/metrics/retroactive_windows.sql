-- description: Share of windows that were entered after their own start.
-- grain: record_id
-- materialized: view
-- label: Windows entered after their start
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: window start
-- source: Definitions, change windows
-- absent_reason: no window was planned in the period
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
    cast(planned_start_at as timestamp) as occurred_at,
    cast(coalesce(is_created_after_start, false) as boolean) as in_numerator,
    cast(notice_seconds as double) as value,
    cast(case when is_withdrawn then 'rejected or cancelled' when is_created_after_start is null then 'entry or start unknown' end as varchar) as exclusion_reason,
    cast(kind as varchar) as detail
from marts.windows
where kind <> 'freeze'
