-- description: Share of changes whose work began before the planned start or ended after the planned end of a window. However many
--   windows a change has, it counts once, by the one that was furthest out; a window without a change counts for itself.
-- grain: record_id
-- label: Work outside the planned window
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: window start
-- source: Definitions, change windows
-- absent_reason: no window has both planned and actual times
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
with judged as (
    select
        window_id, change_id, service, team, change_type, early_seconds, late_seconds,
        coalesce(change_id, window_id) as record_id,
        coalesce(planned_start_at, actual_start_at) as started_at,
        coalesce(early_seconds, 0) + coalesce(late_seconds, 0) as outside_seconds,
        coalesce(cast(early_seconds as varchar), 'unknown') || ' s early, '
            || coalesce(cast(late_seconds as varchar), 'unknown') || ' s late' as detail,
        case
            when is_withdrawn then 'rejected or cancelled'
            when problem = 'reversed' then 'ends before it starts'
            -- Early or late is outside, whatever is not known of the other side or is still to come.
            when coalesce(early_seconds, 0) > 0 or coalesce(late_seconds, 0) > 0 then null
            when early_seconds is null or late_seconds is null then 'no actual times'
            when actual_end_basis = 'running' then 'still running'
        end as exclusion_reason
    from marts.windows
    where kind <> 'freeze'
),
placed as (
    -- Outside in one window is outside; what is unknown of a window leaves the others' being inside open.
    select j.*,
        row_number() over (
            partition by j.record_id
            order by
                case when j.outside_seconds > 0 and j.exclusion_reason is null then 0 else 1 end,
                case j.exclusion_reason
                    when 'no actual times' then 1 when 'still running' then 2 when 'ends before it starts' then 4
                    when 'rejected or cancelled' then 5 else 3
                end,
                j.outside_seconds desc, j.started_at, j.window_id
        ) as place
    from judged j
    inner join marts.several_windows f on f.change_id = j.change_id
),
furthest as (
    select
        change_id,
        -- Of the first window that is neither withdrawn nor reversed, else of the first.
        coalesce(
            min(case when coalesce(exclusion_reason, '') not in ('rejected or cancelled', 'ends before it starts') then started_at end),
            min(started_at)
        ) as started_at,
        max(case when place = 1 and outside_seconds > 0 then 1 else 0 end) = 1 as is_outside,
        max(case when place = 1 then outside_seconds end) as outside_seconds,
        max(case when place = 1 then exclusion_reason end) as exclusion_reason,
        max(case when place = 1 then detail end) as detail
    from placed
    group by change_id
)
select
    cast(j.record_id as varchar) as record_id,
    cast(case when j.change_id is null then 'window' else 'change' end as varchar) as record_kind,
    cast(j.service as varchar) as service,
    cast(j.team as varchar) as team,
    cast(j.change_type as varchar) as change_type,
    cast(j.started_at as timestamp) as occurred_at,
    cast(coalesce(j.outside_seconds > 0, false) as boolean) as in_numerator,
    cast(j.outside_seconds as double) as value,
    cast(j.exclusion_reason as varchar) as exclusion_reason,
    cast(j.detail as varchar) as detail
from judged j
left join marts.several_windows f on f.change_id = j.change_id
where f.change_id is null
union all
select
    cast(w.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(f.service as varchar) as service,
    cast(f.team as varchar) as team,
    cast(f.change_type as varchar) as change_type,
    cast(w.started_at as timestamp) as occurred_at,
    cast(w.is_outside as boolean) as in_numerator,
    cast(w.outside_seconds as double) as value,
    cast(w.exclusion_reason as varchar) as exclusion_reason,
    cast(w.detail as varchar) as detail
from furthest w
inner join marts.several_windows f on f.change_id = w.change_id
