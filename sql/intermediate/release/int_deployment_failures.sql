-- description: Every reason why a production deployment needed immediate intervention; several reasons are one failure.
-- grain: deployment_id, reason, evidence_id
-- column: deployment_id | The deployment that failed.
-- column: reason | incident, rollback (stated), return (an older artifact came back within the window) or revert.
-- column: evidence_id | The incident, deployment or change that shows it.
-- column: failed_at | When the need became known, UTC.
-- column: restored_at | When service was restored, UTC; null while unknown.
-- column: is_planned | Whether it was a planned reversal and so no failure.
-- not_null: deployment_id, reason, evidence_id, is_planned
-- unique: deployment_id, reason, evidence_id
-- assert: reason in ('incident', 'rollback', 'return', 'revert')
with incidents as (
    select l.deployment_id, 'incident' as reason, i.incident_id as evidence_id, i.opened_at as failed_at,
        i.resolved_at as restored_at, i.is_planned
    from intermediate.int_incident_deployments l
    inner join intermediate.int_incidents i on i.incident_id = l.incident_id
),
planned as (
    -- A rollback that a record calls planned is no failure; the record is an incident of kind rollback with is_planned.
    select l.deployment_id from intermediate.int_incident_deployments l
    inner join intermediate.int_incidents i on i.incident_id = l.incident_id
    where i.is_planned
),
rollbacks as (
    select
        coalesce(o.deployment_id, h.previous_deployment_id) as deployment_id,
        'rollback' as reason,
        d.deployment_id as evidence_id,
        d.started_at as failed_at,
        d.finished_at as restored_at
    from intermediate.int_deployments d
    left join intermediate.int_deployments o on o.source = d.source and o.key = d.rollback_of_key
    left join intermediate.int_artifact_history h on h.deployment_id = d.deployment_id
    where d.is_rollback_stated and d.is_production
),
returns as (
    select h.previous_deployment_id as deployment_id, 'return' as reason, d.deployment_id as evidence_id,
        d.started_at as failed_at, d.finished_at as restored_at
    from intermediate.int_artifact_history h
    inner join intermediate.int_deployments d on d.deployment_id = h.deployment_id
    inner join intermediate.int_deployments p on p.deployment_id = h.previous_deployment_id
    cross join config.thresholds t
    where h.kind = 'return' and d.is_production and not d.is_rollback_stated
        and (epoch_us(d.started_at) - epoch_us(p.finished_at)) between 0 and t.incident_window_hours * 3600000000
),
first_carried as (
    select x.change_id, d.deployment_id, d.finished_at
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    where d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
    qualify row_number() over (partition by x.change_id order by d.finished_at, d.deployment_id) = 1
),
reverts as (
    select f.deployment_id, 'revert' as reason, r.change_id as evidence_id,
        coalesce(r.created_at, r.merged_at) as failed_at, cast(null as timestamp) as restored_at
    from intermediate.int_changes r
    inner join intermediate.int_changes o on o.source = r.source and o.key = r.reverts_key
    inner join first_carried f on f.change_id = o.change_id
    cross join config.thresholds t
    where r.merged_at is not null
        and (epoch_us(coalesce(r.created_at, r.merged_at)) - epoch_us(f.finished_at))
            between 0 and t.revert_window_hours * 3600000000
),
found as (
    select * from incidents
    union all
    select r.*, r.deployment_id in (select deployment_id from planned) as is_planned
    from (select * from rollbacks union all select * from returns union all select * from reverts) r
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(reason as varchar) as reason,
    cast(evidence_id as varchar) as evidence_id,
    cast(min(failed_at) as timestamp) as failed_at,
    cast(max(restored_at) as timestamp) as restored_at,
    cast(bool_or(is_planned) as boolean) as is_planned
from found
where deployment_id is not null
group by deployment_id, reason, evidence_id
