-- description: The notice that every scheduled change gave: from its entry to the start of its windows. A change with several windows
--   gave the least that any of them gave; a window without a change stands for itself.
-- grain: record_id
-- order_by: service, planned_start_at, record_id
-- column: record_id | The change, or the window where it has none.
-- column: record_kind | change or window.
-- column: service | Service of its window; of several, as in several_windows.
-- column: team | Team of that window.
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
with records as (
    select *, coalesce(change_id, window_id) as record_id, not is_withdrawn and planned_start_at is not null as is_scheduled
    from marts.windows
    where kind <> 'freeze'
),
noticed as (
    select
        record_id,
        min(change_id) as change_id,
        min(service) as service,
        min(team) as team,
        min(change_type) as change_type,
        -- Of the first window that is neither rejected nor cancelled, else of the first.
        coalesce(min(case when is_scheduled then planned_start_at end), min(planned_start_at)) as planned_start_at,
        min(kind) as kind,
        count(*) as windows,
        min(case when is_scheduled then notice_seconds end) as notice_seconds,
        max(case when is_scheduled and is_created_after_start then 1 else 0 end) = 1 as is_late,
        max(case when is_scheduled and created_at is null then 1 else 0 end) = 1 as is_unknown,
        max(case when is_scheduled then 1 else 0 end) = 1 as is_scheduled,
        min(case when is_withdrawn then 1 else 0 end) = 1 as is_withdrawn
    from records
    group by record_id
)
select
    cast(n.record_id as varchar) as record_id,
    cast(case when n.change_id is null then 'window' else 'change' end as varchar) as record_kind,
    cast(case when f.change_id is null then n.service else f.service end as varchar) as service,
    cast(case when f.change_id is null then n.team else f.team end as varchar) as team,
    cast(case when f.change_id is null then n.change_type else f.change_type end as varchar) as change_type,
    cast(n.planned_start_at as timestamp) as planned_start_at,
    cast(n.notice_seconds as double) as notice_seconds,
    cast(n.is_late as boolean) as is_late,
    cast(n.is_unknown or not n.is_scheduled as boolean) as is_unknown,
    cast(n.is_withdrawn as boolean) as is_withdrawn,
    cast(case when n.windows = 1 then n.kind else cast(n.windows as varchar) || ' windows' end as varchar) as detail
from noticed n
left join marts.several_windows f on f.change_id = n.change_id
