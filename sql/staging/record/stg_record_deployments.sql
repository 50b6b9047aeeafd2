-- description: One row per attempt to deploy from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: service | Service as the source names it.
-- column: component | Component as the source names it.
-- column: team | Team as the source names it.
-- column: repository | Repository as the source names it.
-- column: environment | Environment as the source names it.
-- column: version | Version that was deployed.
-- column: artifact_digest | Digest of the artifact.
-- column: revision | Revision that was deployed.
-- column: status | Status in the source's own terms.
-- column: task | What was done, for example deploy.
-- column: title | Short name.
-- column: run_key | Key of the pipeline run it belongs to.
-- column: change_key | Key of the change it carries, where the source names one.
-- column: release_key | Key of the release.
-- column: rollback_of_key | Key of the deployment it takes back.
-- column: created_at | When the record was created (UTC).
-- column: started_at | When it started (UTC).
-- column: finished_at | When it finished (UTC).
-- column: verified_at | When it was verified (UTC).
-- column: verification | Evidence of the verification.
-- column: plan | Plan it followed.
-- column: deployed_by | Who deployed.
-- column: deployed_by_type | human or bot, where the source says so.
-- column: triggered_by | Who set it off.
-- column: time_quality | exact, bounded or inferred; unknown where not said.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_deployments
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':deployments:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.service' as varchar) as service,
    cast(payload->>'$.record.component' as varchar) as component,
    cast(payload->>'$.record.team' as varchar) as team,
    cast(payload->>'$.record.repository' as varchar) as repository,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(payload->>'$.record.version' as varchar) as version,
    cast(payload->>'$.record.artifact_digest' as varchar) as artifact_digest,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.status' as varchar) as status,
    cast(payload->>'$.record.task' as varchar) as task,
    cast(payload->>'$.record.title' as varchar) as title,
    cast(payload->>'$.record.run_key' as varchar) as run_key,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(payload->>'$.record.release_key' as varchar) as release_key,
    cast(payload->>'$.record.rollback_of_key' as varchar) as rollback_of_key,
    cast(cast(payload->>'$.record.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload->>'$.record.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload->>'$.record.finished_at' as timestamptz) at time zone 'UTC' as timestamp) as finished_at,
    cast(cast(payload->>'$.record.verified_at' as timestamptz) at time zone 'UTC' as timestamp) as verified_at,
    cast(payload->>'$.record.verification' as varchar) as verification,
    cast(payload->>'$.record.plan' as varchar) as plan,
    cast(payload->>'$.record.deployed_by' as varchar) as deployed_by,
    cast(payload->>'$.record.deployed_by_type' as varchar) as deployed_by_type,
    cast(payload->>'$.record.triggered_by' as varchar) as triggered_by,
    cast(payload->>'$.record.time_quality' as varchar) as time_quality
from latest
