-- description: Share of emergency changes that were planned well ahead, which makes them no emergency.
-- grain: record_id
-- label: Planned emergencies
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 5
-- dated_by: planned start
-- source: Definitions, other rates
-- absent_reason: no emergency change was scheduled
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
with planned as (
    -- The window records of a change, or its own planned start where it has none.
    select change_id, min(planned_start_at) as planned_start_at
    from marts.windows
    where change_id is not null and not is_withdrawn and kind <> 'freeze'
    group by change_id
)
select
    cast(c.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(c.service as varchar) as service,
    cast(c.team as varchar) as team,
    cast(c.change_type as varchar) as change_type,
    cast(p.planned_start_at as timestamp) as occurred_at,
    cast((epoch_us(p.planned_start_at) - epoch_us(c.created_at)) / 3600000000.0 > t.planned_emergency_hours as boolean)
        as in_numerator,
    cast((epoch_us(p.planned_start_at) - epoch_us(c.created_at)) / 1000000.0 as double) as value,
    cast(
        case when p.planned_start_at is null then 'not scheduled' when c.created_at is null then 'creation unknown' end as varchar
    ) as exclusion_reason,
    cast(c.status as varchar) as detail
from marts.changes c
cross join config.thresholds t
left join planned p on p.change_id = c.change_id
where c.change_type = 'emergency'
