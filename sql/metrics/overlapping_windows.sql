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
with counted as (
    select
        change_id,
        count(*) as windows,
        min(service) as service,
        min(team) as team,
        min(change_type) as change_type,
        max(conflicts) as most_conflicts,
        sum(case when conflicts > 0 then 1 else 0 end) as in_conflict,
        max(case when exclusion_reason is null then 1 else 0 end) = 1 as is_scheduled,
        max(case when exclusion_reason is null and is_comparable then 1 else 0 end) = 1 as is_comparable,
        max(case when exclusion_reason is null and conflicts > 0 then 1 else 0 end) = 1 as is_conflict,
        -- Of the first window that is scheduled, else of the first.
        coalesce(min(case when exclusion_reason is null then planned_start_at end), min(planned_start_at)) as planned_start_at,
        -- What is unknown of one goes before what is wrong with another.
        min(
            case exclusion_reason
                when 'unschedulable: no planned start' then 1 when 'ends before it starts' then 2 when 'rejected or cancelled' then 3
            end
        ) as reason_rank
    from marts.scheduled_windows
    where change_id is not null
    group by change_id
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
    cast(
        coalesce(exclusion_reason, case when not is_comparable then 'not collectable: names neither a component nor a service' end)
        as varchar
    ) as exclusion_reason,
    cast(case when conflicts > 0 then 'overlaps ' || cast(conflicts as varchar) || ' other' end as varchar) as detail
from marts.scheduled_windows
where change_id is null
union all
select
    cast(c.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(case when f.change_id is null then c.service else f.service end as varchar) as service,
    cast(case when f.change_id is null then c.team else f.team end as varchar) as team,
    cast(case when f.change_id is null then c.change_type else f.change_type end as varchar) as change_type,
    cast(c.planned_start_at as timestamp) as occurred_at,
    cast(c.is_conflict as boolean) as in_numerator,
    cast(null as double) as value,
    -- Scheduled by any of its windows.
    cast(
        case
            when c.is_comparable then null
            when c.is_scheduled then 'not collectable: names neither a component nor a service'
            when c.reason_rank = 1 then 'unschedulable: no planned start'
            when c.reason_rank = 2 then 'ends before it starts'
            else 'rejected or cancelled'
        end as varchar
    ) as exclusion_reason,
    cast(
        case
            when c.most_conflicts = 0 then null
            when c.windows = 1 then 'overlaps ' || cast(c.most_conflicts as varchar) || ' other'
            else cast(c.in_conflict as varchar) || ' of ' || cast(c.windows as varchar) || ' windows overlap others'
        end as varchar
    ) as detail
from counted c
left join marts.several_windows f on f.change_id = c.change_id
