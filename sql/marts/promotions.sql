-- description: How each artifact came from the stage below to production: before, after or without it. Only the first time an
--   artifact reaches production is a promotion.
-- grain: deployment_id
-- order_by: service, started_at, deployment_id
-- column: deployment_id | The production deployment.
-- column: service | Service deployed.
-- column: team | Its team.
-- column: artifact | What was deployed.
-- column: started_at | When the production deployment started, UTC.
-- column: finished_at | When it finished, UTC.
-- column: stage_deployment_id | The first successful deployment of the artifact to the stage below.
-- column: stage_finished_at | When that one finished, UTC.
-- column: promotion | in order (the stage below came first), before the stage below, without the stage below, or null when
--   it cannot be told.
-- column: exclusion_reason | Why it cannot be told; null when it can.
-- not_null: deployment_id
-- unique: deployment_id
-- assert: promotion in ('in order', 'before the stage below', 'without the stage below')
-- assert: (promotion is null) = (exclusion_reason is not null)
with staged as (
    select i.service, i.artifact, i.finished_at, i.deployment_id
    from intermediate.int_deployments i
    inner join config.stage_environments e on e.environment = lower(trim(i.environment))
    where i.outcome = 'succeeded' and i.finished_at is not null and i.service is not null and i.artifact is not null
    qualify row_number() over (partition by i.service, i.artifact order by i.finished_at, i.started_at, i.deployment_id) = 1
),
repeated as (
    select service, artifact
    from marts.deployments
    where is_production and outcome = 'succeeded' and finished_at is not null and service is not null and artifact is not null
    group by service, artifact
    having count(*) > 1
),
reached as (
    -- Production may bear several names; the first time is the first under any of them. What reached it once is not sought.
    select d.service, d.artifact, d.deployment_id
    from marts.deployments d
    inner join repeated r on r.service = d.service and r.artifact = d.artifact
    where d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
    qualify row_number() over (
        partition by d.service, d.artifact order by d.finished_at, d.started_at, d.deployment_id
    ) = 1
),
known as (
    select service, min(finished_at) as known_since from staged group by service
),
judged as (
    select
        d.deployment_id, d.service, d.team, d.artifact, d.started_at, d.finished_at,
        s.deployment_id as stage_deployment_id, s.finished_at as stage_finished_at,
        case
            when d.service is null or d.artifact is null then 'service or artifact unknown'
            when f.deployment_id <> d.deployment_id then 're-release of an artifact that ran before'
            when k.service is null then 'the service has no stage below'
            when d.started_at is null then 'start unknown'
            when k.known_since > d.started_at then 'before the first deployment seen in the stage below'
        end as exclusion_reason
    from marts.deployments d
    left join staged s on s.service = d.service and s.artifact = d.artifact
    left join reached f on f.service = d.service and f.artifact = d.artifact
    left join known k on k.service = d.service
    where d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(artifact as varchar) as artifact,
    cast(started_at as timestamp) as started_at,
    cast(finished_at as timestamp) as finished_at,
    cast(stage_deployment_id as varchar) as stage_deployment_id,
    cast(stage_finished_at as timestamp) as stage_finished_at,
    cast(
        case
            when exclusion_reason is not null then null
            when stage_finished_at is null then 'without the stage below'
            when stage_finished_at > started_at then 'before the stage below'
            else 'in order'
        end as varchar
    ) as promotion,
    cast(exclusion_reason as varchar) as exclusion_reason
from judged
