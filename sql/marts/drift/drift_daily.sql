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
select
    cast(team as varchar) as team,
    cast(dimension as varchar) as dimension,
    cast(stratum as varchar) as stratum,
    cast(day as timestamp) as day,
    cast(count(*) as bigint) as n,
    cast(sum(x) as bigint) as x
from marts.drift_marks
group by team, dimension, stratum, day
