-- description: Every delivery that was pushed, and how many records it brought.
-- grain: source, key
-- column: source | Name of the receiver.
-- column: key | The sender's identity of the delivery, else the hash of its body.
-- column: event | What the sender calls it.
-- column: received_at | When it arrived, UTC.
-- column: records | Records that were read from it when it was taken over; 0 where nothing reads its event.
-- not_null: source, key, event, received_at, records
-- unique: source, key
select
    cast(source as varchar) as source,
    cast(record_key as varchar) as key,
    cast(payload->>'$.event' as varchar) as event,
    cast(fetched_at as timestamp) as received_at,
    cast(payload->>'$.records' as bigint) as records
from raw.push_deliveries
qualify row_number() over (partition by source, record_key order by fetched_at, payload_sha256) = 1
