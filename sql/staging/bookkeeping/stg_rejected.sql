-- description: Payloads that were set aside, with their reason.
-- grain: source, stream, payload_sha256, reason
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: record_key | Key, where one could be read.
-- column: payload_sha256 | SHA-256 of the payload.
-- column: reason | Why it was set aside.
-- column: fetched_at | When it was read, UTC.
-- column: is_replayed | Whether a later replay accepted it.
-- not_null: source, stream, payload_sha256, reason
-- unique: source, stream, payload_sha256, reason
select
    cast(source as varchar) as source,
    cast(stream as varchar) as stream,
    cast(record_key as varchar) as record_key,
    cast(payload_sha256 as varchar) as payload_sha256,
    cast(reason as varchar) as reason,
    cast(fetched_at as timestamp) as fetched_at,
    cast(replayed_at is not null as boolean) as is_replayed
from raw.rejected
