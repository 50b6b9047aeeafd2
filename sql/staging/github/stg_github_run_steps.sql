-- description: One row per job of a GitHub Actions run.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name/run/number/job/number.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: run_key | Run it belongs to.
-- column: name | Name of the job.
-- column: status | queued, waiting, in_progress or completed.
-- column: outcome | success, failure, cancelled, skipped and so on; unknown until completed.
-- column: environment | Environment the job deployed to; recorded REST answers leave it out.
-- column: started_at | When it started (UTC).
-- column: finished_at | When it completed (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.github_workflow_jobs
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':workflow_jobs:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.html_url', payload->>'$.permalink') as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(split_part(record_key, '/job/', 1) as varchar) as run_key,
    cast(nullif(payload->>'$.name', '') as varchar) as name,
    cast(lower(payload->>'$.status') as varchar) as status,
    cast(nullif(lower(payload->>'$.conclusion'), '') as varchar) as outcome,
    cast(payload->>'$.deployment.environment' as varchar) as environment,
    cast(try_cast(coalesce(payload->>'$.started_at', payload->>'$.startedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as started_at,
    cast(try_cast(coalesce(payload->>'$.completed_at', payload->>'$.completedAt') as timestamptz)
        at time zone 'UTC' as timestamp) as finished_at
from latest
