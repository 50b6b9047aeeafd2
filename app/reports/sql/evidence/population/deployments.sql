-- description: Every production deployment in the period and scope, and those whose environment is unknown; not only what failed.
-- grain: deployment_id
-- column: deployment_id | Source and the source's key.
-- column: url | The source's own page.
-- column: title | Title or name.
-- column: service | Service deployed.
-- column: team | Its team.
-- column: environment | Environment as stated.
-- column: is_production | Whether that is production; empty when unknown.
-- column: is_started_in_period | Whether it started within the period; the others finished or were created in it.
-- column: version | Version or tag.
-- column: revision | Commit deployed.
-- column: artifact | What identifies the artifact.
-- column: started_at | When it started, UTC.
-- column: finished_at | When it finished, UTC.
-- column: outcome | How it ended.
-- column: verified_at | When it was verified, UTC; empty when nothing shows it.
-- column: verified_by | What shows it: stated, run or event.
-- column: deployer | Who deployed; empty while unresolved.
-- column: deployer_type | human, bot or system.
-- column: is_rerelease | Whether it brought an artifact that ran there before.
-- column: is_rollback | Whether it took a release back.
-- column: changes_carried | Changes known to be in it; empty when its service has no change records.
-- column: authorisation_class | Its worst change's class.
-- column: unauthorised_reason | Why it was not validly authorised.
-- column: worst_change_id | The change that decides.
-- column: is_failed | Whether it needed immediate intervention.
-- column: failure_reasons | Why.
-- column: time_quality | exact, bounded or inferred.
select
    d.deployment_id, d.url, d.title, d.service, d.team, d.environment, d.is_production,
    coalesce(d.started_at >= q.start_at and d.started_at < q.end_at, false) as is_started_in_period,
    d.version, d.revision, d.artifact, d.started_at, d.finished_at, d.outcome, v.verified_at, v.basis as verified_by, d.deployer, d.deployer_type,
    d.is_rerelease, d.is_rollback, d.changes_carried, d.authorisation_class, d.unauthorised_reason, d.worst_change_id,
    d.is_failed, d.failure_reasons, d.time_quality
from marts.deployments d
left join marts.verified_deployments v on v.deployment_id = d.deployment_id
cross join pack.question q
