-- description: One row per deployment attempt, with environment, outcome, instants and people resolved; a finish is the first
--   success, never the time a later deployment took its place.
-- grain: deployment_id
-- column: deployment_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key.
-- column: basis | deployment, run or stage.
-- column: title | Title or name.
-- column: url | The source's own page.
-- column: service | Service deployed; null when nothing names one.
-- column: team | Its team; null when unknown.
-- column: repository | Repository as stated, lower case.
-- column: environment | Environment as stated.
-- column: is_production | Whether the environment is one of the configured production environments; null when no environment is known.
-- column: version | Version or tag.
-- column: artifact_digest | Digest of the artifact.
-- column: revision | Commit deployed.
-- column: artifact | What identifies the artifact: digest, else commit, else version (a version may be the name of a branch).
-- column: outcome | succeeded, failed, cancelled, in_progress or unknown.
-- column: status | Last status as the source words it.
-- column: is_rollback_stated | Whether the source says it takes a release back.
-- column: run_key | Pipeline run it belongs to.
-- column: change_key | Change it says it carries.
-- column: release_key | Release it says it is of.
-- column: rollback_of_key | Deployment it says it takes back.
-- column: created_at | When it was created, UTC.
-- column: started_at | When it started: stated, else first status in progress, else created, unless it waits to begin or had to be
--   let go; UTC.
-- column: has_not_begun | Whether it was created and has not begun: it waits, or nobody let it go.
-- column: finished_at | First success, else when it ended without one; UTC; null while unknown.
-- column: verified_at | When it was verified, UTC.
-- column: verification | Verification evidence as stated.
-- column: plan | Plan as stated.
-- column: deployer | Person or automation that deployed; a bot resolves to whoever triggered it; null while unresolved.
-- column: deployer_type | human, bot, or system when only automation is known.
-- column: time_quality | exact, bounded or inferred.
-- not_null: has_not_begun
-- not_null: deployment_id, source, key, outcome, time_quality
-- unique: deployment_id
-- assert: outcome in ('succeeded', 'failed', 'cancelled', 'in_progress', 'unknown')
-- assert: outcome <> 'in_progress' or finished_at is null
with statuses as (
    select
        s.source,
        s.deployment_key,
        min(s.occurred_at) filter (where m.outcome = 'succeeded' and lower(s.status) not in ('inactive', 'superseded'))
            as succeeded_at,
        min(s.occurred_at) filter (where m.outcome = 'failed') as failed_at,
        min(s.occurred_at) filter (where m.outcome = 'cancelled') as cancelled_at,
        min(s.occurred_at) filter (where m.status in ('inprogress', 'running', 'executing', 'deploying', 'started')) as started_at,
        max(case when lower(s.status) in ('inactive', 'superseded') then 1 else 0 end) as was_superseded,
        max(case when m.waits = 'gate' then 1 else 0 end) as was_gated,
        -- Of several at one instant, what has an end comes after what has none: in which order they were read tells nothing.
        arg_max(
            lower(s.status),
            epoch_us(s.occurred_at) * 10
                + case m.outcome when 'succeeded' then 5 when 'failed' then 4 when 'cancelled' then 3 when 'in_progress' then 1 else 2 end
        ) as last_status
    from intermediate.all_deployment_statuses s
    left join intermediate.int_deployment_states m on m.status = regexp_replace(lower(s.status), '[ _-]+', '', 'g')
    group by s.source, s.deployment_key
),
told as (
    select
        a.*,
        s.succeeded_at,
        s.failed_at,
        s.cancelled_at,
        s.started_at as status_started_at,
        s.last_status,
        s.deployment_key is not null as has_statuses,
        m.outcome as record_outcome,
        l.outcome as last_outcome,
        coalesce(s.was_gated = 1, false) as was_gated,
        coalesce(l.waits, m.waits, '') <> '' as is_waiting
    from intermediate.int_deployment_attempts a
    left join statuses s on s.source = a.source and s.deployment_key = a.key
    left join intermediate.int_deployment_states m on m.status = regexp_replace(lower(a.status), '[ _-]+', '', 'g')
    left join intermediate.int_deployment_states l on l.status = regexp_replace(s.last_status, '[ _-]+', '', 'g')
),
judged as (
    select
        *,
        case
            when succeeded_at is not null then 'succeeded'
            when failed_at is not null then 'failed'
            when cancelled_at is not null then 'cancelled'
            when has_statuses and last_outcome is not null and last_outcome <> 'succeeded' then last_outcome
            when record_outcome is not null then record_outcome
            -- A log that states no result lists what was deployed; a result that no word list knows stays unknown.
            when finished_at is not null and coalesce(last_status, status) is null then 'succeeded'
            else 'unknown'
        end as outcome
    from told
)
select
    cast(j.deployment_id as varchar) as deployment_id,
    cast(j.source as varchar) as source,
    cast(j.source_event_id as varchar) as source_event_id,
    cast(j.key as varchar) as key,
    cast(j.basis as varchar) as basis,
    cast(j.title as varchar) as title,
    cast(j.url as varchar) as url,
    cast(s.service as varchar) as service,
    cast(s.team as varchar) as team,
    cast(nullif(j.repository_key, '') as varchar) as repository,
    cast(j.environment as varchar) as environment,
    cast(case when j.environment is not null then e.environment is not null end as boolean) as is_production,
    cast(j.version as varchar) as version,
    cast(j.artifact_digest as varchar) as artifact_digest,
    -- A version such as 'release-<commit>' names its commit.
    cast(coalesce(j.revision, nullif(regexp_extract(j.version, '([0-9a-f]{40})', 1), '')) as varchar) as revision,
    cast(
        coalesce(
            j.artifact_digest, j.revision, nullif(regexp_extract(j.version, '([0-9a-f]{40})', 1), ''), j.version
        ) as varchar
    ) as artifact,
    cast(j.outcome as varchar) as outcome,
    cast(coalesce(j.last_status, j.status) as varchar) as status,
    cast(j.is_rollback_stated as boolean) as is_rollback_stated,
    cast(j.run_key as varchar) as run_key,
    cast(j.change_key as varchar) as change_key,
    cast(j.release_key as varchar) as release_key,
    cast(j.rollback_of_key as varchar) as rollback_of_key,
    cast(j.created_at as timestamp) as created_at,
    -- What waited for somebody to let it go began some time after it was created, or never.
    cast(
        coalesce(j.started_at, j.status_started_at, case when not (j.is_waiting or j.was_gated) then j.created_at end) as timestamp
    ) as started_at,
    cast(
        j.created_at is not null and coalesce(j.started_at, j.status_started_at) is null and (j.is_waiting or j.was_gated)
        and j.outcome in ('in_progress', 'failed') as boolean
    ) as has_not_begun,
    cast(
        case j.outcome
            when 'succeeded' then coalesce(j.succeeded_at, j.finished_at)
            when 'failed' then coalesce(j.failed_at, j.finished_at)
            when 'cancelled' then coalesce(j.cancelled_at, j.finished_at)
            when 'unknown' then j.finished_at
        end as timestamp
    ) as finished_at,
    cast(j.verified_at as timestamp) as verified_at,
    cast(j.verification as varchar) as verification,
    cast(j.plan as varchar) as plan,
    cast(case when a.actor_type = 'bot' and t.person_id is not null then t.person_id else a.person_id end as varchar)
        as deployer,
    cast(
        case
            when a.actor_type = 'bot' and t.actor_type = 'human' then 'human'
            when a.actor_type = 'bot' then 'system'
            else a.actor_type
        end as varchar
    ) as deployer_type,
    cast(j.time_quality as varchar) as time_quality
from judged j
left join intermediate.int_scopes s
    on s.service_key = j.service_key and s.component_key = j.component_key
    and s.repository_key = j.repository_key and s.team_key = j.team_key
left join config.production_environments e on e.environment = lower(trim(j.environment))
left join intermediate.int_actors a on a.source = j.source and a.login = j.deployed_by_login
left join intermediate.all_runs r on r.source = j.source and r.key = j.run_key
left join intermediate.int_actors t
    on t.source = j.source and t.login = coalesce(j.triggered_by_login, lower(trim(r.triggered_by)))
