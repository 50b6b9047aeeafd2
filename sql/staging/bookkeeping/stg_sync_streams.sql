-- description: What each run brought per stream and scope, from the raw store's run log.
-- grain: run_id, source, stream, scope
-- column: run_id | The run.
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: scope | What within the source, such as a repository.
-- column: requests | Requests made.
-- column: pages | Pages read.
-- column: received | Records received.
-- column: stored | Versions stored.
-- column: unchanged | Records that were already held.
-- column: rejected | Payloads set aside.
-- column: reported | How many records the source says there are; null where it does not say.
-- column: watermark_before | High-water mark that the run began from; null when it began from nothing.
-- column: watermark_after | High-water mark after the run.
-- column: finished_at | When the stream was complete, UTC; null when it ended early.
-- column: error | Why it ended early.
-- not_null: run_id, source, stream, scope
-- unique: run_id, source, stream, scope
select
    cast(run_id as varchar) as run_id,
    cast(source as varchar) as source,
    cast(stream as varchar) as stream,
    cast(scope as varchar) as scope,
    cast(requests as bigint) as requests,
    cast(pages as bigint) as pages,
    cast(received as bigint) as received,
    cast(stored as bigint) as stored,
    cast(unchanged as bigint) as unchanged,
    cast(rejected as bigint) as rejected,
    cast(reported as bigint) as reported,
    cast(watermark_before as varchar) as watermark_before,
    cast(watermark_after as varchar) as watermark_after,
    cast(finished_at as timestamp) as finished_at,
    cast(error as varchar) as error
from raw.run_streams
