-- description: Each sound window once per basis and per scope it can conflict in, in numbers; the rows that the overlap search joins.
-- grain: window_number, place
-- column: window_number | The window, as in int_numbered_windows.
-- column: place | Basis, scope and which one, as in int_window_places.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive; equal to the start for an instant.
-- column: same_number | As in int_numbered_windows.
-- column: change_number | As in int_numbered_windows.
-- column: has_component | Whether the window names a component.
-- column: side | In a dependency: dependent or provider; null elsewhere.
-- not_null: window_number, place, start_at, end_at, same_number, has_component
-- unique: window_number, place
-- assert: end_at >= start_at
with placed as (
    select s.window_number, p.place, s.start_at, s.end_at, s.same_number, s.change_number, s.has_component,
        cast(null as varchar) as side
    from intermediate.int_window_scopes s
    inner join intermediate.int_window_places p
        on p.basis = s.basis and p.scope = s.scope and p.scope_value = s.scope_value
    union all
    -- One hop: a window of a service against windows of what it depends on.
    select s.window_number, p.place, s.start_at, s.end_at, s.same_number, s.change_number, s.has_component,
        case when s.scope_value = p.dependent then 'dependent' else 'provider' end
    from intermediate.int_window_scopes s
    inner join intermediate.int_window_places p
        on p.basis = s.basis and (s.scope_value = p.dependent or s.scope_value = p.provider)
    where s.scope = 'service' and p.scope = 'dependency'
)
select
    cast(window_number as integer) as window_number,
    cast(place as integer) as place,
    cast(start_at as timestamp) as start_at,
    cast(end_at as timestamp) as end_at,
    cast(same_number as integer) as same_number,
    cast(change_number as integer) as change_number,
    cast(has_component as boolean) as has_component,
    cast(side as varchar) as side
from placed
