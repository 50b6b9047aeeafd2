-- description: One row per GitLab pipeline, from its own page where that was read, else from the list.
-- grain: pipeline of a project
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | GitLab's id of the pipeline.
-- column: url | Page of the pipeline.
-- column: updated_at | Last update that GitLab states, UTC.
-- column: name | Name, where the pipeline has one.
-- column: workflow | The source does not state it; always null.
-- column: repository | Path of the project.
-- column: number | The pipeline's number in its project.
-- column: attempt | The source does not state it; always null.
-- column: trigger | What started it: push, schedule, merge_request_event, web and so on.
-- column: branch | Branch, tag or merge request reference.
-- column: revision | Commit it ran on.
-- column: status | completed, or what it waits for or does.
-- column: outcome | success, failed, canceled or skipped; null before the end.
-- column: environment | The source does not state it; always null.
-- column: triggered_by | Login of who started it; null in lists.
-- column: triggered_by_type | The source does not state it; always null.
-- column: change_key | Merge request, for its own pipelines.
-- column: created_at | When it was created, UTC.
-- column: started_at | When it began, UTC; null in lists.
-- column: finished_at | When it ended, UTC; null in lists.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.gitlab_pipelines
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':pipeline:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.web_url' as varchar) as url,
    cast(cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload ->> '$.name' as varchar) as name,
    cast(null as varchar) as workflow,
    cast(nullif(regexp_extract(payload ->> '$.web_url', '^https?://[^/]+/(.+?)(?:/-)?/pipelines/', 1), '') as varchar) as repository,
    cast(payload ->> '$.iid' as bigint) as number,
    cast(null as bigint) as attempt,
    cast(payload ->> '$.source' as varchar) as trigger,
    cast(payload ->> '$.ref' as varchar) as branch,
    cast(payload ->> '$.sha' as varchar) as revision,
    cast(case when (payload ->> '$.status') in ('success', 'failed', 'canceled', 'skipped') then 'completed' else payload ->> '$.status' end as varchar) as status,
    cast(case when (payload ->> '$.status') in ('success', 'failed', 'canceled', 'skipped') then payload ->> '$.status' end as varchar) as outcome,
    cast(null as varchar) as environment,
    cast(payload ->> '$.user.username' as varchar) as triggered_by,
    cast(null as varchar) as triggered_by_type,
    cast((payload ->> '$.project_id') || '!'
        || nullif(regexp_extract(payload ->> '$.ref', '^refs/merge-requests/([0-9]+)/', 1), '') as varchar) as change_key,
    cast(cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload ->> '$.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload ->> '$.finished_at' as timestamptz) at time zone 'UTC' as timestamp) as finished_at
from latest
