-- description: One row per incident, rollback or hotfix from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: kind | incident, rollback or hotfix.
-- column: title | Short name.
-- column: description | What it says about itself.
-- column: severity | Severity as stated.
-- column: status | Status in the source's own terms.
-- column: service | Service as the source names it.
-- column: component | Component as the source names it.
-- column: team | Team as the source names it.
-- column: environment | Environment as the source names it.
-- column: is_planned | Whether it is a planned reversal, which is no failure.
-- column: deployment_key | Key of the deployment it belongs to.
-- column: change_key | Key of the change it belongs to.
-- column: revision | Revision it is about.
-- column: version | Version.
-- column: opened_by | Who opened it.
-- column: opened_by_type | human or bot, where the source says so.
-- column: created_at | When the record was created (UTC).
-- column: started_at | When it started (UTC).
-- column: detected_at | When it was noticed (UTC).
-- column: resolved_at | When it was resolved (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_incidents
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':incidents:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.kind' as varchar) as kind,
    cast(payload->>'$.record.title' as varchar) as title,
    cast(payload->>'$.record.description' as varchar) as description,
    cast(payload->>'$.record.severity' as varchar) as severity,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(payload->>'$.record.service' as varchar) as service,
    cast(payload->>'$.record.component' as varchar) as component,
    cast(payload->>'$.record.team' as varchar) as team,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(payload->>'$.record.is_planned' as boolean) as is_planned,
    cast(payload->>'$.record.deployment_key' as varchar) as deployment_key,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.version' as varchar) as version,
    cast(payload->>'$.record.opened_by' as varchar) as opened_by,
    cast(payload->>'$.record.opened_by_type' as varchar) as opened_by_type,
    cast(cast(payload->>'$.record.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload->>'$.record.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload->>'$.record.detected_at' as timestamptz) at time zone 'UTC' as timestamp) as detected_at,
    cast(cast(payload->>'$.record.resolved_at' as timestamptz) at time zone 'UTC' as timestamp) as resolved_at
from latest
