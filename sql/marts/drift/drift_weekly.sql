-- description: Marks per team, dimension and week, with the week's gate: what the Process drift page plots.
-- grain: team, dimension, week
-- order_by: team, dimension, week
-- column: team | The team.
-- column: dimension | The dimension.
-- column: week | Monday of the week, UTC.
-- column: n | Marks.
-- column: x | Marks with the separation missing.
-- column: is_gated | Whether the week is censored because the source's decisions fell silent.
-- not_null: team, dimension, week, n, x, is_gated
-- unique: team, dimension, week
select
    cast(m.team as varchar) as team,
    cast(m.dimension as varchar) as dimension,
    cast(date_trunc('week', m.day) as timestamp) as week,
    cast(sum(m.n) as bigint) as n,
    cast(sum(m.x) as bigint) as x,
    cast(bool_or(g.team is not null) as boolean) as is_gated
from marts.drift_daily m
left join marts.drift_gate g on g.team = m.team and g.week = date_trunc('week', m.day)
group by m.team, m.dimension, date_trunc('week', m.day)
