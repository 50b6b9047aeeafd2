-- description: How many windows are open at once per scope, by sweep line: one row per instant at which the number changes.
-- grain: basis, scope, scope_value, changed_at
-- order_by: basis, scope, scope_value, changed_at
-- column: basis | planned or actual.
-- column: scope | component, service, environment or implementer.
-- column: scope_value | Which one.
-- column: changed_at | The instant, UTC.
-- column: open_windows | Windows open from this instant on.
-- not_null: basis, scope, scope_value, changed_at, open_windows
-- unique: basis, scope, scope_value, changed_at
-- assert: open_windows >= 0
with edges as (
    select basis, scope, scope_value, start_at as changed_at, 1 as step from intermediate.int_window_spans where end_at > start_at
    union all
    select basis, scope, scope_value, end_at, -1 from intermediate.int_window_spans where end_at > start_at
),
steps as (
    select basis, scope, scope_value, changed_at, sum(step) as step from edges group by basis, scope, scope_value, changed_at
)
select
    cast(basis as varchar) as basis,
    cast(scope as varchar) as scope,
    cast(scope_value as varchar) as scope_value,
    cast(changed_at as timestamp) as changed_at,
    cast(
        sum(step) over (
            partition by basis, scope, scope_value order by changed_at rows between unbounded preceding and current row
        ) as bigint
    ) as open_windows
from steps
