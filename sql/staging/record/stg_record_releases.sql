-- description: One row per release from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: service | Service as the source names it.
-- column: repository | Repository as the source names it.
-- column: version | Version it names.
-- column: title | Short name.
-- column: notes | Release notes.
-- column: plan | Plan it followed.
-- column: revision | Revision it was built from.
-- column: artifact_digest | Digest of the artifact.
-- column: status | Status in the source's own terms.
-- column: created_by | Who created it.
-- column: created_by_type | human or bot, where the source says so.
-- column: cut_at | When the release was cut (UTC).
-- column: planned_at | When it is planned for (UTC).
-- column: released_at | When it was released (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_releases
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':releases:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.service' as varchar) as service,
    cast(payload->>'$.record.repository' as varchar) as repository,
    cast(payload->>'$.record.version' as varchar) as version,
    cast(payload->>'$.record.title' as varchar) as title,
    cast(payload->>'$.record.notes' as varchar) as notes,
    cast(payload->>'$.record.plan' as varchar) as plan,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.artifact_digest' as varchar) as artifact_digest,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(payload->>'$.record.created_by' as varchar) as created_by,
    cast(payload->>'$.record.created_by_type' as varchar) as created_by_type,
    cast(cast(payload->>'$.record.cut_at' as timestamptz) at time zone 'UTC' as timestamp) as cut_at,
    cast(cast(payload->>'$.record.planned_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_at,
    cast(cast(payload->>'$.record.released_at' as timestamptz) at time zone 'UTC' as timestamp) as released_at
from latest
