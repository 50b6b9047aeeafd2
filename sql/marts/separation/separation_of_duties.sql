-- description: Separation of duties, one row per record and test. An unresolved identity never passes; what a source does not
--   keep is not collectable, which is not a failure of the control.
--   Nothing of it is kept twice: it is read from the tests of changes, of what deployments carried, and of deployments.
-- materialized: view
-- grain: record_id, test
-- column: record_id | The change, or deployment and change joined by '|', or the deployment.
-- column: record_kind | change or deployment.
-- column: test | sod_1_strict, sod_1_effective, sod_2, sod_3, sod_4, sod_5, sod_6, sod_7 or sod_8.
-- column: change_id | The change tested.
-- column: deployment_id | The deployment tested.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: occurred_at | Merge, or start of the deployment, UTC.
-- column: result | pass, fail, exempt, indeterminate or not_collectable.
-- column: reason | What decided, in words.
with tests as (
    select change_id as record_id, 'change' as record_kind, 'sod_1_strict' as test, change_id,
        cast(null as varchar) as deployment_id, service, team, change_type, ended_at as occurred_at,
        sod_1_strict as result, sod_1_strict_reason as reason
    from marts.change_separation
    union all
    select change_id, 'change', 'sod_1_effective', change_id, null, service, team, change_type,
        ended_at, sod_1_effective, sod_1_effective_reason
    from marts.change_separation
    union all
    select change_id, 'change', 'sod_4', change_id, null, service, team, change_type,
        ended_at, sod_4, sod_4_reason
    from marts.change_separation
    union all
    select change_id, 'change', 'sod_5', change_id, null, service, team, change_type,
        merged_at, sod_5, sod_5_reason
    from marts.change_separation where merged_at is not null
    union all
    select change_id, 'change', 'sod_6', change_id, null, service, team, change_type,
        merged_at, sod_6, sod_6_reason
    from marts.change_separation where merged_at is not null
    union all
    select change_id, 'change', 'sod_8', change_id, null, service, team, change_type,
        ended_at, sod_8, sod_8_reason
    from marts.change_separation
    union all
    select deployment_id || '|' || change_id, 'deployment', 'sod_2', change_id, deployment_id, service, team, change_type,
        started_at, sod_2, sod_2_reason
    from marts.deployment_separation
    union all
    select deployment_id || '|' || change_id, 'deployment', 'sod_3', change_id, deployment_id, service, team, change_type,
        started_at, sod_3, sod_3_reason
    from marts.deployment_separation
    union all
    select d.deployment_id, 'deployment', 'sod_7', null, d.deployment_id, d.service, d.team, null, d.started_at,
        case
            -- The same commit is judged once.
            when d.artifact_kind in ('redeploy', 'return') then 'exempt'
            when r.deployment_id is not null then 'pass'
            when d.changes_carried is null then 'not_collectable'
            else 'fail'
        end,
        case
            when d.artifact_kind in ('redeploy', 'return') then 're-release of an artifact that ran before'
            when r.deployment_id is not null then 'its changes are known'
            when d.changes_carried is null then 'no change records to compare with'
            else 'no merged change or change request is known for what was deployed'
        end
    from marts.deployments d
    left join marts.recorded_deployments r on r.deployment_id = d.deployment_id
    where d.is_production and d.outcome <> 'cancelled' and d.started_at is not null
)
select
    cast(record_id as varchar) as record_id,
    cast(record_kind as varchar) as record_kind,
    cast(test as varchar) as test,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(occurred_at as timestamp) as occurred_at,
    cast(result as varchar) as result,
    cast(reason as varchar) as reason
from tests
