-- description: One row per thing that happened to a record from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: subject_kind | Kind of the record it happened to.
-- column: subject_key | Key of the record it happened to.
-- column: occurred_at | When it happened (UTC).
-- column: actor | Who did it.
-- column: actor_type | human or bot, where the source says so.
-- column: verb | What happened.
-- column: field | Field that changed.
-- column: old_value | Value before.
-- column: new_value | Value after.
-- column: text | Text that came with it.
-- column: revision | Revision it is about.
-- column: time_quality | exact, bounded or inferred; unknown where not said.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_events
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':events:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.subject_kind' as varchar) as subject_kind,
    cast(payload->>'$.record.subject_key' as varchar) as subject_key,
    cast(cast(payload->>'$.record.occurred_at' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(payload->>'$.record.actor' as varchar) as actor,
    cast(payload->>'$.record.actor_type' as varchar) as actor_type,
    cast(payload->>'$.record.verb' as varchar) as verb,
    cast(payload->>'$.record.field' as varchar) as field,
    cast(payload->>'$.record.old_value' as varchar) as old_value,
    cast(payload->>'$.record.new_value' as varchar) as new_value,
    cast(payload->>'$.record.text' as varchar) as text,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.time_quality' as varchar) as time_quality
from latest
