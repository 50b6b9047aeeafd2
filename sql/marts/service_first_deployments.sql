-- description: The first and last production deployment seen of each service; what came before the first is unknown.
-- grain: service
-- order_by: service
-- column: service | The service.
-- column: team | Its team.
-- column: first_deployment_id | The first successful production deployment seen.
-- column: first_deployment_at | When it finished, UTC.
-- column: last_deployment_at | When the last one finished, UTC.
-- not_null: service, first_deployment_id, first_deployment_at, last_deployment_at
-- unique: service
select
    cast(service as varchar) as service,
    cast(min(team) as varchar) as team,
    cast(arg_min(deployment_id, place) as varchar) as first_deployment_id,
    cast(min(finished_at) as timestamp) as first_deployment_at,
    cast(max(finished_at) as timestamp) as last_deployment_at
from (
    select service, team, deployment_id, finished_at,
        row_number() over (partition by service order by finished_at, started_at, deployment_id) as place
    from intermediate.int_deployments
    where is_production and outcome = 'succeeded' and finished_at is not null and service is not null
)
group by service
