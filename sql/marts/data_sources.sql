-- description: What each source and stream brought so far and how fresh it is.
-- grain: source, stream
-- order_by: source, stream
-- column: source | Name of the source instance.
-- column: source_type | github, jira, jenkins, gitlab, or record for files and pushed records.
-- column: stream | The stream.
-- column: received | Records received over all runs.
-- column: stored | Versions stored.
-- column: unchanged | Records received that were already held.
-- column: rejected | Payloads set aside and not yet replayed.
-- column: reported | How many records the source said there are, in the last reading of each part of it that said so (rows of a file for files); null where it never says.
-- column: reported_received | Records received in those readings, those set aside included; null where it never says.
-- column: reported_rejected | Payloads set aside in those readings; null where it never says.
-- column: requests | Requests made over all runs.
-- column: last_run_at | When it was last read, UTC.
-- column: last_run_status | How the last run went: ok, failed when any part of it failed, interrupted or running.
-- column: last_error | Why the last run failed or the stream ended early.
-- not_null: source, source_type, stream, received, stored, unchanged, rejected
-- unique: source, stream
with readings as (
    select s.*, r.source_type, r.started_at, r.error as run_error,
        case when s.error is not null then 'failed' else r.status end as status,
        max(r.started_at) over (partition by s.source, s.stream) as latest_at
    from staging.stg_sync_streams s
    inner join staging.stg_sync_runs r on r.run_id = s.run_id
),
counts as (
    -- A source counts per part of it, such as a repository or a file: the last count of each part adds up to its own.
    select source, stream, sum(reported) as reported, sum(received) as received, sum(rejected) as rejected
    from (
        select *, row_number() over (partition by source, stream, scope order by started_at desc, run_id desc) as place
        from readings where reported is not null
    ) counted
    where place = 1
    group by source, stream
),
streams as (
    select
        source,
        stream,
        min(source_type) as source_type,
        sum(received) as received,
        sum(stored) as stored,
        sum(unchanged) as unchanged,
        sum(requests) as requests,
        max(started_at) as last_run_at,
        -- The parts of the last run: one that failed is not outdone by another that went well.
        coalesce(
            min(case when started_at = latest_at and status = 'failed' then status end),
            min(case when started_at = latest_at and status <> 'ok' then status end),
            'ok'
        ) as last_run_status,
        min(case when started_at = latest_at then coalesce(error, run_error) end) as last_error
    from readings
    group by source, stream
),
rejects as (
    select source, stream, count(*) as rejected from staging.stg_rejected where not is_replayed group by source, stream
)
select
    cast(s.source as varchar) as source,
    cast(s.source_type as varchar) as source_type,
    cast(s.stream as varchar) as stream,
    cast(s.received as bigint) as received,
    cast(s.stored as bigint) as stored,
    cast(s.unchanged as bigint) as unchanged,
    cast(coalesce(x.rejected, 0) as bigint) as rejected,
    cast(c.reported as bigint) as reported,
    cast(c.received as bigint) as reported_received,
    cast(c.rejected as bigint) as reported_rejected,
    cast(s.requests as bigint) as requests,
    cast(s.last_run_at as timestamp) as last_run_at,
    cast(s.last_run_status as varchar) as last_run_status,
    cast(nullif(s.last_error, '') as varchar) as last_error
from streams s
left join counts c on c.source = s.source and c.stream = s.stream
left join rejects x on x.source = s.source and x.stream = s.stream
