-- description: One row per planned or worked window, with what is wrong with it and when it was known.
-- grain: window_id
-- order_by: service, planned_start_at, window_id
-- column: window_id | Source, form and key, joined by ':'.
-- column: source | Name of the source instance.
-- column: kind | change, outage or freeze.
-- column: title | Title.
-- column: url | The source's own page.
-- column: change_id | The change it is for.
-- column: service | Service; null when nothing names one.
-- column: team | Its team.
-- column: component | Component as stated.
-- column: environment | Environment as stated.
-- column: implementer | Person who carries it out.
-- column: change_type | standard, normal or emergency.
-- column: is_withdrawn | Whether it was rejected or cancelled.
-- column: created_at | When it was entered, UTC.
-- column: planned_start_at | Start as planned, UTC.
-- column: planned_end_at | End as planned, UTC; filled when missing.
-- column: planned_end_basis | stated, actual, median or default.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC.
-- column: actual_end_basis | stated or running.
-- column: approved_at | When its change was effectively approved, UTC.
-- column: notice_seconds | Planned start minus entry; negative when entered afterwards; null when either is unknown.
-- column: is_created_after_start | Whether it was entered after its start; null when either is unknown.
-- column: early_seconds | How long work ran before the planned start; 0 when it did not; null without actual times.
-- column: late_seconds | How long work ran after the planned end; 0 when it did not; null without actual times.
-- column: problem | unschedulable (no start), reversed or zero_length; null when sound.
-- column: source_event_id | The source event this row was read from.
-- not_null: window_id, source, kind, is_withdrawn
-- unique: window_id
-- assert: problem in ('unschedulable', 'reversed', 'zero_length')
select
    cast(w.window_id as varchar) as window_id,
    cast(w.source as varchar) as source,
    cast(w.kind as varchar) as kind,
    cast(w.title as varchar) as title,
    cast(w.url as varchar) as url,
    cast(w.change_id as varchar) as change_id,
    cast(w.service as varchar) as service,
    cast(w.team as varchar) as team,
    cast(w.component as varchar) as component,
    cast(w.environment as varchar) as environment,
    cast(w.implementer as varchar) as implementer,
    cast(w.change_type as varchar) as change_type,
    cast(w.is_withdrawn as boolean) as is_withdrawn,
    cast(w.created_at as timestamp) as created_at,
    cast(w.planned_start_at as timestamp) as planned_start_at,
    cast(w.planned_end_at as timestamp) as planned_end_at,
    cast(w.planned_end_basis as varchar) as planned_end_basis,
    cast(w.actual_start_at as timestamp) as actual_start_at,
    cast(w.actual_end_at as timestamp) as actual_end_at,
    cast(w.actual_end_basis as varchar) as actual_end_basis,
    cast(d.effective_approval_at as timestamp) as approved_at,
    cast((epoch_us(w.planned_start_at) - epoch_us(w.created_at)) / 1000000.0 as double) as notice_seconds,
    cast(w.created_at > w.planned_start_at as boolean) as is_created_after_start,
    cast(
        case
            when w.actual_start_at is not null and w.planned_start_at is not null
                then greatest(epoch_us(w.planned_start_at) - epoch_us(w.actual_start_at), 0) / 1000000.0
        end as double
    ) as early_seconds,
    cast(
        case
            when w.actual_end_at is not null and w.planned_end_at is not null
                then greatest(epoch_us(w.actual_end_at) - epoch_us(w.planned_end_at), 0) / 1000000.0
        end as double
    ) as late_seconds,
    cast(
        case when w.planned_start_at is null and w.actual_start_at is null then 'unschedulable' else w.problem end as varchar
    ) as problem,
    cast(w.source_event_id as varchar) as source_event_id
from intermediate.int_windows w
left join intermediate.int_change_decisions d on d.change_id = w.change_id
