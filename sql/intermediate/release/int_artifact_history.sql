-- description: For each successful deployment, what ran in its service and environment before it: tells first releases,
--   re-releases and returns to an older artifact apart.
-- grain: deployment_id
-- column: deployment_id | The deployment.
-- column: artifact | What was deployed.
-- column: previous_deployment_id | The successful deployment before it in the same service and environment.
-- column: previous_artifact | What that one brought.
-- column: sequence | Position among the successful deployments of its service and environment, from 1.
-- column: times_seen_before | How often the same artifact had succeeded there before.
-- column: first_seen_at | When this artifact first succeeded there, UTC.
-- column: kind | first, new, redeploy (same artifact again) or return (an older artifact comes back); null without artifact.
-- not_null: deployment_id, sequence
-- unique: deployment_id
-- assert: kind in ('first', 'new', 'redeploy', 'return')
with succeeded as (
    select deployment_id, service, lower(environment) as environment, artifact, finished_at,
        -- Of those that finish at one instant the one that began last came last.
        coalesce(started_at, finished_at) as started_at
    from intermediate.int_deployments
    where outcome = 'succeeded' and finished_at is not null and service is not null and environment is not null
),
-- Most artifacts succeed somewhere once; only of the others it is asked which time it was.
repeated as (
    select service, environment, artifact, min(finished_at) as first_seen_at
    from succeeded
    where artifact is not null
    group by service, environment, artifact
    having count(*) > 1
),
again as (
    select s.deployment_id, r.first_seen_at,
        row_number() over (partition by s.service, s.environment, s.artifact order by s.finished_at, s.started_at, s.deployment_id) - 1
            as times_seen_before
    from succeeded s
    inner join repeated r on r.service = s.service and r.environment = s.environment and r.artifact = s.artifact
),
ordered as (
    select
        deployment_id,
        artifact,
        finished_at,
        lag(deployment_id) over place as previous_deployment_id,
        lag(artifact) over place as previous_artifact,
        row_number() over place as sequence
    from succeeded
    window place as (partition by service, environment order by finished_at, started_at, deployment_id)
),
placed as (
    select o.*, coalesce(a.times_seen_before, 0) as times_seen_before, coalesce(a.first_seen_at, o.finished_at) as first_seen_at
    from ordered o
    left join again a on a.deployment_id = o.deployment_id
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(artifact as varchar) as artifact,
    cast(previous_deployment_id as varchar) as previous_deployment_id,
    cast(previous_artifact as varchar) as previous_artifact,
    cast(sequence as bigint) as sequence,
    cast(case when artifact is not null then times_seen_before end as bigint) as times_seen_before,
    cast(case when artifact is not null then first_seen_at end as timestamp) as first_seen_at,
    cast(
        case
            when artifact is null then null
            when times_seen_before > 0 and artifact = previous_artifact then 'redeploy'
            when times_seen_before > 0 then 'return'
            when sequence = 1 then 'first'
            else 'new'
        end as varchar
    ) as kind
from placed
