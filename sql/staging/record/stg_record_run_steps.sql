-- description: One row per job or stage of a run from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: run_key | Key of the run it is a step of.
-- column: name | Name of the job or stage.
-- column: status | Status in the source's own terms.
-- column: outcome | How it ended.
-- column: environment | Environment as the source names it.
-- column: started_at | When it started (UTC).
-- column: finished_at | When it finished (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_run_steps
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':run_steps:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.run_key' as varchar) as run_key,
    cast(payload->>'$.record.name' as varchar) as name,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(payload->>'$.record.outcome' as varchar) as outcome,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(cast(payload->>'$.record.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload->>'$.record.finished_at' as timestamptz) at time zone 'UTC' as timestamp) as finished_at
from latest
