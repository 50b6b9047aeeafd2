-- description: One row per GitHub deployment, as last seen.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name/deployment/number.
-- column: url | Page of the repository's deployments.
-- column: updated_at | When the source last changed the record (UTC).
-- column: service | Not stated by GitHub; always unknown here.
-- column: component | Not stated by GitHub; always unknown here.
-- column: team | Not stated by GitHub; always unknown here.
-- column: repository | owner/name.
-- column: environment | Environment name as GitHub has it.
-- column: version | Branch or tag that was deployed.
-- column: artifact_digest | Not stated by GitHub; always unknown here.
-- column: revision | Commit that was deployed.
-- column: status | State of the latest status: pending, queued, in_progress, waiting, success, failure, error,
--   inactive (superseded) and so on; unknown where only REST was read.
-- column: task | Task, usually deploy.
-- column: title | Description.
-- column: run_key | Workflow run that deployed, from the log address of the latest status.
-- column: change_key | Not stated by GitHub; always unknown here.
-- column: release_key | Not stated by GitHub; always unknown here.
-- column: rollback_of_key | Not stated by GitHub; always unknown here.
-- column: created_at | When it was created (UTC).
-- column: started_at | Unknown here: the first in_progress status says it.
-- column: finished_at | Unknown here: the first success, failure or error status says it, never the time it was superseded.
-- column: verified_at | Not stated by GitHub; always unknown here.
-- column: verification | Not stated by GitHub; always unknown here.
-- column: plan | Not stated by GitHub; always unknown here.
-- column: deployed_by | Login of the creator; github-actions[bot] for workflows.
-- column: deployed_by_type | human or bot, as GitHub types the account.
-- column: triggered_by | Not stated by GitHub; always unknown here.
-- column: time_quality | exact: all instants are GitHub's own.
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        payload->>'$.creator.login' as creator_login,
        coalesce(payload->>'$.creator.type', payload->>'$.creator.__typename') as creator_account
    from raw.github_deployments
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':deployments:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast('https://' || nullif(regexp_extract(coalesce(payload->>'$.repository.url', payload->>'$.repository_url',
        ''), '://(?:api\.)?([^/]+)', 1), '') || '/' || split_part(record_key, '/deployment/', 1) || '/deployments'
            as varchar) as url,
    cast(try_cast(coalesce(payload->>'$.updated_at', payload->>'$.updatedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as updated_at,
    cast(null as varchar) as service,
    cast(null as varchar) as component,
    cast(null as varchar) as team,
    cast(split_part(record_key, '/deployment/', 1) as varchar) as repository,
    cast(coalesce(payload->>'$.environment', payload->>'$.latestEnvironment') as varchar) as environment,
    cast(coalesce(payload->>'$.ref.name', payload->>'$.ref') as varchar) as version,
    cast(null as varchar) as artifact_digest,
    cast(coalesce(payload->>'$.sha', payload->>'$.commitOid') as varchar) as revision,
    cast(case lower(coalesce(payload->>'$.latestStatus.state', payload->>'$.state'))
        when 'active' then 'success' else lower(coalesce(payload->>'$.latestStatus.state',
            payload->>'$.state')) end as varchar) as status,
    cast(nullif(payload->>'$.task', '') as varchar) as task,
    cast(nullif(payload->>'$.description', '') as varchar) as title,
    cast(nullif(regexp_extract(coalesce(coalesce(payload->>'$.latestStatus.logUrl',
        payload->>'$.latestStatus.log_url'), ''), '/([^/]+/[^/]+)/actions/runs/[0-9]+', 1), '')
        || '/run/' || regexp_extract(coalesce(coalesce(payload->>'$.latestStatus.logUrl',
            payload->>'$.latestStatus.log_url'), ''), '/actions/runs/([0-9]+)', 1) as varchar) as run_key,
    cast(null as varchar) as change_key,
    cast(null as varchar) as release_key,
    cast(null as varchar) as rollback_of_key,
    cast(try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt') as timestamptz) at time zone 'UTC'
        as timestamp) as created_at,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as finished_at,
    cast(null as timestamp) as verified_at,
    cast(null as varchar) as verification,
    cast(null as varchar) as plan,
    cast(creator_login || case when creator_account = 'Bot' and creator_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as deployed_by,
    cast(case when creator_account = 'Bot' or creator_login like '%[bot]' then 'bot'
        when creator_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as deployed_by_type,
    cast(null as varchar) as triggered_by,
    cast('exact' as varchar) as time_quality
from latest
