-- description: Every window as it was scheduled, with the number of others that it conflicts with: on the same component, or on the
--   same service where one of the two names no component. Half-open: touching is not overlap.
-- grain: window_id
-- order_by: planned_start_at, window_id
-- column: window_id | The window.
-- column: change_id | The change it is for.
-- column: service | Service; null when nothing names one.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: planned_start_at | Start as planned, UTC.
-- column: conflicts | How many other windows it conflicts with.
-- column: is_comparable | Whether it names a component or a service, without which nothing tells what it conflicts with.
-- column: exclusion_reason | Why it counts as not scheduled; null when it counts.
-- not_null: window_id, conflicts, is_comparable
-- unique: window_id
with found as (
    select distinct o.number_a, o.number_b
    from intermediate.int_window_pairs o
    inner join intermediate.int_window_places p on p.place = o.place
    where p.basis = 'planned' and (p.scope = 'component' or (p.scope = 'service' and not o.has_components))
),
counted as (
    select window_number, count(*) as conflicts
    from (select number_a as window_number from found union all select number_b from found) f
    group by window_number
),
conflicts as (
    select n.window_id, c.conflicts
    from counted c
    inner join intermediate.int_numbered_windows n on n.window_number = c.window_number
)
select
    cast(w.window_id as varchar) as window_id,
    cast(w.change_id as varchar) as change_id,
    cast(w.service as varchar) as service,
    cast(w.team as varchar) as team,
    cast(w.change_type as varchar) as change_type,
    cast(w.planned_start_at as timestamp) as planned_start_at,
    cast(coalesce(c.conflicts, 0) as bigint) as conflicts,
    cast(w.service is not null or w.component is not null as boolean) as is_comparable,
    cast(
        case
            when w.is_withdrawn then 'rejected or cancelled'
            when w.planned_start_at is null then 'unschedulable: no planned start'
            -- What it became is another matter: a plan is sound whatever its actual times say.
            when w.planned_end_at < w.planned_start_at then 'ends before it starts'
        end as varchar
    ) as exclusion_reason
from marts.windows w
left join conflicts c on c.window_id = w.window_id
where w.kind <> 'freeze'
