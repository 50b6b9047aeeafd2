-- description: One row per change window, outage or freeze from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: kind | change, outage or freeze.
-- column: title | Short name.
-- column: description | What it says about itself.
-- column: change_key | Key of the change it belongs to.
-- column: release_key | Key of the release.
-- column: service | Service as the source names it.
-- column: component | Component as the source names it.
-- column: team | Team as the source names it.
-- column: environment | Environment as the source names it.
-- column: implementer | Who does the work.
-- column: change_type | standard, normal or emergency where the source says so, else the source's own word.
-- column: severity | Severity as stated.
-- column: state | State in the source's own terms.
-- column: created_at | When the record was created (UTC).
-- column: planned_start_at | Planned start (UTC).
-- column: planned_end_at | Planned end (UTC).
-- column: actual_start_at | Actual start (UTC).
-- column: actual_end_at | Actual end (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_windows
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':windows:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.kind' as varchar) as kind,
    cast(payload->>'$.record.title' as varchar) as title,
    cast(payload->>'$.record.description' as varchar) as description,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(payload->>'$.record.release_key' as varchar) as release_key,
    cast(payload->>'$.record.service' as varchar) as service,
    cast(payload->>'$.record.component' as varchar) as component,
    cast(payload->>'$.record.team' as varchar) as team,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(payload->>'$.record.implementer' as varchar) as implementer,
    cast(payload->>'$.record.change_type' as varchar) as change_type,
    cast(payload->>'$.record.severity' as varchar) as severity,
    cast(payload->>'$.record.state' as varchar) as state,
    cast(cast(payload->>'$.record.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload->>'$.record.planned_start_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_start_at,
    cast(cast(payload->>'$.record.planned_end_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_end_at,
    cast(cast(payload->>'$.record.actual_start_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_start_at,
    cast(cast(payload->>'$.record.actual_end_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_end_at
from latest
