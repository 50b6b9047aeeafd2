-- description: Every reason why a production deployment needed immediate intervention, or would have but for a stated
--   exclusion; several reasons are one failure.
-- grain: deployment_id, reason, evidence_id
-- order_by: failed_at, deployment_id, reason, evidence_id
-- column: deployment_id | The deployment.
-- column: service | Service deployed.
-- column: team | Its team.
-- column: reason | incident, rollback (stated), return (an older artifact came back within the window) or revert.
-- column: evidence_id | The incident, deployment or change that shows it.
-- column: failed_at | When the need became known, UTC.
-- column: restored_at | When service was restored, UTC: incident resolved, rollback or return finished, or the revert in production;
--   null while unknown.
-- column: exclusion | planned reversal, or put back (it brings back what had been taken back), which are no failures; null for
--   a failure.
-- not_null: deployment_id, reason, evidence_id
-- unique: deployment_id, reason, evidence_id
-- assert: reason in ('incident', 'rollback', 'return', 'revert')
-- assert: exclusion in ('planned reversal', 'put back')
select
    cast(f.deployment_id as varchar) as deployment_id,
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(f.reason as varchar) as reason,
    cast(f.evidence_id as varchar) as evidence_id,
    cast(f.failed_at as timestamp) as failed_at,
    cast(f.restored_at as timestamp) as restored_at,
    cast(f.exclusion as varchar) as exclusion
from intermediate.int_deployment_failures f
inner join marts.deployments d on d.deployment_id = f.deployment_id
