-- description: What was pushed to each receiver by event, and how much of it brings no record: kept, and counted here.
-- grain: source, event
-- order_by: source, event
-- column: source | Name of the receiver.
-- column: event | What the sender calls it, such as deployment_status or incident.resolved.
-- column: deliveries | Deliveries received, each once.
-- column: unread | Deliveries that brought no record.
-- column: records | Records read from them, versions of one record counted each.
-- column: first_received_at | When the first came, UTC.
-- column: last_received_at | When the last came, UTC.
-- not_null: source, event, deliveries, unread, records
-- unique: source, event
select
    cast(source as varchar) as source,
    cast(event as varchar) as event,
    cast(count(*) as bigint) as deliveries,
    cast(count(*) filter (where records = 0) as bigint) as unread,
    cast(sum(records) as bigint) as records,
    cast(min(received_at) as timestamp) as first_received_at,
    cast(max(received_at) as timestamp) as last_received_at
from staging.stg_push_deliveries
group by source, event
