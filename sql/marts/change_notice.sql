-- description: The notice that every scheduled change gave: from its entry to the start of its windows. A change with several windows
--   gave the least that any of them gave; a window without a change stands for itself.
-- grain: record_id
-- order_by: service, planned_start_at, record_id
-- column: record_id | The change, or the window where it has none.
-- column: record_kind | change or window.
-- column: service | Service of its first window.
-- column: team | Team of its first window.
-- column: change_type | standard, normal or emergency.
-- column: planned_start_at | Start of its first window that is not rejected or cancelled, UTC.
-- column: notice_seconds | Planned start minus entry, the least of its windows; negative when entered afterwards; null when unknown.
-- column: is_late | Whether any of its windows was entered after its own start.
-- column: is_unknown | Whether the entry of one of its windows is unknown, or no window has a start.
-- column: is_withdrawn | Whether all of its windows were rejected or cancelled.
-- column: detail | What kind of window, or how many.
-- not_null: record_id, record_kind, is_late, is_unknown, is_withdrawn
-- unique: record_id
-- assert: record_kind in ('change', 'window')
with placed as (
    select
        window_id, change_id, service, team, change_type, planned_start_at, created_at, notice_seconds, is_created_after_start, kind,
        coalesce(change_id, window_id) as record_id,
        not is_withdrawn and planned_start_at is not null as is_scheduled,
        is_withdrawn,
        row_number() over (
            partition by coalesce(change_id, window_id)
            order by case when not is_withdrawn and planned_start_at is not null then 0 else 1 end, planned_start_at, window_id
        ) as place
    from marts.windows
    where kind <> 'freeze'
),
noticed as (
    select
        record_id,
        min(change_id) as change_id,
        arg_min(service, place) as service,
        arg_min(team, place) as team,
        arg_min(change_type, place) as change_type,
        arg_min(planned_start_at, place) as planned_start_at,
        arg_min(kind, place) as kind,
        count(*) as windows,
        min(case when is_scheduled then notice_seconds end) as notice_seconds,
        max(case when is_scheduled and is_created_after_start then 1 else 0 end) = 1 as is_late,
        max(case when is_scheduled and created_at is null then 1 else 0 end) = 1 as is_unknown,
        max(case when is_scheduled then 1 else 0 end) = 1 as is_scheduled,
        min(case when is_withdrawn then 1 else 0 end) = 1 as is_withdrawn
    from placed
    group by record_id
)
select
    cast(record_id as varchar) as record_id,
    cast(case when change_id is null then 'window' else 'change' end as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(planned_start_at as timestamp) as planned_start_at,
    cast(notice_seconds as double) as notice_seconds,
    cast(is_late as boolean) as is_late,
    cast(is_unknown or not is_scheduled as boolean) as is_unknown,
    cast(is_withdrawn as boolean) as is_withdrawn,
    cast(case when windows = 1 then kind else cast(windows as varchar) || ' windows' end as varchar) as detail
from noticed
