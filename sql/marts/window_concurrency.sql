-- description: How many windows are open at once per scope, by sweep line: one row per instant at which the number changes.
-- grain: basis, scope, scope_value, changed_at
-- column: basis | planned or actual.
-- column: scope | component, service, environment or implementer.
-- column: scope_value | Which one.
-- column: changed_at | The instant, UTC.
-- column: open_windows | Windows open from this instant on.
-- not_null: basis, scope, scope_value, changed_at, open_windows
-- unique: basis, scope, scope_value, changed_at
-- assert: open_windows >= 0
with edges as (
    select s.place, s.start_at as changed_at, 1 as step
    from intermediate.int_window_spans s
    inner join intermediate.int_window_places p on p.place = s.place and p.scope <> 'dependency'
    where s.end_at > s.start_at
    union all
    select s.place, s.end_at, -1
    from intermediate.int_window_spans s
    inner join intermediate.int_window_places p on p.place = s.place and p.scope <> 'dependency'
    where s.end_at > s.start_at
),
steps as (
    select place, changed_at, sum(step) as step from edges group by place, changed_at
),
running as (
    select
        place, changed_at,
        sum(step) over (partition by place order by changed_at rows between unbounded preceding and current row) as open_windows
    from steps
)
select
    cast(p.basis as varchar) as basis,
    cast(p.scope as varchar) as scope,
    cast(p.scope_value as varchar) as scope_value,
    cast(r.changed_at as timestamp) as changed_at,
    cast(r.open_windows as bigint) as open_windows
from running r
inner join intermediate.int_window_places p on p.place = r.place
-- By numbers, which are in the order of the names.
order by r.place, r.changed_at
