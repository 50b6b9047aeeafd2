-- description: How long it took from the start of a failure to the restoration of service, for failed production deployments. A
--   failure starts with the first sign of it where an incident is linked, else with the finish of the deployment that had to be
--   taken back; it ends with the incident, the rollback or return, or the revert in production.
-- grain: record_id
-- materialized: view
-- label: Recovery time
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 5
-- dated_by: deployment finish
-- source: Definitions, failure; DORA
-- absent_reason: no failed deployment in the period
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
    cast(cast(null as varchar) as varchar) as change_type,
    cast(finished_at as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast((epoch_us(restored_at) - epoch_us(failure_began_at)) / 1000000.0 as double) as value,
    cast(
        case
            when restored_at is null then 'not restored, or the time is unknown'
            when failure_began_at is null then 'start of the failure unknown'
            when restored_at < failure_began_at then 'restored before it failed'
        end as varchar) as exclusion_reason,
    cast(failure_reasons as varchar) as detail
from marts.deployments
where is_failed
