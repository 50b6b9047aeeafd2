-- description: How many overlaps there are in each scope, counted in four ways that are never mixed: per shared thing and pair, per
--   pair, per window and per change. A scope that no window names has null counts, not 0.
-- grain: basis, scope
-- order_by: basis, place
-- column: basis | planned or actual.
-- column: place | Order of the scopes, from the narrowest.
-- column: scope | component, service, dependency (one hop), environment or implementer.
-- column: windows | Sound windows that name the scope and so can be compared in it.
-- column: scope_pairs | Overlaps per shared thing and pair: a pair that shares two components counts twice.
-- column: pairs | Distinct pairs of windows.
-- column: windows_in_conflict | Windows in at least one overlap.
-- column: changes_in_conflict | Distinct changes of those windows; a window without a change counts as its own.
-- not_null: basis, place, scope, windows
-- unique: basis, scope
-- assert: scope in ('component', 'service', 'dependency', 'environment', 'implementer')
-- assert: (windows = 0) = (pairs is null)
with scopes as (
    select basis, place, scope
    from (values ('planned'), ('actual')) b(basis)
    cross join (
        values (1, 'component'), (2, 'service'), (3, 'dependency'), (4, 'environment'), (5, 'implementer')
    ) s(place, scope)
),
named as (
    select p.basis, p.scope, count(distinct s.window_number) as windows
    from intermediate.int_window_spans s
    inner join intermediate.int_window_places p on p.place = s.place
    group by p.basis, p.scope
),
found as (
    select p.basis, p.scope, o.number_a, o.number_b
    from intermediate.int_window_pairs o
    inner join intermediate.int_window_places p on p.place = o.place
),
distinct_pairs as (
    select basis, scope, number_a, number_b, count(*) as scope_pairs from found group by basis, scope, number_a, number_b
),
pairs as (
    select basis, scope, sum(scope_pairs) as scope_pairs, count(*) as pairs from distinct_pairs group by basis, scope
),
sides as (
    select basis, scope, number_a as window_number from distinct_pairs
    union
    select basis, scope, number_b from distinct_pairs
),
conflicting as (
    select s.basis, s.scope, count(*) as windows_in_conflict,
        -- A window without a change counts for itself.
        count(distinct n.change_number) + count(*) filter (where n.change_number is null) as changes_in_conflict
    from sides s
    inner join intermediate.int_numbered_windows n on n.window_number = s.window_number
    group by s.basis, s.scope
)
select
    cast(s.basis as varchar) as basis,
    cast(s.place as bigint) as place,
    cast(s.scope as varchar) as scope,
    cast(coalesce(n.windows, 0) as bigint) as windows,
    cast(case when n.windows > 0 then coalesce(p.scope_pairs, 0) end as bigint) as scope_pairs,
    cast(case when n.windows > 0 then coalesce(p.pairs, 0) end as bigint) as pairs,
    cast(case when n.windows > 0 then coalesce(c.windows_in_conflict, 0) end as bigint) as windows_in_conflict,
    cast(case when n.windows > 0 then coalesce(c.changes_in_conflict, 0) end as bigint) as changes_in_conflict
from scopes s
left join named n on n.basis = s.basis and n.scope = s.scope
left join pairs p on p.basis = s.basis and p.scope = s.scope
left join conflicting c on c.basis = s.basis and c.scope = s.scope
