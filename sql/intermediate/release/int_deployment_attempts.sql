-- description: Every attempt to bring an artifact into an environment: deployment records, and pipeline runs or stages that
--   deploy where the source keeps no deployment records of its own.
-- grain: deployment_id
-- column: deployment_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key.
-- column: basis | deployment, run or stage: the form in which the source keeps it.
-- column: title | Title or name.
-- column: url | The source's own page.
-- column: service_key | Service as stated, lower case, '' when absent.
-- column: component_key | Component or job as stated, lower case, '' when absent.
-- column: repository_key | Repository as stated, lower case, '' when absent.
-- column: team_key | Team as stated, '' when absent.
-- column: environment | Environment as stated.
-- column: version | Version or tag as stated.
-- column: artifact_digest | Digest of the artifact as stated.
-- column: revision | Commit deployed.
-- column: status | Status as the source words it now.
-- column: is_rollback_stated | Whether the source says it takes a release back.
-- column: run_key | Pipeline run it belongs to.
-- column: change_key | Change it says it carries.
-- column: release_key | Release it says it is of.
-- column: rollback_of_key | Deployment it says it takes back.
-- column: created_at | When it was created, UTC.
-- column: started_at | When it started, UTC.
-- column: finished_at | When it finished as stated on the record, UTC.
-- column: verified_at | When it was verified as stated, UTC.
-- column: verification | Verification evidence as stated.
-- column: plan | Plan as stated.
-- column: deployed_by_login | Who deployed, lower case.
-- column: triggered_by_login | Who triggered it, lower case, where the deployer is automation.
-- column: time_quality | exact, bounded or inferred.
-- not_null: deployment_id, source, key, basis, time_quality
-- unique: deployment_id
with steps as (
    select s.source, s.run_key, lower(s.name) as name, s.environment, s.started_at,
        lower(coalesce(s.outcome, s.status, '')) as status, coalesce(m.waits, '') as waits
    from intermediate.all_run_steps s
    left join intermediate.int_deployment_states m
        on m.status = regexp_replace(lower(coalesce(s.outcome, s.status)), '[ _-]+', '', 'g')
),
open_runs as (
    select r.source, r.key as run_key
    from intermediate.all_runs r
    inner join intermediate.int_deployment_states m
        on m.status = regexp_replace(lower(coalesce(r.outcome, r.status)), '[ _-]+', '', 'g')
    where m.outcome = 'in_progress'
),
deploying_steps as (
    select s.*
    from steps s
    inner join intermediate.int_run_purposes p on p.name = s.name
    left join open_runs o on o.source = s.source and o.run_key = s.run_key
    where p.purpose in ('deploy', 'rollback')
        -- A step that was left out deployed nothing, nor did one that still waited when its run had ended.
        and s.status not in ('skipped', 'not_built', 'not_executed') and (s.waits = '' or o.run_key is not null)
),
step_of_run as (
    select
        source,
        run_key,
        min(started_at) filter (where waits = '') as started_at,
        min(environment) as environment,
        max(name) as step_name,
        max(case when waits = '' then 1 else 0 end) = 1 as has_begun
    from deploying_steps
    group by source, run_key
),
-- A run that goes on has not begun to deploy while its deploying step waits, or somebody has to let it go before.
not_begun as (
    select o.source, o.run_key
    from open_runs o
    inner join steps s on s.source = o.source and s.run_key = o.run_key
    left join step_of_run d on d.source = o.source and d.run_key = o.run_key
    group by o.source, o.run_key
    having not coalesce(bool_or(d.has_begun), false) and (count(d.run_key) > 0 or bool_or(s.waits = 'gate'))
),
recorded as (
    select distinct source, coalesce(lower(repository), '') as repository from intermediate.all_deployments
),
deploying_runs as (
    select
        r.*,
        s.environment as step_environment,
        coalesce(p.purpose, w.purpose) as purpose,
        s.step_name,
        s.started_at as step_started_at,
        n.run_key is not null as has_not_begun,
        p.purpose in ('deploy', 'rollback') or w.purpose in ('deploy', 'rollback') as is_named
    from intermediate.all_runs r
    left join intermediate.int_run_purposes p on p.name = lower(r.name)
    left join intermediate.int_run_purposes w on w.name = lower(r.workflow)
    left join step_of_run s on s.source = r.source and s.run_key = r.key
    left join not_begun n on n.source = r.source and n.run_key = r.key
    where (p.purpose in ('deploy', 'rollback') or w.purpose in ('deploy', 'rollback') or s.run_key is not null)
        and not exists (
            select 1 from recorded d where d.source = r.source and d.repository = coalesce(lower(r.repository), '')
        )
        -- Nor did a run that was left out try anything.
        and lower(coalesce(r.outcome, r.status, '')) not in ('skipped', 'not_built', 'not_executed')
)
select
    cast(d.source || ':' || d.key as varchar) as deployment_id,
    cast(d.source as varchar) as source,
    cast(d.source_event_id as varchar) as source_event_id,
    cast(d.key as varchar) as key,
    cast('deployment' as varchar) as basis,
    cast(coalesce(d.title, d.task) as varchar) as title,
    cast(d.url as varchar) as url,
    cast(coalesce(lower(d.service), '') as varchar) as service_key,
    cast(coalesce(lower(d.component), '') as varchar) as component_key,
    cast(coalesce(lower(d.repository), '') as varchar) as repository_key,
    cast(coalesce(d.team, '') as varchar) as team_key,
    cast(d.environment as varchar) as environment,
    cast(d.version as varchar) as version,
    cast(d.artifact_digest as varchar) as artifact_digest,
    cast(d.revision as varchar) as revision,
    cast(lower(d.status) as varchar) as status,
    cast(d.rollback_of_key is not null or coalesce(p.purpose = 'rollback', false) as boolean) as is_rollback_stated,
    cast(d.run_key as varchar) as run_key,
    cast(d.change_key as varchar) as change_key,
    cast(d.release_key as varchar) as release_key,
    cast(d.rollback_of_key as varchar) as rollback_of_key,
    cast(d.created_at as timestamp) as created_at,
    cast(d.started_at as timestamp) as started_at,
    cast(d.finished_at as timestamp) as finished_at,
    cast(d.verified_at as timestamp) as verified_at,
    cast(d.verification as varchar) as verification,
    cast(d.plan as varchar) as plan,
    cast(lower(trim(d.deployed_by)) as varchar) as deployed_by_login,
    cast(lower(trim(d.triggered_by)) as varchar) as triggered_by_login,
    cast(coalesce(d.time_quality, 'exact') as varchar) as time_quality
from intermediate.all_deployments d
left join intermediate.int_run_purposes p on p.name = lower(d.task)
union all
select
    r.source || ':' || r.key,
    r.source,
    r.source_event_id,
    r.key,
    case when r.is_named then 'run' else 'stage' end,
    coalesce(r.name, r.workflow),
    r.url,
    '',
    coalesce(lower(r.name), ''),
    coalesce(lower(r.repository), ''),
    '',
    coalesce(r.environment, r.step_environment),
    cast(null as varchar),
    cast(null as varchar),
    r.revision,
    case when r.has_not_begun then 'waiting' else lower(coalesce(r.outcome, r.status)) end,
    coalesce(r.purpose = 'rollback', false),
    r.key,
    r.change_key,
    cast(null as varchar),
    cast(null as varchar),
    r.created_at,
    case when not r.has_not_begun then coalesce(r.step_started_at, r.started_at) end,
    r.finished_at,
    cast(null as timestamp),
    cast(null as varchar),
    cast(null as varchar),
    lower(trim(r.triggered_by)),
    cast(null as varchar),
    'bounded'
from deploying_runs r
