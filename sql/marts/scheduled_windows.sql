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
-- column: exclusion_reason | Why it counts as not scheduled; null when it counts.
-- not_null: window_id, conflicts
-- unique: window_id
with conflicts as (
    select window_id, count(distinct other) as conflicts
    from (
        select window_a as window_id, window_b as other, scope from marts.window_overlaps where basis = 'planned'
        union all
        select window_b, window_a, scope from marts.window_overlaps where basis = 'planned'
    ) o
    inner join (select window_id as id, component from marts.windows) a on a.id = o.window_id
    inner join (select window_id as id, component from marts.windows) b on b.id = o.other
    where o.scope = 'component' or (o.scope = 'service' and (a.component is null or b.component is null))
    group by window_id
)
select
    cast(w.window_id as varchar) as window_id,
    cast(w.change_id as varchar) as change_id,
    cast(w.service as varchar) as service,
    cast(w.team as varchar) as team,
    cast(w.change_type as varchar) as change_type,
    cast(w.planned_start_at as timestamp) as planned_start_at,
    cast(coalesce(c.conflicts, 0) as bigint) as conflicts,
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
