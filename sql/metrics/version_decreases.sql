-- description: Share of successful deployments whose version is lower than the one before it in the same service and
--   environment, told apart as rollback, re-release and out of order. Versions are compared part by part.
-- grain: record_id
-- materialized: view
-- label: Version decreases
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: deployment finish
-- source: Definitions, failure
-- absent_reason: no two numbered versions in a row were deployed to an environment
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
    cast(finished_at as timestamp) as occurred_at,
    cast(coalesce(move in ('rollback', 're-release', 'out of order'), false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(incomparable_reason as varchar) as exclusion_reason,
    cast(move || ' in ' || environment || ': ' || previous_version || ' → ' || version as varchar) as detail
from marts.version_moves
