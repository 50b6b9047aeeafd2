-- description: Why payloads were set aside, with counts; the payloads themselves stay in the raw store and can be replayed.
-- grain: source, stream, reason
-- order_by: payloads desc, source, stream, reason
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: reason | Why.
-- column: payloads | How many.
-- column: example_key | One record's key, where one could be read.
-- column: last_at | When the last one was read, UTC.
-- not_null: source, stream, reason, payloads
-- unique: source, stream, reason
select
    cast(source as varchar) as source,
    cast(stream as varchar) as stream,
    cast(reason as varchar) as reason,
    cast(count(*) as bigint) as payloads,
    cast(min(record_key) as varchar) as example_key,
    cast(max(fetched_at) as timestamp) as last_at
from staging.stg_rejected
where not is_replayed
group by source, stream, reason
