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
-- column: reported | How many records the source said there are in its last complete answer; null where it does not say.
-- column: requests | Requests made over all runs.
-- column: last_run_at | When it was last read, UTC.
-- column: last_run_status | ok, failed, interrupted or running.
-- column: last_error | Why the last run failed or the stream ended early.
-- not_null: source, source_type, stream, received, stored, unchanged, rejected
-- unique: source, stream
with streams as (
    select
        s.source,
        s.stream,
        min(r.source_type) as source_type,
        sum(s.received) as received,
        sum(s.stored) as stored,
        sum(s.unchanged) as unchanged,
        sum(s.requests) as requests,
        arg_max(s.reported, r.started_at) as reported,
        max(r.started_at) as last_run_at,
        arg_max(case when s.error is not null then 'failed' else r.status end, r.started_at) as last_run_status,
        arg_max(coalesce(s.error, r.error, ''), r.started_at) as last_error
    from staging.stg_sync_streams s
    inner join staging.stg_sync_runs r on r.run_id = s.run_id
    group by s.source, s.stream
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
    cast(s.reported as bigint) as reported,
    cast(s.requests as bigint) as requests,
    cast(s.last_run_at as timestamp) as last_run_at,
    cast(s.last_run_status as varchar) as last_run_status,
    cast(nullif(s.last_error, '') as varchar) as last_error
from streams s
left join rejects x on x.source = s.source and x.stream = s.stream
