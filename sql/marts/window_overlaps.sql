-- description: Every unordered pair of windows that overlap in a scope, half-open: touching is not overlap. Same-change and
--   same-release pairs are left out, withdrawn windows too.
-- grain: basis, scope, scope_value, window_a, window_b
-- column: basis | planned or actual.
-- column: scope | component, service, dependency (one hop), environment or implementer.
-- column: scope_value | Which one; for a dependency 'service → depends on'.
-- column: window_a | The window that sorts first by start, then id.
-- column: window_b | The other one.
-- column: overlap_start_at | Start of the shared time, UTC.
-- column: overlap_end_at | End of the shared time, UTC.
-- column: overlap_seconds | How long they share; 0 for an instant inside the other and for adjacent windows.
-- column: is_adjacent | Whether they share no time but lie closer than the configured buffer (none by default).
-- column: is_known_at_approval | Whether the later approval came when both windows were already entered; null when unknown.
-- column: service | Service of window_a; null when nothing names one.
-- column: team | Its team.
-- column: change_type | Its type: standard, normal or emergency.
-- not_null: basis, scope, scope_value, window_a, window_b, overlap_start_at, overlap_end_at, overlap_seconds, is_adjacent
-- unique: basis, scope, scope_value, window_a, window_b
-- assert: window_a <> window_b
-- assert: overlap_end_at >= overlap_start_at
with named as (
    select n.window_number, w.window_id, w.change_id, w.created_at, w.approved_at, w.service, w.team, w.change_type
    from intermediate.int_numbered_windows n
    inner join marts.windows w on w.window_id = n.window_id
)
select
    cast(l.basis as varchar) as basis,
    cast(l.scope as varchar) as scope,
    cast(l.scope_value as varchar) as scope_value,
    cast(a.window_id as varchar) as window_a,
    cast(b.window_id as varchar) as window_b,
    cast(p.overlap_start_at as timestamp) as overlap_start_at,
    cast(p.overlap_end_at as timestamp) as overlap_end_at,
    cast(p.overlap_seconds as double) as overlap_seconds,
    cast(p.is_adjacent as boolean) as is_adjacent,
    cast(
        case
            -- A change that is not approved yet can still be decided with both in view.
            when (a.change_id is not null and a.approved_at is null) or (b.change_id is not null and b.approved_at is null) then null
            when a.created_at is not null and b.created_at is not null
                then greatest(a.created_at, b.created_at) <= greatest(a.approved_at, b.approved_at)
        end as boolean
    ) as is_known_at_approval,
    cast(a.service as varchar) as service,
    cast(a.team as varchar) as team,
    cast(a.change_type as varchar) as change_type
from intermediate.int_window_pairs p
inner join intermediate.int_window_places l on l.place = p.place
inner join named a on a.window_number = p.number_a
inner join named b on b.window_number = p.number_b
-- By numbers, which are in the order of the names.
order by p.place, p.overlap_start_at, p.number_a, p.number_b
