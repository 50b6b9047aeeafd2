-- description: Each sound window once per basis and per scope it can conflict in.
-- grain: window_number, basis, scope, scope_value
-- materialized: view
-- column: window_number | The window.
-- column: basis | planned or actual.
-- column: scope | component, service, environment or implementer; dependency pairs are found from service.
-- column: scope_value | Which one.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive; equal to the start for an instant.
-- column: same_number | As in int_numbered_windows.
-- column: change_number | As in int_numbered_windows.
-- column: has_component | Whether the window names a component.
with spans as (
    select window_number, 'planned' as basis, planned_start_at as start_at, planned_end_at as end_at, component, service,
        environment, implementer, same_number, change_number
    from intermediate.int_numbered_windows
    where planned_start_at is not null and planned_end_at >= planned_start_at
    union all
    select window_number, 'actual', actual_start_at, actual_end_at, component, service, environment, implementer,
        same_number, change_number
    from intermediate.int_numbered_windows
    where actual_start_at is not null and actual_end_at >= actual_start_at
),
scoped as (
    -- One text may name a component twice; a text that names a single one cannot.
    select distinct window_number, basis, 'component' as scope, lower(trim(unnest(string_split(component, '|')))) as scope_value,
        start_at, end_at, same_number, change_number, true as has_component
    from spans where component like '%|%'
    union all
    select window_number, basis, 'component', lower(trim(component)), start_at, end_at, same_number, change_number, true
    from spans where component not like '%|%'
    union all
    select window_number, basis, 'service', service, start_at, end_at, same_number, change_number, component is not null
    from spans where service is not null
    union all
    select window_number, basis, 'environment', lower(environment), start_at, end_at, same_number, change_number,
        component is not null
    from spans where environment is not null
    union all
    select window_number, basis, 'implementer', implementer, start_at, end_at, same_number, change_number, component is not null
    from spans where implementer is not null
)
select
    cast(window_number as integer) as window_number,
    cast(basis as varchar) as basis,
    cast(scope as varchar) as scope,
    cast(scope_value as varchar) as scope_value,
    cast(start_at as timestamp) as start_at,
    cast(end_at as timestamp) as end_at,
    cast(same_number as integer) as same_number,
    cast(change_number as integer) as change_number,
    cast(has_component as boolean) as has_component
from scoped
where scope_value <> ''
