-- description: How often the separation is missing per team and dimension over the trailing days of the settings
--   (practice.recent_days, 90 unless set), censored weeks left out.
-- grain: team, dimension
-- order_by: team, dimension
-- column: team | The team.
-- column: dimension | The dimension.
-- column: n | Marks.
-- column: x | Marks with the separation missing.
-- column: level | x ÷ n.
-- not_null: team, dimension, n, x
-- unique: team, dimension
-- assert: level between 0 and 1
select
    cast(m.team as varchar) as team,
    cast(m.dimension as varchar) as dimension,
    cast(count(*) as bigint) as n,
    cast(sum(m.x) as bigint) as x,
    cast(sum(m.x) * 1.0 / count(*) as double) as level
from marts.drift_marks m
cross join config.build b
cross join config.practice p
left join marts.drift_gate g on g.team = m.team and g.week = date_trunc('week', m.day)
where m.occurred_at >= b.as_of - p.recent_days * interval '1 day' and m.occurred_at < b.as_of and g.team is null
group by m.team, m.dimension
