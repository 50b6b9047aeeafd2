-- description: Incidents per finished production deployment; may exceed 1, and is for comparison only: use the change failure rate to judge.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Incidents per deployment
-- unit: count
-- kind: ratio
-- statistic: ratio
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment finish
-- source: Definitions, failure
-- absent_reason: no deployments to production finished in the period
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
select
    cast(d.deployment_id as varchar) as record_id,
    cast('deployment' as varchar) as record_kind,
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(cast(null as varchar) as varchar) as change_type,
    cast(d.finished_at as timestamp) as occurred_at,
    cast(coalesce(i.incidents, 0) > 0 as boolean) as in_numerator,
    cast(coalesce(i.incidents, 0) as double) as value,
    cast(case when d.finished_at is null then 'finish unknown' end as varchar) as exclusion_reason,
    cast(cast(coalesce(i.incidents, 0) as varchar) || ' incidents' as varchar) as detail
from marts.deployments d
left join (
    select deployment_id, count(*) as incidents from marts.incidents
    where deployment_id is not null and not is_planned group by deployment_id
) i on i.deployment_id = d.deployment_id
where d.is_production and d.outcome = 'succeeded'
