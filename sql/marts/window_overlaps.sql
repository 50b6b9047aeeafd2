-- description: Every unordered pair of windows that overlap in a scope, half-open: touching is not overlap. Same-change and
--   same-release pairs are left out, withdrawn windows too.
-- grain: basis, scope, scope_value, window_a, window_b
-- order_by: scope, scope_value, overlap_start_at, window_a, window_b
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
with spans as (
    select s.window_id, s.basis, s.scope, s.scope_value as join_value, s.scope_value, s.start_at, s.end_at, s.same_as,
        cast(null as varchar) as side
    from intermediate.int_window_spans s
    union all
    -- One hop: a window of a service against windows of what it depends on.
    select s.window_id, s.basis, 'dependency', d.service || ' → ' || d.depends_on, d.service || ' → ' || d.depends_on,
        s.start_at, s.end_at, s.same_as, case when s.scope_value = d.service then 'dependent' else 'provider' end
    from intermediate.int_window_spans s
    inner join config.service_dependencies d on s.scope_value = d.service or s.scope_value = d.depends_on
    where s.scope = 'service' and d.service <> d.depends_on
),
-- One row per quarter day that a window touches. A pair is kept only in the bucket where the later of the two starts, so
-- that it is found once without comparing everything with everything. The few very long windows are compared directly.
sized as (
    select
        s.*,
        t.adjacent_buffer_seconds * 1000000 as buffer_us,
        epoch_us(s.start_at) as start_us,
        epoch_us(s.end_at) + t.adjacent_buffer_seconds * 1000000 as reach_us,
        cast(floor(epoch_us(s.start_at) / 21600000000.0) as bigint) as first_bucket,
        cast(floor((epoch_us(greatest(s.end_at, s.start_at)) + t.adjacent_buffer_seconds * 1000000) / 21600000000.0) as bigint)
            as last_bucket
    from spans s
    cross join config.thresholds t
),
bucketed as (
    select s.*, s.first_bucket + o.bucket_offset as bucket
    from sized s
    inner join config.bucket_offsets o on o.span = s.last_bucket - s.first_bucket
),
short_pairs as (
    select a.basis, a.scope, a.scope_value, a.window_id as id_a, b.window_id as id_b, a.start_at as start_a,
        a.end_at as end_a, b.start_at as start_b, b.end_at as end_b, a.same_as as same_a, b.same_as as same_b,
        a.side as side_a, b.side as side_b, a.buffer_us
    from bucketed a
    inner join bucketed b
        on a.basis = b.basis and a.scope = b.scope and a.join_value = b.join_value and a.bucket = b.bucket
        and (a.start_at < b.start_at or (a.start_at = b.start_at and a.window_id < b.window_id))
        -- What starts after the first one's end is no pair: said here too, before anything of the pair is carried on.
        and b.start_us < a.reach_us
    where a.bucket = b.first_bucket
),
long_ones as (
    select * from sized where last_bucket - first_bucket >= 120
),
long_pairs as (
    select a.basis, a.scope, a.scope_value, a.window_id as id_a, b.window_id as id_b, a.start_at as start_a,
        a.end_at as end_a, b.start_at as start_b, b.end_at as end_b, a.same_as as same_a, b.same_as as same_b,
        a.side as side_a, b.side as side_b, a.buffer_us
    from long_ones a
    inner join sized b on a.basis = b.basis and a.scope = b.scope and a.join_value = b.join_value
    where a.start_at < b.start_at or (a.start_at = b.start_at and a.window_id < b.window_id)
    union all
    select a.basis, a.scope, a.scope_value, a.window_id, b.window_id, a.start_at, a.end_at, b.start_at, b.end_at,
        a.same_as, b.same_as, a.side, b.side, a.buffer_us
    from long_ones b
    inner join sized a on a.basis = b.basis and a.scope = b.scope and a.join_value = b.join_value
    where (a.start_at < b.start_at or (a.start_at = b.start_at and a.window_id < b.window_id))
        and a.last_bucket - a.first_bucket < 120
),
pairs as (
    select *
    from (select * from short_pairs union all select * from long_pairs)
    where same_a <> same_b and id_a <> id_b and coalesce(side_a <> side_b, true)
        -- Half-open intervals; an instant overlaps only what strictly contains it.
        and (
            (start_a < end_b and start_b < end_a and end_a > start_a and end_b > start_b)
            or (end_a = start_a and end_b > start_b and start_b < start_a and start_a < end_b)
            or (end_b = start_b and end_a > start_a and start_a < start_b and start_b < end_a)
            or (buffer_us > 0 and end_a <= start_b and epoch_us(start_b) - epoch_us(end_a) < buffer_us)
            -- Of two that start at once the instant may come second.
            or (buffer_us > 0 and end_b = start_a and start_b = start_a)
        )
)
select
    cast(p.basis as varchar) as basis,
    cast(p.scope as varchar) as scope,
    cast(p.scope_value as varchar) as scope_value,
    cast(p.id_a as varchar) as window_a,
    cast(p.id_b as varchar) as window_b,
    cast(greatest(p.start_a, p.start_b) as timestamp) as overlap_start_at,
    cast(greatest(least(p.end_a, p.end_b), greatest(p.start_a, p.start_b)) as timestamp) as overlap_end_at,
    cast(
        greatest(epoch_us(least(p.end_a, p.end_b)) - epoch_us(greatest(p.start_a, p.start_b)), 0) / 1000000.0 as double
    ) as overlap_seconds,
    cast(
        least(p.end_a, p.end_b) <= greatest(p.start_a, p.start_b)
            -- An instant strictly inside the other shares no time either, and overlaps it.
            and not (p.end_a = p.start_a and p.start_b < p.start_a and p.start_a < p.end_b)
            and not (p.end_b = p.start_b and p.start_a < p.start_b and p.start_b < p.end_a) as boolean
    ) as is_adjacent,
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
from pairs p
inner join marts.windows a on a.window_id = p.id_a
inner join marts.windows b on b.window_id = p.id_b
where a.change_id is null or b.change_id is null or a.change_id <> b.change_id
