-- description: Marks per team, dimension, stratum and day: what the detector reads.
-- grain: team, dimension, stratum, day
-- order_by: team, dimension, stratum, day
-- column: team | The team.
-- column: dimension | The dimension.
-- column: stratum | Change type, with risk for bare decisions.
-- column: day | The day, UTC midnight.
-- column: n | Marks.
-- column: x | Marks with the separation missing.
-- not_null: team, dimension, stratum, day, n, x
-- unique: team, dimension, stratum, day
-- assert: x between 0 and n
with carried as (
    -- Counted once for all dimensions, where one row has the marks of five.
    select team, stratum, date_trunc('day', occurred_at) as day,
        count(owners) as owners_n, sum(owners) as owners_x,
        count(act) as act_n, sum(act) as act_x,
        count(change_record) as change_record_n, sum(change_record) as change_record_x,
        count(order_) as order__n, sum(order_) as order__x,
        count(batch) as batch_n, sum(batch) as batch_x
    from marts.drift_carried
    group by team, stratum, date_trunc('day', occurred_at)
),
counted as (
    select team, 'owners' as dimension, stratum, day, owners_n as n, owners_x as x from carried where owners_n > 0
    union all
    select team, 'act', stratum, day, act_n, act_x from carried where act_n > 0
    union all
    select team, 'change_record', stratum, day, change_record_n, change_record_x from carried where change_record_n > 0
    union all
    select team, 'order', stratum, day, order__n, order__x from carried where order__n > 0
    union all
    select team, 'batch', stratum, day, batch_n, batch_x from carried where batch_n > 0
    union all
    select team, dimension, stratum, date_trunc('day', occurred_at), count(*), sum(x)
    from marts.drift_single_marks
    group by team, dimension, stratum, date_trunc('day', occurred_at)
)
select
    cast(team as varchar) as team,
    cast(dimension as varchar) as dimension,
    cast(stratum as varchar) as stratum,
    cast(day as timestamp) as day,
    cast(n as bigint) as n,
    cast(x as bigint) as x
from counted
