-- description: One row per build of a Jenkins job, as its latest version states it.
-- grain: build of a job
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Full name of the job, '#' and the build's number.
-- column: url | Page of the build.
-- column: updated_at | The source does not state it; always null.
-- column: name | Display name.
-- column: workflow | Full name of the job.
-- column: repository | Path of the repository that was checked out, without its host; null where a build checked out
--   several.
-- column: number | The build's number.
-- column: attempt | The source does not state it; always null.
-- column: trigger | manual, schedule, push, pull_request, indexing or upstream; other causes by their class.
-- column: branch | Branch that was checked out, without its remote.
-- column: revision | Commit that was checked out; null where a build checked out several repositories.
-- column: status | in_progress or completed.
-- column: outcome | success, failure, unstable, aborted or not_built; null while the build runs.
-- column: environment | Value of the build parameter that names an environment.
-- column: triggered_by | Login of the person who started the build; null for other causes.
-- column: triggered_by_type | The source does not state it; always null.
-- column: change_key | The source does not state it; always null.
-- column: created_at | When the build began, UTC; Jenkins states no earlier instant.
-- column: started_at | When the build began, UTC.
-- column: finished_at | Begin plus duration, UTC; null while the build runs.
-- not_null: source, source_event_id, key, workflow, number, created_at
-- unique: source_event_id
-- unique: source, key
-- assert: status in ('in_progress', 'completed')
with latest as (
    select source, record_key, payload
    from raw.jenkins_builds
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
builds as (
    select
        source, record_key, payload,
        cast(payload ->> '$.timestamp' as bigint) as started_ms,
        coalesce(cast(payload ->> '$.duration' as bigint), 0) as duration_ms,
        -- A pipeline may set its result before it ends, and older answers do not say whether a build still runs.
        coalesce(cast(payload ->> '$.building' as boolean), (payload ->> '$.result') is null) as is_running,
        payload ->> '$.twotrack.cause' as cause
    from latest
)
select
    cast(source as varchar) as source,
    cast(source || ':build:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload ->> '$.url', payload ->> '$.twotrack.address') as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(payload ->> '$.fullDisplayName' as varchar) as name,
    cast(payload ->> '$.twotrack.job' as varchar) as workflow,
    cast(regexp_extract(
        payload ->> '$.twotrack.repository', '^(?:[a-z+]+://[^/]+/|[^@/]+@[^:]+:)(.+?)(?:[.]git)?/?$', 1
    ) as varchar) as repository,
    cast(payload ->> '$.number' as bigint) as number,
    cast(null as bigint) as attempt,
    cast(case
        when cause like '%UserIdCause%' then 'manual'
        when cause like '%TimerTrigger%' then 'schedule'
        when cause like '%UpstreamCause%' then 'upstream'
        when cause like '%BranchEventCause%' and (payload ->> '$.twotrack.cause_text') ilike 'pull request%' then 'pull_request'
        when cause like '%BranchEventCause%' or cause like '%SCMTrigger%' then 'push'
        when cause like '%BranchIndexingCause%' then 'indexing'
        else cause
    end as varchar) as trigger,
    cast(regexp_replace(payload ->> '$.twotrack.branch', '^(refs/)?(remotes/[^/]+|heads|origin)/', '', 'g') as varchar) as branch,
    cast(payload ->> '$.twotrack.revision' as varchar) as revision,
    cast(case when is_running then 'in_progress' else 'completed' end as varchar) as status,
    cast(case when not is_running then lower(payload ->> '$.result') end as varchar) as outcome,
    cast(payload ->> '$.twotrack.environment' as varchar) as environment,
    cast(payload ->> '$.twotrack.user' as varchar) as triggered_by,
    cast(null as varchar) as triggered_by_type,
    cast(null as varchar) as change_key,
    cast(epoch_ms(started_ms) as timestamp) as created_at,
    cast(epoch_ms(started_ms) as timestamp) as started_at,
    cast(case when not is_running then epoch_ms(started_ms + duration_ms) end as timestamp) as finished_at
from builds
