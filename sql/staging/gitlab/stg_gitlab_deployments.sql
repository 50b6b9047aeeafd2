-- description: One row per GitLab deployment, as its latest version states it.
-- grain: deployment of a project
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | GitLab's id of the deployment.
-- column: url | Page of the job that deployed.
-- column: updated_at | Last update that GitLab states, UTC.
-- column: service | The source does not state it; always null.
-- column: component | The source does not state it; always null.
-- column: team | The source does not state it; always null.
-- column: repository | Path of the project.
-- column: environment | Name of the environment.
-- column: version | Branch or tag that was deployed.
-- column: artifact_digest | The source does not state it; always null.
-- column: revision | Commit that was deployed.
-- column: status | created, running, success, failed, canceled, blocked or skipped.
-- column: task | Name of the job that deployed.
-- column: title | Title of the deployed commit.
-- column: run_key | GitLab's id of the pipeline.
-- column: change_key | The source does not state it; always null.
-- column: release_key | The source does not state it; always null.
-- column: rollback_of_key | The source does not state it; always null.
-- column: created_at | When it was created, UTC.
-- column: started_at | When the job began, UTC.
-- column: finished_at | When the job ended, UTC; without a job, when it was first seen to have succeeded; null while it
--   goes on.
-- column: verified_at | The source does not state it; always null.
-- column: verification | The source does not state it; always null.
-- column: plan | The source does not state it; always null.
-- column: deployed_by | Login of who deployed.
-- column: deployed_by_type | The source does not state it; always null.
-- column: triggered_by | Login of who started the job.
-- column: time_quality | 'bounded' (finished not later than) without a job, else 'exact'.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
with versions as (
    select
        source, record_key, payload, version_at, fetched_at, payload_sha256,
        -- Of all versions that say it succeeded the earliest comes closest to when it did; later ones tell of something else.
        min(case when (payload ->> '$.status') = 'success'
            then cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' end) over (
            partition by source, record_key
        ) as succeeded_by
    from raw.gitlab_deployments
),
latest as (
    select source, record_key, payload, succeeded_by
    from versions
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':deployment:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.deployable.web_url' as varchar) as url,
    cast(cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(null as varchar) as service,
    cast(null as varchar) as component,
    cast(null as varchar) as team,
    cast(coalesce(
        nullif(regexp_extract(payload ->> '$.deployable.web_url', '^https?://[^/]+/(.+?)(?:/-)?/jobs/', 1), ''),
        nullif(regexp_extract(payload ->> '$.deployable.pipeline.web_url', '^https?://[^/]+/(.+?)(?:/-)?/pipelines/', 1), '')
    ) as varchar) as repository,
    cast(payload ->> '$.environment.name' as varchar) as environment,
    cast(payload ->> '$.ref' as varchar) as version,
    cast(null as varchar) as artifact_digest,
    cast(payload ->> '$.sha' as varchar) as revision,
    cast(payload ->> '$.status' as varchar) as status,
    cast(payload ->> '$.deployable.name' as varchar) as task,
    cast(payload ->> '$.deployable.commit.title' as varchar) as title,
    cast(payload ->> '$.deployable.pipeline.id' as varchar) as run_key,
    cast(null as varchar) as change_key,
    cast(null as varchar) as release_key,
    cast(null as varchar) as rollback_of_key,
    cast(cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload ->> '$.deployable.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(case when (payload ->> '$.status') not in ('created', 'running', 'blocked') then coalesce(
        cast(payload ->> '$.deployable.finished_at' as timestamptz) at time zone 'UTC',
        succeeded_by
    ) end as timestamp) as finished_at,
    cast(null as timestamp) as verified_at,
    cast(null as varchar) as verification,
    cast(null as varchar) as plan,
    cast(payload ->> '$.user.username' as varchar) as deployed_by,
    cast(null as varchar) as deployed_by_type,
    cast(payload ->> '$.deployable.user.username' as varchar) as triggered_by,
    cast(case
        when (payload ->> '$.deployable.finished_at') is not null then 'exact'
        when succeeded_by is not null then 'bounded'
        else 'exact'
    end as varchar) as time_quality
from latest
