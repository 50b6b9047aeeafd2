-- description: The periods that practice is shown for: each calendar quarter with data, the last 90 days and the 90 before.
-- grain: period
-- order_by: start_at, period
-- column: period | Name: 2026Q3, last_90_days, previous_90_days or all.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive.
-- column: weeks | Length in weeks.
-- not_null: period, start_at, end_at, weeks
-- unique: period
-- assert: end_at > start_at
with seen as (
    select occurred_at from marts.activities
    cross join config.build b
    where occurred_at is not null and occurred_at <= b.as_of
),
quarters as (
    select distinct date_trunc('quarter', occurred_at) as start_at from seen
),
periods as (
    select
        cast(extract(year from start_at) as varchar) || 'Q' || cast(extract(quarter from start_at) as varchar) as period,
        start_at,
        start_at + interval '3 months' as end_at
    from quarters
    union all
    select 'last_90_days', as_of - interval '90 days', as_of from config.build
    union all
    select 'previous_90_days', as_of - interval '180 days', as_of - interval '90 days' from config.build
    union all
    select 'all', min(occurred_at), max(occurred_at) + interval '1 second' from seen having count(*) > 0
)
select
    cast(period as varchar) as period,
    cast(start_at as timestamp) as start_at,
    cast(end_at as timestamp) as end_at,
    cast((epoch_us(end_at) - epoch_us(start_at)) / 604800000000.0 as double) as weeks
from periods
