-- description: One row per stated relation between two records from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: from_kind | Kind of the record the relation starts at.
-- column: from_key | Key of the record the relation starts at.
-- column: relation | Relation, for example carries, closes, reverts, caused_by, blocks.
-- column: to_kind | Kind of the record the relation leads to.
-- column: to_key | Key of the record the relation leads to.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_links
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':links:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.from_kind' as varchar) as from_kind,
    cast(payload->>'$.record.from_key' as varchar) as from_key,
    cast(payload->>'$.record.relation' as varchar) as relation,
    cast(payload->>'$.record.to_kind' as varchar) as to_kind,
    cast(payload->>'$.record.to_key' as varchar) as to_key
from latest
