-- description: One row per decision on a change or deployment from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: change_key | Key of the change it belongs to.
-- column: deployment_key | Key of the deployment it belongs to.
-- column: run_key | Key of the pipeline run it belongs to.
-- column: environment | Environment as the source names it.
-- column: decided_at | When it was decided (UTC).
-- column: decided_by | Who decided.
-- column: decided_by_type | human or bot, where the source says so.
-- column: verdict | approved, rejected, changes_requested, commented or the source's own word.
-- column: revision | Revision it is about.
-- column: comment | Recorded reason or remark.
-- column: conditions | Conditions attached to the approval.
-- column: authority | Group or role the decision was taken for.
-- column: policy | Policy that decided, for automated decisions.
-- column: policy_version | Version of that policy.
-- column: dismissed_at | When the decision was taken back (UTC).
-- column: dismissed_by | Who took it back.
-- column: time_quality | exact, bounded or inferred; unknown where not said.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_decisions
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':decisions:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(payload->>'$.record.deployment_key' as varchar) as deployment_key,
    cast(payload->>'$.record.run_key' as varchar) as run_key,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(cast(payload->>'$.record.decided_at' as timestamptz) at time zone 'UTC' as timestamp) as decided_at,
    cast(payload->>'$.record.decided_by' as varchar) as decided_by,
    cast(payload->>'$.record.decided_by_type' as varchar) as decided_by_type,
    cast(payload->>'$.record.verdict' as varchar) as verdict,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.comment' as varchar) as comment,
    cast(payload->>'$.record.conditions' as varchar) as conditions,
    cast(payload->>'$.record.authority' as varchar) as authority,
    cast(payload->>'$.record.policy' as varchar) as policy,
    cast(payload->>'$.record.policy_version' as varchar) as policy_version,
    cast(cast(payload->>'$.record.dismissed_at' as timestamptz) at time zone 'UTC' as timestamp) as dismissed_at,
    cast(payload->>'$.record.dismissed_by' as varchar) as dismissed_by,
    cast(payload->>'$.record.time_quality' as varchar) as time_quality
from latest
