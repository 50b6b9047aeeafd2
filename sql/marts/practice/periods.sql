-- description: The periods that practice is shown for: each calendar quarter with data, the trailing days
--   (practice.recent_days, 90 unless set) and as many before them.
-- grain: period
-- order_by: start_at, period
-- column: period | Name: 2026Q3, last_90_days, previous_90_days (with the days that are set) or all.
-- column: kind | quarter, recent, before_recent or all.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive.
-- column: until_at | How far the build knows it: its end, or the build's instant where it still runs, UTC, exclusive.
-- column: weeks | Length in weeks of what the build knows of it.
-- not_null: period, kind, start_at, end_at, until_at, weeks
-- unique: period
-- assert: end_at > start_at
-- assert: until_at > start_at and until_at <= end_at
-- assert: kind in ('quarter', 'recent', 'before_recent', 'all')
with seen as (
    select occurred_at from marts.activities
    cross join config.build b
    where occurred_at is not null and occurred_at <= b.as_of
),
quarters as (
    select distinct date_trunc('quarter', occurred_at) as start_at from seen
),
recently as (
    select b.as_of, l.recent_days, cast(cast(l.recent_days as bigint) as varchar) as days
    from config.build b
    cross join config.practice l
),
periods as (
    select
        cast(extract(year from start_at) as varchar) || 'Q' || cast(extract(quarter from start_at) as varchar) as period,
        'quarter' as kind,
        start_at,
        start_at + interval '3 months' as end_at
    from quarters
    union all
    select 'last_' || days || '_days', 'recent', as_of - recent_days * interval '1 day', as_of from recently
    union all
    select 'previous_' || days || '_days', 'before_recent', as_of - 2 * recent_days * interval '1 day',
        as_of - recent_days * interval '1 day'
    from recently
    union all
    select 'all', 'all', min(occurred_at), max(occurred_at) + interval '1 second' from seen having count(*) > 0
),
known as (
    -- A quarter that still runs is not a quarter of few acts: of what is to come nothing is known.
    select p.*, least(p.end_at, greatest(b.as_of, p.start_at + interval '1 second')) as until_at
    from periods p
    cross join config.build b
)
select
    cast(period as varchar) as period,
    cast(kind as varchar) as kind,
    cast(start_at as timestamp) as start_at,
    cast(end_at as timestamp) as end_at,
    cast(until_at as timestamp) as until_at,
    cast((epoch_us(until_at) - epoch_us(start_at)) / 604800000000.0 as double) as weeks
from known
