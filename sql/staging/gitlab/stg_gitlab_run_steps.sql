-- description: One row per job of a GitLab pipeline.
-- grain: job of a pipeline
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | GitLab's id of the job.
-- column: url | Page of the job.
-- column: updated_at | The source does not state it; always null.
-- column: run_key | GitLab's id of the pipeline.
-- column: name | Stage and name of the job.
-- column: status | completed, or what it waits for or does.
-- column: outcome | success, failed, canceled or skipped; null before the end.
-- column: environment | The source does not state it; always null.
-- column: started_at | When it began, UTC.
-- column: finished_at | When it ended, UTC.
-- not_null: source, source_event_id, key, run_key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.gitlab_jobs
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':job:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.web_url' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(payload ->> '$.pipeline.id' as varchar) as run_key,
    cast(coalesce((payload ->> '$.stage') || ': ', '') || (payload ->> '$.name') as varchar) as name,
    cast(case when (payload ->> '$.status') in ('success', 'failed', 'canceled', 'skipped') then 'completed' else payload ->> '$.status' end as varchar) as status,
    cast(case when (payload ->> '$.status') in ('success', 'failed', 'canceled', 'skipped') then payload ->> '$.status' end as varchar) as outcome,
    cast(null as varchar) as environment,
    cast(cast(payload ->> '$.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload ->> '$.finished_at' as timestamptz) at time zone 'UTC' as timestamp) as finished_at
from latest
