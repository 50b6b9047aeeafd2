-- description: Who let each deployment go in its pipeline: approvals at its gate that nobody took back. A gate of one environment lets
--   nothing go into another one, though one run deploys to both, and what its giver declined at the same instant or later no longer
--   stands.
-- grain: deployment_id, decision_id
-- column: deployment_id | The deployment.
-- column: decision_id | The decision.
-- column: decided_at | When it was given, UTC; null when the source does not say.
-- column: decided_by | Person; null while unresolved.
-- column: decided_by_type | human or bot.
-- not_null: deployment_id, decision_id
-- unique: deployment_id, decision_id
with at_gates as (
    -- Few: a decision on a run or a deployment, not on a change.
    select decision_id, run_id, deployment_id, lower(trim(environment)) as environment, decided_at, decided_by, decided_by_type,
        coalesce(decided_by, decided_by_login) as decider, verdict
    from intermediate.int_decisions
    where (run_id is not null or deployment_id is not null) and verdict in ('approved', 'rejected', 'changes_requested', 'withdrawn')
),
placed as (
    select d.deployment_id, g.decision_id, g.decided_at, g.decided_by, g.decided_by_type, g.decider, g.verdict
    from at_gates g
    inner join intermediate.int_deployments d on d.deployment_id = g.deployment_id
    union all
    select d.deployment_id, g.decision_id, g.decided_at, g.decided_by, g.decided_by_type, g.decider, g.verdict
    from at_gates g
    inner join intermediate.int_deployments d on d.source || ':' || d.run_key = g.run_id
    left join intermediate.int_deployments own on own.deployment_id = g.deployment_id
    left join config.production_environments p on p.environment = g.environment
    where own.deployment_id is null
        -- Production may bear several names.
        and (
            g.environment is null or d.environment is null or g.environment = lower(trim(d.environment))
            or (p.environment is not null and d.is_production)
        )
),
taken_back as (
    select distinct a.deployment_id, a.decision_id
    from placed a
    inner join placed o on o.deployment_id = a.deployment_id and o.decider = a.decider and o.decided_at >= a.decided_at
    where a.verdict = 'approved' and o.verdict <> 'approved'
)
select
    cast(g.deployment_id as varchar) as deployment_id,
    cast(g.decision_id as varchar) as decision_id,
    cast(g.decided_at as timestamp) as decided_at,
    cast(g.decided_by as varchar) as decided_by,
    cast(g.decided_by_type as varchar) as decided_by_type
from placed g
left join taken_back t on t.deployment_id = g.deployment_id and t.decision_id = g.decision_id
where g.verdict = 'approved' and t.decision_id is null
