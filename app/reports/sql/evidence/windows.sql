-- description: Planned and worked windows that touch the period, and those that overlap them.
-- grain: window_id
-- column: window_id | The window.
-- column: kind | change, outage or freeze.
-- column: title | Title.
-- column: url | The source's own page.
-- column: change_id | The change it is for.
-- column: service | Service.
-- column: team | Its team.
-- column: component | Component as stated.
-- column: environment | Environment as stated.
-- column: implementer | Who carries it out.
-- column: change_type | standard, normal or emergency.
-- column: is_withdrawn | Whether it was rejected or cancelled.
-- column: created_at | When it was entered, UTC.
-- column: planned_start_at | Start as planned, UTC.
-- column: planned_end_at | End as planned, UTC.
-- column: planned_end_basis | Whether the end was stated, or how it was filled.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC.
-- column: early_seconds | How long work ran before the planned start.
-- column: late_seconds | How long work ran after the planned end.
-- column: is_created_after_start | Whether it was entered after its start.
-- column: problem | What is wrong with it; empty when sound.
-- column: conflicts | Other windows it overlaps, in any scope.
with conflicts as (
    select window_id, count(distinct other) as conflicts
    from (
        select window_a as window_id, window_b as other from marts.window_overlaps
        union all
        select window_b, window_a from marts.window_overlaps
    ) pairs
    group by window_id
)
select
    w.window_id, w.kind, w.title, w.url, w.change_id, w.service, w.team, w.component, w.environment, w.implementer,
    w.change_type, w.is_withdrawn, w.created_at, w.planned_start_at, w.planned_end_at, w.planned_end_basis,
    w.actual_start_at, w.actual_end_at, w.early_seconds, w.late_seconds, w.is_created_after_start, w.problem,
    coalesce(c.conflicts, 0) as conflicts
from marts.windows w
left join conflicts c on c.window_id = w.window_id
