-- description: Share of scheduled changes of which a planned window overlaps one of another change on the same component, or on
--   the same service where a component is not named. However many windows a change has, it counts once; a window without a
--   change counts for itself. Half-open: touching is not overlap.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Overlapping windows
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
with placed as (
    select
        *,
        change_id as record_id,
        row_number() over (
            partition by change_id
            order by case when exclusion_reason is null then 0 else 1 end, planned_start_at, window_id
        ) as place
    from marts.scheduled_windows
    where change_id is not null
)
-- A window without a change counts for itself; only the windows of one change are put together.
select
    cast(window_id as varchar) as record_id,
    cast('window' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(planned_start_at as timestamp) as occurred_at,
    cast(exclusion_reason is null and conflicts > 0 as boolean) as in_numerator,
    cast(null as double) as value,
    cast(exclusion_reason as varchar) as exclusion_reason,
    cast(case when conflicts > 0 then 'overlaps ' || cast(conflicts as varchar) || ' other' end as varchar) as detail
from marts.scheduled_windows
where change_id is null
union all
select
    cast(record_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(arg_min(service, place) as varchar) as service,
    -- Of the window that the service is of.
    cast(
        case
            when min(service) is null then arg_min(team, place)
            else nullif(arg_min(case when service is not null then coalesce(team, '') end, place), '')
        end as varchar
    ) as team,
    cast(arg_min(change_type, place) as varchar) as change_type,
    cast(arg_min(planned_start_at, place) as timestamp) as occurred_at,
    cast(sum(case when exclusion_reason is null and conflicts > 0 then 1 else 0 end) > 0 as boolean) as in_numerator,
    cast(null as double) as value,
    -- Scheduled by any of its windows.
    cast(max(case when place = 1 then exclusion_reason end) as varchar) as exclusion_reason,
    cast(
        case
            when max(conflicts) = 0 then null
            when count(*) = 1 then 'overlaps ' || cast(max(conflicts) as varchar) || ' other'
            else cast(sum(case when conflicts > 0 then 1 else 0 end) as varchar) || ' of ' || cast(count(*) as varchar)
                || ' windows overlap others'
        end as varchar
    ) as detail
from placed
group by record_id
