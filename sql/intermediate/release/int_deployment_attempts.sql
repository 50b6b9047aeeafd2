-- description: Every attempt to bring an artifact into an environment: deployment records, and pipeline runs or stages that
--   deploy where the source keeps no deployment records of its own; of a run into several environments one for each.
-- grain: deployment_id
-- column: deployment_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key; with '@' and the environment for what a run deployed besides, into other environments.
-- column: basis | deployment, run or stage: the form in which the source keeps it.
-- column: title | Title or name.
-- column: url | The source's own page.
-- column: service_key | Service as stated, lower case, '' when absent.
-- column: component_key | Component or job as stated, lower case, '' when absent.
-- column: repository_key | Repository as stated, lower case, '' when absent.
-- column: team_key | Team as stated, '' when absent.
-- column: environment | Environment as stated, else the one that the deploying stage's, job's or run's name is.
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
    select s.source, s.run_key, lower(s.name) as name, coalesce(r.environment, s.environment, e.environment) as environment,
        s.started_at, s.finished_at, lower(coalesce(s.outcome, s.status, '')) as status, m.outcome, coalesce(m.waits, '') as waits
    from intermediate.all_run_steps s
    left join intermediate.all_runs r on r.source = s.source and r.key = s.run_key
    left join intermediate.int_named_environments e on e.name = lower(s.name)
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
-- What was brought into one environment; a step that says of none into which is of the others.
by_environment as (
    select
        source,
        run_key,
        min(environment) as environment,
        min(started_at) filter (where waits = '') as started_at,
        max(finished_at) as finished_at,
        max(case when waits = '' then 1 else 0 end) = 1 as has_begun,
        min(case outcome when 'failed' then 0 when 'cancelled' then 1 when 'in_progress' then 2 when 'succeeded' then 4 else 3 end) as worst
    from deploying_steps
    group by source, run_key, lower(trim(environment))
),
step_of_run as (
    select
        b.*,
        p.environment is not null as is_production,
        -- The run is the attempt at production, else at the first of its environments.
        row_number() over (
            partition by b.source, b.run_key order by case when p.environment is null then 1 else 0 end, b.environment
        ) as place
    from by_environment b
    left join (
        select source, run_key from by_environment where environment is not null group by source, run_key
    ) n on n.source = b.source and n.run_key = b.run_key
    left join config.production_environments p on p.environment = lower(trim(b.environment))
    where b.environment is not null or n.run_key is null
),
-- A run that goes on has not begun to deploy while its deploying step waits, or somebody has to let it go before.
not_begun as (
    select distinct o.source, o.run_key
    from open_runs o
    inner join steps s on s.source = o.source and s.run_key = o.run_key
    where s.waits = 'gate'
),
recorded as (
    select distinct source, coalesce(lower(repository), '') as repository from intermediate.all_deployments
),
deploying_runs as (
    select
        r.*,
        s.environment as step_environment,
        coalesce(p.purpose, w.purpose) as purpose,
        coalesce(s.place, 1) as place,
        -- How a run ended says how its deployment to production did; of any other that its steps name they do themselves.
        coalesce(r.environment is null and not s.is_production and s.environment is not null, false) as is_told_by_steps,
        s.started_at as step_started_at,
        s.finished_at as step_finished_at,
        case s.worst when 0 then 'failed' when 1 then 'cancelled' when 2 then 'in_progress' when 4 then 'succeeded' end as step_status,
        coalesce(e.environment, f.environment) as named_environment,
        case when s.run_key is null then n.run_key is not null else not s.has_begun end as has_not_begun,
        p.purpose in ('deploy', 'rollback') or w.purpose in ('deploy', 'rollback') as is_named
    from intermediate.all_runs r
    left join intermediate.int_run_purposes p on p.name = lower(r.name)
    left join intermediate.int_run_purposes w on w.name = lower(r.workflow)
    left join intermediate.int_named_environments e on e.name = lower(r.name)
    left join intermediate.int_named_environments f on f.name = lower(r.workflow)
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
    r.source || ':' || r.key || case when r.place > 1 then '@' || r.step_environment else '' end,
    r.source,
    r.source_event_id,
    r.key || case when r.place > 1 then '@' || r.step_environment else '' end,
    case when r.is_named then 'run' else 'stage' end,
    coalesce(r.name, r.workflow),
    r.url,
    '',
    coalesce(lower(r.name), ''),
    coalesce(lower(r.repository), ''),
    '',
    coalesce(r.environment, r.step_environment, r.named_environment),
    cast(null as varchar),
    cast(null as varchar),
    r.revision,
    case
        when r.has_not_begun then 'waiting'
        when r.is_told_by_steps then r.step_status
        else lower(coalesce(r.outcome, r.status))
    end,
    coalesce(r.purpose = 'rollback', false),
    r.key,
    r.change_key,
    cast(null as varchar),
    cast(null as varchar),
    r.created_at,
    case when not r.has_not_begun then coalesce(r.step_started_at, r.started_at) end,
    case when r.is_told_by_steps then coalesce(r.step_finished_at, r.finished_at) else r.finished_at end,
    cast(null as timestamp),
    cast(null as varchar),
    cast(null as varchar),
    lower(trim(r.triggered_by)),
    cast(null as varchar),
    'bounded'
from deploying_runs r
