-- description: Each successful deployment compared with the one before it in its service and environment, by version, part by
--   part. A lower version is told apart as rollback, re-release or out of order.
-- grain: deployment_id
-- order_by: service, environment, finished_at, deployment_id
-- column: deployment_id | The deployment.
-- column: service | Service deployed; null when nothing names one.
-- column: team | Its team.
-- column: environment | Environment, lower case; null when unknown.
-- column: is_production | Whether that is production.
-- column: finished_at | When it finished, UTC.
-- column: version | Version deployed.
-- column: previous_deployment_id | The successful deployment before it in its service and environment.
-- column: previous_version | What that one brought.
-- column: move | increase, same, rollback (a version that ran there comes back within the incident window, or the source says
--   so), re-release (it comes back later), out of order (a lower version that never ran there), or null when not comparable.
-- column: incomparable_reason | Why there is no move; null when there is one.
-- not_null: deployment_id
-- unique: deployment_id
-- assert: move in ('increase', 'same', 'rollback', 're-release', 'out of order')
-- assert: (move is null) = (incomparable_reason is not null)
with succeeded as (
    select
        d.deployment_id, d.service, d.team, lower(d.environment) as environment, d.is_production, d.finished_at,
        coalesce(d.started_at, d.finished_at) as started_at, d.version,
        d.is_rollback_stated, v.series, v.sort_key
    from intermediate.int_deployments d
    left join intermediate.int_versions v on v.version = d.version
    where d.outcome = 'succeeded' and d.finished_at is not null
),
-- Whether a version ran there before is asked only of those that ran there more than once.
repeated as (
    select service, environment, series, sort_key from succeeded
    where sort_key is not null
    group by service, environment, series, sort_key
    having count(*) > 1
),
again as (
    select s.deployment_id
    from succeeded s
    inner join repeated r
        on r.service = s.service and r.environment = s.environment and r.series = s.series and r.sort_key = s.sort_key
    qualify row_number() over (
        partition by s.service, s.environment, s.series, s.sort_key order by s.finished_at, s.started_at, s.deployment_id
    ) > 1
),
placed as (
    select
        *,
        lag(deployment_id) over place as previous_deployment_id,
        lag(version) over place as previous_version,
        lag(series) over place as previous_series,
        lag(sort_key) over place as previous_key,
        lag(finished_at) over place as previous_finished_at
    from succeeded
    window place as (partition by service, environment order by finished_at, started_at, deployment_id)
),
judged as (
    select
        p.*,
        a.deployment_id is not null as ran_before,
        case
            when p.service is null or p.environment is null then 'service or environment unknown'
            when p.previous_deployment_id is null then 'first deployment seen there'
            when p.version is null or p.previous_version is null then 'no version'
            when p.sort_key is null or p.previous_key is null or p.series <> p.previous_series
                then 'versions that no number compares'
        end as incomparable_reason,
        (epoch_us(p.finished_at) - epoch_us(p.previous_finished_at)) <= t.incident_window_hours * 3600000000 as is_within_window
    from placed p
    left join again a on a.deployment_id = p.deployment_id
    cross join config.thresholds t
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(environment as varchar) as environment,
    cast(is_production as boolean) as is_production,
    cast(finished_at as timestamp) as finished_at,
    cast(version as varchar) as version,
    cast(case when service is not null and environment is not null then previous_deployment_id end as varchar)
        as previous_deployment_id,
    cast(case when service is not null and environment is not null then previous_version end as varchar) as previous_version,
    cast(
        case
            when incomparable_reason is not null then null
            when sort_key > previous_key then 'increase'
            when sort_key = previous_key then 'same'
            when is_rollback_stated or (ran_before and is_within_window) then 'rollback'
            when ran_before then 're-release'
            else 'out of order'
        end as varchar
    ) as move,
    cast(incomparable_reason as varchar) as incomparable_reason
from judged
