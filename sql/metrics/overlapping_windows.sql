-- description: Share of scheduled changes whose planned window overlaps another one on the same component, or on the same
--   service where a component is not named. Half-open: touching is not overlap.
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
with conflicts as (
    select window_id, count(*) as conflicts
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
    cast(w.window_id as varchar) as record_id,
    cast('window' as varchar) as record_kind,
    cast(w.service as varchar) as service,
    cast(w.team as varchar) as team,
    cast(w.change_type as varchar) as change_type,
    cast(w.planned_start_at as timestamp) as occurred_at,
    cast(c.window_id is not null as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when w.is_withdrawn then 'rejected or cancelled'
            when w.planned_start_at is null then 'unschedulable: no planned start'
            when w.problem = 'reversed' then 'ends before it starts'
        end as varchar
    ) as exclusion_reason,
    cast(case when c.conflicts > 0 then 'overlaps ' || cast(c.conflicts as varchar) || ' other' end as varchar) as detail
from marts.windows w
left join conflicts c on c.window_id = w.window_id
where w.kind <> 'freeze'
