-- description: Finished production deployments per service and day, days without any included.
-- grain: service, day
-- order_by: service, day
-- column: service | The service.
-- column: team | Its team.
-- column: day | The day, UTC midnight.
-- column: deployments | How many finished that day.
-- not_null: service, day, deployments
-- unique: service, day
with recursive days as (
    select service, team, date_trunc('day', first_deployment_at) as day, date_trunc('day', last_deployment_at) as last_day
    from marts.service_first_deployments
    union all
    select service, team, day + interval '1 day', last_day from days where day < last_day
),
counted as (
    select service, date_trunc('day', finished_at) as day, count(*) as deployments
    from intermediate.int_deployments
    where is_production and outcome = 'succeeded' and finished_at is not null and service is not null
    group by 1, 2
)
select
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(d.day as timestamp) as day,
    cast(coalesce(c.deployments, 0) as bigint) as deployments
from days d
left join counted c on c.service = d.service and c.day = d.day
