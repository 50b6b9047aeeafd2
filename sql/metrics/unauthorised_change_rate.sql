-- description: Share of the changes carried by production deployments that had no valid authorisation in force at the start: the hand-over weighted by change.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Unauthorised changes
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment start
-- source: Definitions, hand-over
-- absent_reason: no production deployment carried a change that can be judged
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
    cast(x.deployment_id || '|' || x.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(c.change_type as varchar) as change_type,
    cast(x.started_at as timestamp) as occurred_at,
    cast(not coalesce(x.is_authorised, true) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when x.authorisation_class = 'not_collectable' then 'not collectable: the source keeps no approvals, or not by whom'
            when d.is_rerelease then 're-release of an artifact that ran before'
        end as varchar) as exclusion_reason,
    cast(x.authorisation_class || coalesce(': ' || x.reason, '') as varchar) as detail
from marts.deployment_changes x
inner join marts.deployments d on d.deployment_id = x.deployment_id
inner join marts.changes c on c.change_id = x.change_id
