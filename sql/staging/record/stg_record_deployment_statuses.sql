-- description: One row per status that a deployment went through from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: deployment_key | Key of the deployment it belongs to.
-- column: status | Status the deployment went into.
-- column: occurred_at | When it happened (UTC).
-- column: actor | Who did it.
-- column: actor_type | human or bot, where the source says so.
-- column: description | What it says about itself.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_deployment_statuses
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':deployment_statuses:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.deployment_key' as varchar) as deployment_key,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(cast(payload->>'$.record.occurred_at' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(payload->>'$.record.actor' as varchar) as actor,
    cast(payload->>'$.record.actor_type' as varchar) as actor_type,
    cast(payload->>'$.record.description' as varchar) as description
from latest
