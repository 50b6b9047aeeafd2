-- description: Changes that passed governance and failed in release: approved, and the deployment that carried them did not
--   finish or needed intervention.
-- grain: change_id, deployment_id
-- order_by: team, occurred_at, change_id
-- column: change_id | The change.
-- column: deployment_id | The deployment.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: occurred_at | Start of the deployment, UTC.
-- column: effective_approval_at | When the change was approved, UTC.
-- column: failure | did not finish, stopped, or why intervention was needed.
-- column: title | The change's title.
-- not_null: change_id, deployment_id, failure
-- unique: change_id, deployment_id
select
    cast(x.change_id as varchar) as change_id,
    cast(x.deployment_id as varchar) as deployment_id,
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(d.started_at as timestamp) as occurred_at,
    cast(x.effective_approval_at as timestamp) as effective_approval_at,
    cast(
        case
            when d.outcome = 'failed' then 'did not finish'
            when d.outcome = 'cancelled' then 'stopped'
            else d.failure_reasons
        end as varchar
    ) as failure,
    cast(c.title as varchar) as title
from marts.deployment_changes x
inner join marts.deployments d on d.deployment_id = x.deployment_id
inner join marts.changes c on c.change_id = x.change_id
where x.effective_approval_at <= d.started_at and x.link_basis not in ('between', 'ticket')
    and (d.outcome in ('failed', 'cancelled') or d.is_failed)
