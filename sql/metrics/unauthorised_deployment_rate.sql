-- description: Share of production deployments that carried at least one change without a valid authorisation in force at
--   the start: no record, not approved, another revision, expired, outside its window, or a condition unmet.
-- grain: record_id
-- materialized: view
-- label: Unauthorised deployments
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment start
-- source: Definitions, hand-over
-- absent_reason: no production deployment whose changes' authorisation can be judged
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
    cast(started_at as timestamp) as occurred_at,
    cast(unauthorised_reason is not null as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when is_production is null then 'environment unknown'
            when outcome = 'cancelled' then 'cancelled before it deployed'
            when has_not_begun then 'has not begun'
            when started_at is null then 'start unknown'
            when is_rerelease then 're-release of an artifact that ran before'
            -- One change that is known to be unauthorised is enough, whatever cannot be said of the others.
            when authorisation_class = 'not_collectable' and unauthorised_reason is null
                then 'not collectable: no change records or approvals, or approvers, to compare with'
        end as varchar
    ) as exclusion_reason,
    cast(
        case
            when authorisation_class = 'not_collectable' and unauthorised_reason is not null then unauthorised_reason
            else coalesce(authorisation_class || coalesce(': ' || unauthorised_reason, ''), '')
        end as varchar
    ) as detail
from marts.deployments
where coalesce(is_production, true)
