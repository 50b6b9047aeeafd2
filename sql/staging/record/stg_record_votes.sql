-- description: One row per vote on a revision of a change from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: change_key | Key of the change it belongs to.
-- column: voted_at | When the vote was cast (UTC).
-- column: voter | Who voted.
-- column: voter_type | human or bot, where the source says so.
-- column: label | What was voted on, for example Code-Review.
-- column: value | Value of the vote; 0 is no decision.
-- column: revision | Revision it is about.
-- column: comment | What the voter wrote with it.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_votes
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':votes:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(cast(payload->>'$.record.voted_at' as timestamptz) at time zone 'UTC' as timestamp) as voted_at,
    cast(payload->>'$.record.voter' as varchar) as voter,
    cast(payload->>'$.record.voter_type' as varchar) as voter_type,
    cast(payload->>'$.record.label' as varchar) as label,
    cast(payload->>'$.record.value' as bigint) as value,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.comment' as varchar) as comment
from latest
