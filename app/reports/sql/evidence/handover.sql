-- description: Each governing change implemented by deployment in the period, over all production deployments that carried it: the
--   worst authorisation, and who deployed.
-- grain: change_id
-- column: change_id | The governing change.
-- column: deployment_id | The deployment that decides: the least authorised, then the earliest.
-- column: started_at | Its start, UTC.
-- column: deployer | Who deployed it; null while unresolved.
-- column: deployed_revision | Revision deployed.
-- column: artifact | What identifies the artifact deployed.
-- column: outcome | How that deployment ended.
-- column: verified_at | When it was verified, UTC.
-- column: lead_seconds | Its start minus the effective approval; negative when approved afterwards.
-- column: authorisation_class | Its class.
-- column: reason | Why it was not validly authorised; null when it was.
-- column: is_authorised | Whether a valid authorisation was in force at its start; null when not collectable.
-- column: link_basis | By what the change is known to be in it.
-- column: time_quality | exact, or inferred for a link by time only.
-- column: is_verified | Whether every successful one of the deployments was verified; null without a successful one.
-- column: has_failed | Whether any of the deployments needed intervention.
with carried as (
    select
        x.governing_change_id as change_id, d.deployment_id, d.started_at, d.deployer, d.revision, d.artifact, d.outcome,
        v.verified_at, x.lead_seconds, x.authorisation_class, x.reason, x.is_authorised, x.link_basis, x.time_quality,
        d.is_failed
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    inner join evidence.sample_frame f on f.change_id = x.governing_change_id
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id
    cross join pack.question q
    where d.started_at >= q.start_at and d.started_at < q.end_at and not d.is_rerelease
),
over_all as (
    select
        change_id,
        bool_and(verified_at is not null) filter (where outcome = 'succeeded') as is_verified,
        bool_or(coalesce(is_failed, false)) as has_failed
    from carried
    group by change_id
),
decisive as (
    select *
    from carried
    qualify row_number() over (
        partition by change_id
        order by
            case when is_authorised is null then 1 when is_authorised then 2 else 0 end,
            lead_seconds nulls first, started_at, deployment_id, link_basis
    ) = 1
)
select
    d.change_id, d.deployment_id, d.started_at, d.deployer, d.revision as deployed_revision, d.artifact, d.outcome,
    d.verified_at, d.lead_seconds, d.authorisation_class, d.reason, d.is_authorised, d.link_basis, d.time_quality,
    o.is_verified, o.has_failed
from decisive d
inner join over_all o on o.change_id = d.change_id
