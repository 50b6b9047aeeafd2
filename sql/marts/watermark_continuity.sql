-- description: Whether each run of a source went on where the one before it had ended, per stream and scope. Reading some of it
--   again is safe; a part that was never read, a mark that moved back and a run that broke off are not.
-- grain: source, stream, scope, run_id
-- order_by: source, stream, scope, started_at, run_id
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: scope | What within the source, such as a repository.
-- column: run_id | The run.
-- column: started_at | When it began, UTC.
-- column: known_until | The mark that the runs before it had reached; null before the first mark.
-- column: began_from | The mark that it began from.
-- column: reached | The mark that it reached; null when it set none.
-- column: state | first, continued, read_again, from_the_start, gap, moved_back or broke_off.
-- column: is_continuous | Whether nothing can be missing because of it; a run that broke off is mended by a later one.
-- not_null: source, stream, scope, run_id, state, is_continuous
-- unique: source, stream, scope, run_id
-- assert: state in ('first', 'continued', 'read_again', 'from_the_start', 'gap', 'moved_back', 'broke_off')
with marked as (
    select
        s.source, s.stream, s.scope, s.run_id, r.started_at, s.watermark_before, s.watermark_after, s.finished_at,
        -- Marks are instants or counts; counts compare as numbers.
        case when regexp_matches(s.watermark_before, '^[0-9]+$') then lpad(s.watermark_before, 24, '0') else s.watermark_before end
            as began,
        case when regexp_matches(s.watermark_after, '^[0-9]+$') then lpad(s.watermark_after, 24, '0') else s.watermark_after end as ended
    from staging.stg_sync_streams s
    inner join staging.stg_sync_runs r on r.run_id = s.run_id
    -- Streams that have no mark are read whole every time.
    where s.watermark_before is not null or s.watermark_after is not null
),
read as (
    select
        *,
        max(ended) over before_it as known,
        arg_max(watermark_after, ended) over before_it as known_until,
        max(case when finished_at is not null then 1 else 0 end) over (
            partition by source, stream, scope order by started_at, run_id rows between 1 following and unbounded following
        ) as is_read_later
    from marked
    window before_it as (
        partition by source, stream, scope order by started_at, run_id rows between unbounded preceding and 1 preceding
    )
),
judged as (
    select
        *,
        case
            when ended < coalesce(began, known) then 'moved_back'
            when began is not null and (known is null or began > known) then 'gap'
            when finished_at is null then 'broke_off'
            when known is null then 'first'
            when began is null then 'from_the_start'
            when began < known then 'read_again'
            else 'continued'
        end as state
    from read
)
select
    cast(source as varchar) as source,
    cast(stream as varchar) as stream,
    cast(scope as varchar) as scope,
    cast(run_id as varchar) as run_id,
    cast(started_at as timestamp) as started_at,
    cast(known_until as varchar) as known_until,
    cast(watermark_before as varchar) as began_from,
    cast(watermark_after as varchar) as reached,
    cast(state as varchar) as state,
    -- What broke off is read by the next run that comes to its end: marks move only with what was read.
    cast(state not in ('gap', 'moved_back') and (state <> 'broke_off' or coalesce(is_read_later, 0) = 1) as boolean) as is_continuous
from judged
