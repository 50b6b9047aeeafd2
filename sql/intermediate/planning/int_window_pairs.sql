-- description: Every unordered pair of windows that overlap in a scope, half-open: touching is not overlap; in numbers, before
--   anything is spelled out. Same-change and same-release pairs are left out, withdrawn windows too.
-- grain: place, number_a, number_b
-- column: place | Basis, scope and which one, as in int_window_places.
-- column: number_a | The window that sorts first by start, then id, as in int_numbered_windows.
-- column: number_b | The other one.
-- column: overlap_start_at | Start of the shared time, UTC.
-- column: overlap_end_at | End of the shared time, UTC.
-- column: overlap_seconds | How long they share; 0 for an instant inside the other and for adjacent windows.
-- column: is_adjacent | Whether they share no time but lie closer than the configured buffer (none by default).
-- column: has_components | Whether both windows name a component.
-- not_null: place, number_a, number_b, overlap_start_at, overlap_end_at, overlap_seconds, is_adjacent, has_components
with sized as (
    select
        s.*,
        t.adjacent_buffer_seconds * 1000000 as buffer_us,
        epoch_us(s.start_at) as start_us,
        epoch_us(s.end_at) + t.adjacent_buffer_seconds * 1000000 as reach_us,
        cast(floor(epoch_us(s.start_at) / 21600000000.0) as bigint) as first_bucket,
        cast(floor((epoch_us(greatest(s.end_at, s.start_at)) + t.adjacent_buffer_seconds * 1000000) / 21600000000.0) as bigint)
            as last_bucket
    from intermediate.int_window_spans s
    cross join config.thresholds t
),
-- One row per quarter day that a window touches. A pair is kept only in the bucket where the later of the two starts, so
-- that it is found once without comparing everything with everything. The few very long windows are compared directly.
bucketed as (
    select s.*, s.first_bucket + o.bucket_offset as bucket
    from sized s
    inner join config.bucket_offsets o on o.span = s.last_bucket - s.first_bucket
),
short_pairs as (
    select a.place, a.window_number as number_a, b.window_number as number_b, a.start_at as start_a,
        a.end_at as end_a, b.start_at as start_b, b.end_at as end_b, a.buffer_us,
        a.has_component and b.has_component as has_components
    from bucketed a
    inner join bucketed b
        on a.place = b.place and a.bucket = b.bucket
        and (a.start_at < b.start_at or (a.start_at = b.start_at and a.window_number < b.window_number))
        -- What starts after the first one's end is no pair: said here too, before anything of the pair is carried on.
        and b.start_us < a.reach_us
        and a.same_number <> b.same_number and coalesce(a.change_number <> b.change_number, true)
        and coalesce(a.side <> b.side, true)
    where a.bucket = b.first_bucket
),
long_ones as (
    select * from sized where last_bucket - first_bucket >= 120
),
long_pairs as (
    select a.place, a.window_number as number_a, b.window_number as number_b, a.start_at as start_a,
        a.end_at as end_a, b.start_at as start_b, b.end_at as end_b, a.buffer_us,
        a.has_component and b.has_component as has_components
    from long_ones a
    inner join sized b on a.place = b.place
    where (a.start_at < b.start_at or (a.start_at = b.start_at and a.window_number < b.window_number))
        and a.same_number <> b.same_number and coalesce(a.change_number <> b.change_number, true)
        and coalesce(a.side <> b.side, true)
    union all
    select a.place, a.window_number, b.window_number, a.start_at, a.end_at, b.start_at, b.end_at, a.buffer_us,
        a.has_component and b.has_component
    from long_ones b
    inner join sized a on a.place = b.place
    where (a.start_at < b.start_at or (a.start_at = b.start_at and a.window_number < b.window_number))
        and a.last_bucket - a.first_bucket < 120
        and a.same_number <> b.same_number and coalesce(a.change_number <> b.change_number, true)
        and coalesce(a.side <> b.side, true)
),
pairs as (
    select *
    from (select * from short_pairs union all select * from long_pairs)
    where
        -- Half-open intervals; an instant overlaps only what strictly contains it.
        (start_a < end_b and start_b < end_a and end_a > start_a and end_b > start_b)
        or (end_a = start_a and end_b > start_b and start_b < start_a and start_a < end_b)
        or (end_b = start_b and end_a > start_a and start_a < start_b and start_b < end_a)
        or (buffer_us > 0 and end_a <= start_b and epoch_us(start_b) - epoch_us(end_a) < buffer_us)
        -- Of two that start at once the instant may come second.
        or (buffer_us > 0 and end_b = start_a and start_b = start_a)
)
select
    cast(place as integer) as place,
    cast(number_a as integer) as number_a,
    cast(number_b as integer) as number_b,
    cast(greatest(start_a, start_b) as timestamp) as overlap_start_at,
    cast(greatest(least(end_a, end_b), greatest(start_a, start_b)) as timestamp) as overlap_end_at,
    cast(greatest(epoch_us(least(end_a, end_b)) - epoch_us(greatest(start_a, start_b)), 0) / 1000000.0 as double)
        as overlap_seconds,
    cast(
        least(end_a, end_b) <= greatest(start_a, start_b)
            -- An instant strictly inside the other shares no time either, and overlaps it.
            and not (end_a = start_a and start_b < start_a and start_a < end_b)
            and not (end_b = start_b and start_a < start_b and start_b < end_a) as boolean
    ) as is_adjacent,
    cast(has_components as boolean) as has_components
from pairs
