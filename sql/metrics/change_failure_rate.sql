-- description: Share of finished production deployments that needed immediate intervention: a linked incident, a rollback or a revert.
--   Several incidents on one deployment are one failure. A planned reversal and putting back what was taken back are none:
--   each is listed as left out, while the deployment itself is judged.
-- grain: record_id
-- materialized: view
-- label: Change failure rate
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment finish
-- source: Definitions, failure; DORA
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
    cast(deployment_id as varchar) as record_id,
    cast('deployment' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(null as varchar) as change_type,
    cast(coalesce(finished_at, started_at, created_at) as timestamp) as occurred_at,
    cast(coalesce(is_failed, false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when is_production is null then 'environment unknown'
            when outcome = 'succeeded' and finished_at is null then 'finish unknown'
            when outcome = 'in_progress' then 'still running'
            when outcome <> 'succeeded' then 'did not finish'
        end as varchar
    ) as exclusion_reason,
    cast(failure_reasons as varchar) as detail
from marts.deployments
where coalesce(is_production, true)
union all
select
    cast(f.deployment_id || '|' || f.reason || '|' || f.evidence_id as varchar),
    cast('deployment' as varchar),
    cast(d.service as varchar),
    cast(d.team as varchar),
    cast(null as varchar),
    cast(d.finished_at as timestamp),
    cast(false as boolean),
    cast(null as double),
    cast(
        case f.exclusion when 'put back' then 'puts back what was taken back: no failure' else 'planned reversal: no failure' end
        as varchar
    ),
    cast(f.reason || ': ' || f.evidence_id as varchar)
from marts.deployment_failures f
inner join marts.deployments d on d.deployment_id = f.deployment_id
where f.exclusion is not null and d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
