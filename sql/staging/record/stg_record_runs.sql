-- description: One row per run of a pipeline from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: name | Name.
-- column: workflow | Workflow or pipeline it is a run of.
-- column: repository | Repository as the source names it.
-- column: number | Number of the run.
-- column: attempt | Attempt, counted from 1.
-- column: trigger | What set it off, for example push or schedule.
-- column: branch | Branch it ran on.
-- column: revision | Revision it is about.
-- column: status | Status in the source's own terms.
-- column: outcome | How it ended.
-- column: environment | Environment as the source names it.
-- column: triggered_by | Who set it off.
-- column: triggered_by_type | human or bot, where the source says so.
-- column: change_key | Key of the change it belongs to.
-- column: created_at | When the record was created (UTC).
-- column: started_at | When it started (UTC).
-- column: finished_at | When it finished (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_runs
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':runs:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.name' as varchar) as name,
    cast(payload->>'$.record.workflow' as varchar) as workflow,
    cast(payload->>'$.record.repository' as varchar) as repository,
    cast(payload->>'$.record.number' as bigint) as number,
    cast(payload->>'$.record.attempt' as bigint) as attempt,
    cast(payload->>'$.record.trigger' as varchar) as trigger,
    cast(payload->>'$.record.branch' as varchar) as branch,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(payload->>'$.record.outcome' as varchar) as outcome,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(payload->>'$.record.triggered_by' as varchar) as triggered_by,
    cast(payload->>'$.record.triggered_by_type' as varchar) as triggered_by_type,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(cast(payload->>'$.record.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload->>'$.record.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload->>'$.record.finished_at' as timestamptz) at time zone 'UTC' as timestamp) as finished_at
from latest
