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
-- Most changes have one window; only where there are several they are put in order.
repeated as (
    select record_id from judged group by record_id having count(*) > 1
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
        ) as place,
        row_number() over (
            partition by j.record_id
            order by case when j.exclusion_reason in ('rejected or cancelled', 'ends before it starts') then 1 else 0 end,
                j.started_at nulls last, j.window_id
        ) as first_place
    from judged j
    inner join repeated r on r.record_id = j.record_id
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
    cast(
        coalesce(cast(j.early_seconds as varchar), 'unknown') || ' s early, '
            || coalesce(cast(j.late_seconds as varchar), 'unknown') || ' s late' as varchar
    ) as detail
from judged j
left join repeated r on r.record_id = j.record_id
where r.record_id is null
union all
select
    cast(record_id as varchar) as record_id,
    cast(case when min(change_id) is null then 'window' else 'change' end as varchar) as record_kind,
    cast(arg_min(service, first_place) as varchar) as service,
    -- Of the window that the service is of.
    cast(
        case
            when min(service) is null then arg_min(team, first_place)
            else nullif(arg_min(case when service is not null then coalesce(team, '') end, first_place), '')
        end as varchar
    ) as team,
    cast(arg_min(change_type, first_place) as varchar) as change_type,
    cast(arg_min(started_at, first_place) as timestamp) as occurred_at,
    cast(max(case when place = 1 and outside_seconds > 0 then 1 else 0 end) = 1 as boolean) as in_numerator,
    cast(max(case when place = 1 then outside_seconds end) as double) as value,
    cast(max(case when place = 1 then exclusion_reason end) as varchar) as exclusion_reason,
    cast(
        max(
            case
                when place = 1
                    then coalesce(cast(early_seconds as varchar), 'unknown') || ' s early, '
                        || coalesce(cast(late_seconds as varchar), 'unknown') || ' s late'
            end
        ) as varchar
    ) as detail
from placed
group by record_id
