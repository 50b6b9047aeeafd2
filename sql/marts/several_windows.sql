-- description: Changes that have several windows, with the one service, team and type by which every metric of windows counts them:
--   of the window that starts first, by plan or else in fact, of those that are neither rejected or cancelled nor reversed; where
--   none is left, of the others. A window that names no service leaves it to the next. Most changes have one window and no row.
-- grain: change_id
-- order_by: change_id
-- column: change_id | The change.
-- column: windows | How many windows it has, freezes left out.
-- column: service | Service of the first window that names one.
-- column: team | Team of that same window; of the first that names one where no window names a service.
-- column: change_type | Type of the first window that states one.
-- not_null: change_id, windows
-- unique: change_id
-- assert: windows > 1
with several as (
    select change_id, count(*) as windows
    from intermediate.int_windows
    where kind <> 'freeze' and change_id is not null
    group by change_id
    having count(*) > 1
),
placed as (
    select
        w.change_id, s.windows, w.service, w.team, w.change_type,
        row_number() over (
            partition by w.change_id
            order by case when w.is_withdrawn or coalesce(w.problem = 'reversed', false) then 1 else 0 end,
                coalesce(w.planned_start_at, w.actual_start_at) nulls last, w.window_id
        ) as place
    from intermediate.int_windows w
    inner join several s on s.change_id = w.change_id
    where w.kind <> 'freeze'
)
select
    cast(change_id as varchar) as change_id,
    cast(min(windows) as bigint) as windows,
    cast(arg_min(service, place) as varchar) as service,
    cast(
        case
            when min(service) is null then arg_min(team, place)
            else nullif(arg_min(case when service is not null then coalesce(team, '') end, place), '')
        end as varchar
    ) as team,
    cast(arg_min(change_type, place) as varchar) as change_type
from placed
group by change_id
