-- description: Windows that can conflict, numbered in the order of their ids: what is compared millions of times is told apart by
--   numbers, and spelled out at the end. Withdrawn windows and freezes conflict with nothing.
-- grain: window_number
-- column: window_number | Number of the window in this build, in the order of ids.
-- column: window_id | The window.
-- column: same_number | Number of the first window of its release, within which nothing conflicts; its own without a release.
-- column: change_number | Number of the first window of its change, with which it does not conflict either; null without a change.
-- column: component | Component as stated.
-- column: service | Service; null when nothing names one.
-- column: environment | Environment as stated.
-- column: implementer | Person who carries it out.
-- column: planned_start_at | Start as planned, UTC.
-- column: planned_end_at | End as planned, UTC.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC.
-- not_null: window_number, window_id, same_number
-- unique: window_number
with numbered as (
    select window_id, source, release_key, change_id, component, service, environment, implementer, planned_start_at,
        planned_end_at, actual_start_at, actual_end_at, row_number() over (order by window_id) as window_number
    from intermediate.int_windows
    where not is_withdrawn and kind <> 'freeze'
),
releases as (
    select source, release_key, min(window_number) as window_number from numbered
    where release_key is not null
    group by source, release_key
),
changes as (
    select change_id, min(window_number) as window_number from numbered where change_id is not null group by change_id
)
select
    cast(n.window_number as integer) as window_number,
    cast(n.window_id as varchar) as window_id,
    cast(coalesce(r.window_number, n.window_number) as integer) as same_number,
    cast(c.window_number as integer) as change_number,
    cast(n.component as varchar) as component,
    cast(n.service as varchar) as service,
    cast(n.environment as varchar) as environment,
    cast(n.implementer as varchar) as implementer,
    cast(n.planned_start_at as timestamp) as planned_start_at,
    cast(n.planned_end_at as timestamp) as planned_end_at,
    cast(n.actual_start_at as timestamp) as actual_start_at,
    cast(n.actual_end_at as timestamp) as actual_end_at
from numbered n
left join releases r on r.source = n.source and r.release_key = n.release_key
left join changes c on c.change_id = n.change_id
