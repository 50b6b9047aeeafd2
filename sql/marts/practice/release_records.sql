-- description: What each production deployment is recorded with: a plan, a pipeline, a release of its own, release notes.
-- grain: deployment_id
-- order_by: deployment_id
-- column: deployment_id | The deployment.
-- column: has_pipeline | Whether a pipeline run carried it out, or a release is named, so that its steps are encoded.
-- column: has_release | Whether a release record is of what it deployed.
-- column: has_plan | Whether a plan is recorded: its own, or that of its release.
-- column: has_notes | Whether release notes are: text of its release, or the announcement of the deployment.
-- not_null: deployment_id, has_pipeline, has_release, has_plan, has_notes
-- unique: deployment_id
with releases as (
    select x.deployment_id, r.notes, r.plan
    from intermediate.int_deployments x
    inner join intermediate.int_releases r on r.service = x.service and r.version = x.version
    where x.is_production
    union all
    select x.deployment_id, r.notes, r.plan
    from intermediate.int_deployments x
    inner join intermediate.int_releases r on r.revision = x.revision
    where x.is_production
),
released as (
    select deployment_id, bool_or(trim(coalesce(notes, '')) <> '') as has_notes, bool_or(trim(coalesce(plan, '')) <> '') as has_plan
    from releases
    group by deployment_id
),
announced as (
    select distinct deployment_id
    from marts.activities
    where deployment_id is not null and track = 'release_execution' and activity = 'noted'
)
select
    cast(d.deployment_id as varchar) as deployment_id,
    cast(d.run_key is not null or d.release_key is not null or d.basis <> 'deployment' as boolean) as has_pipeline,
    cast(d.release_key is not null or r.deployment_id is not null as boolean) as has_release,
    cast(trim(coalesce(d.plan, '')) <> '' or coalesce(r.has_plan, false) as boolean) as has_plan,
    cast(coalesce(r.has_notes, false) or a.deployment_id is not null as boolean) as has_notes
from intermediate.int_deployments d
left join released r on r.deployment_id = d.deployment_id
left join announced a on a.deployment_id = d.deployment_id
where d.is_production
