-- description: Every reason why a production deployment needed immediate intervention; several reasons are one failure.
-- grain: deployment_id, reason, evidence_id
-- column: deployment_id | The deployment that failed.
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
with incidents as (
    select l.deployment_id, 'incident' as reason, i.incident_id as evidence_id, i.opened_at as failed_at,
        i.resolved_at as restored_at,
        case when i.is_planned then 'planned reversal' end as exclusion
    from intermediate.int_incident_deployments l
    inner join intermediate.int_incidents i on i.incident_id = l.incident_id
),
planned as (
    -- A reversal that a record calls planned is no failure; the record is an incident with is_planned.
    select l.deployment_id from intermediate.int_incident_deployments l
    inner join intermediate.int_incidents i on i.incident_id = l.incident_id
    where i.is_planned
),
worded as (
    -- A deployment that calls itself a planned reversal, or whose every revert is one or puts back what was taken back.
    select d.deployment_id, 'planned reversal' as exclusion
    from intermediate.int_deployments d
    left join intermediate.int_artifact_history h on h.deployment_id = d.deployment_id and h.kind = 'return'
    inner join seeds.planned_reversals s
        -- Every plan may speak of draining; only its own word that this is a planned reversal counts.
        on regexp_matches(lower(coalesce(d.title, '')), s.pattern)
        or (s.rule_id = 'reversal-stated' and regexp_matches(lower(coalesce(d.plan, '')), s.pattern))
    where d.is_production and (d.is_rollback_stated or h.deployment_id is not null)
    union
    select x.deployment_id, case when min(r.kind) = 'planned' then 'planned reversal' else 'put back' end
    from intermediate.int_deployment_changes x
    inner join intermediate.int_reversals r on r.change_id = x.change_id
    where x.link_basis <> 'between'
    group by x.deployment_id
    having count(*) filter (where r.kind = 'reversal') = 0
),
moves as (
    -- Returns in a row that alternate: the first takes back, the second puts back, the third takes back again.
    select deployment_id, artifact, sequence, service_environment,
        sum(case when is_start then 1 else 0 end) over (
            partition by service_environment order by sequence rows between unbounded preceding and current row
        ) as run
    from (
        select h.deployment_id, h.artifact, h.sequence, h.kind, lower(d.environment) || ' ' || d.service as service_environment,
            h.kind <> 'return' or coalesce(lag(h.kind) over w, '') <> 'return' or h.artifact <> coalesce(lag(h.artifact, 2) over w, '')
                as is_start
        from intermediate.int_artifact_history h
        inner join intermediate.int_deployments d on d.deployment_id = h.deployment_id
        where h.kind is not null and h.kind <> 'redeploy'
        window w as (partition by lower(d.environment), d.service order by h.sequence)
    )
),
put_back as (
    select deployment_id
    from moves
    qualify row_number() over (partition by service_environment, run order by sequence) % 2 = 0
),
rollbacks as (
    select
        coalesce(o.deployment_id, h.previous_deployment_id) as deployment_id,
        'rollback' as reason,
        d.deployment_id as evidence_id,
        d.started_at as failed_at,
        -- A rollback that did not finish restored nothing.
        case when d.outcome = 'succeeded' then d.finished_at end as restored_at,
        case when o.is_rollback_stated then 'put back' end as exclusion
    from intermediate.int_deployments d
    left join intermediate.int_deployments o on o.source = d.source and o.key = d.rollback_of_key
    left join intermediate.int_artifact_history h on h.deployment_id = d.deployment_id
    where d.is_rollback_stated and d.is_production
        -- What began before it cannot take it back.
        and (o.started_at is null or d.started_at is null or d.started_at >= o.started_at)
),
returns as (
    select h.previous_deployment_id as deployment_id, 'return' as reason, d.deployment_id as evidence_id,
        d.started_at as failed_at, d.finished_at as restored_at,
        case when b.deployment_id is not null then 'put back' end as exclusion
    from intermediate.int_artifact_history h
    inner join intermediate.int_deployments d on d.deployment_id = h.deployment_id
    inner join intermediate.int_deployments p on p.deployment_id = h.previous_deployment_id
    left join put_back b on b.deployment_id = h.deployment_id
    cross join config.thresholds t
    where h.kind = 'return' and d.is_production and not d.is_rollback_stated
        -- What brought nobody knows what may have brought the same.
        and p.artifact is not null
        and (epoch_us(d.started_at) - epoch_us(p.finished_at)) between 0 and t.incident_window_hours * 3600000000
),
first_carried as (
    select x.change_id, d.deployment_id, d.finished_at
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    where d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
        -- Asked only of what was taken back, and of what took it back.
        and x.change_id in (
            select reverts_change_id from intermediate.int_reversals
            union all
            select change_id from intermediate.int_reversals
        )
    qualify row_number() over (partition by x.change_id order by d.finished_at, d.started_at, d.deployment_id) = 1
),
reverts as (
    select f.deployment_id, 'revert' as reason, r.change_id as evidence_id,
        coalesce(r.created_at, r.merged_at) as failed_at,
        case when b.finished_at >= coalesce(r.created_at, r.merged_at) then b.finished_at end as restored_at,
        case v.kind when 'planned' then 'planned reversal' when 'put_back' then 'put back' end as exclusion
    from intermediate.int_reversals v
    inner join intermediate.int_changes r on r.change_id = v.change_id
    inner join first_carried f on f.change_id = v.reverts_change_id
    left join first_carried b on b.change_id = v.change_id
    cross join config.thresholds t
    where r.merged_at is not null
        and (epoch_us(coalesce(r.created_at, r.merged_at)) - epoch_us(f.finished_at))
            between 0 and t.revert_window_hours * 3600000000
),
found as (
    select * from incidents
    union all
    select
        r.deployment_id, r.reason, r.evidence_id, r.failed_at, r.restored_at,
        coalesce(
            r.exclusion, w.exclusion,
            case when r.deployment_id in (select deployment_id from planned) then 'planned reversal' end
        )
    from (select * from rollbacks union all select * from returns union all select * from reverts) r
    left join (select deployment_id, min(exclusion) as exclusion from worded group by deployment_id) w
        on w.deployment_id = r.evidence_id and r.reason in ('rollback', 'return')
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(reason as varchar) as reason,
    cast(evidence_id as varchar) as evidence_id,
    cast(min(failed_at) as timestamp) as failed_at,
    cast(max(restored_at) as timestamp) as restored_at,
    cast(max(exclusion) as varchar) as exclusion
from found
where deployment_id is not null
group by deployment_id, reason, evidence_id
