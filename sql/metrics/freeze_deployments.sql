-- description: Share of production deployments that started inside a freeze without an exemption.
-- grain: record_id
-- materialized: view
-- label: Deployments inside a freeze
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment start
-- source: Definitions, change windows
-- absent_reason: no deployments to production in the period, or no freeze is known
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
    cast(d.started_at as timestamp) as occurred_at,
    cast(coalesce(f.is_violation, false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when d.has_not_begun then 'has not begun'
            when d.started_at is null then 'start unknown'
            when d.outcome = 'cancelled' then 'cancelled before it deployed'
            when n.freezes = 0 then 'not collectable: no freeze is known'
        end as varchar
    ) as exclusion_reason,
    cast(f.freeze_name as varchar) as detail
from marts.deployments d
left join (
    select deployment_id, min(freeze_name) as freeze_name, bool_or(not is_exempt) as is_violation
    from marts.freeze_deployments group by deployment_id
) f on f.deployment_id = d.deployment_id
cross join (
    select (select count(*) from config.freezes) + (select count(*) from marts.windows where kind = 'freeze') as freezes
) n
where d.is_production
