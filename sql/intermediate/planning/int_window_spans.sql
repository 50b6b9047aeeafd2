-- description: Each sound window once per basis and per scope it can conflict in; the rows that the overlap search joins.
-- grain: window_id, basis, scope, scope_value
-- column: window_id | The window.
-- column: basis | planned or actual.
-- column: scope | component, service, environment or implementer; dependency pairs are found from service.
-- column: scope_value | Which one.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive; equal to the start for an instant.
-- column: same_as | Its release, within which nothing conflicts; its own id when it has none. Its change it must not conflict
--   with either, but one text cannot say both.
-- not_null: window_id, basis, scope, scope_value, start_at, end_at, same_as
-- unique: window_id, basis, scope, scope_value
-- assert: basis in ('planned', 'actual')
-- assert: end_at >= start_at
with spans as (
    select window_id, 'planned' as basis, planned_start_at as start_at, planned_end_at as end_at, component, service,
        environment, implementer, coalesce(source || ':' || release_key, window_id) as same_as
    from intermediate.int_windows
    where not is_withdrawn and kind <> 'freeze' and planned_start_at is not null and planned_end_at >= planned_start_at
    union all
    select window_id, 'actual', actual_start_at, actual_end_at, component, service, environment, implementer,
        coalesce(source || ':' || release_key, window_id)
    from intermediate.int_windows
    where not is_withdrawn and kind <> 'freeze' and actual_start_at is not null and actual_end_at >= actual_start_at
),
components as (
    select window_id, basis, start_at, end_at, same_as, lower(trim(unnest(string_split(component, '|')))) as component
    from spans where component is not null
),
scoped as (
    select window_id, basis, 'component' as scope, component as scope_value, start_at, end_at, same_as from components
    union all
    select window_id, basis, 'service', service, start_at, end_at, same_as from spans where service is not null
    union all
    select window_id, basis, 'environment', lower(environment), start_at, end_at, same_as from spans
    where environment is not null
    union all
    select window_id, basis, 'implementer', implementer, start_at, end_at, same_as from spans
    where implementer is not null
)
select
    cast(window_id as varchar) as window_id,
    cast(basis as varchar) as basis,
    cast(scope as varchar) as scope,
    cast(scope_value as varchar) as scope_value,
    cast(start_at as timestamp) as start_at,
    cast(end_at as timestamp) as end_at,
    cast(same_as as varchar) as same_as
from scoped
where scope_value <> ''
group by window_id, basis, scope, scope_value, start_at, end_at, same_as
