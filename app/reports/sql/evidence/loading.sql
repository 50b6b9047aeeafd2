-- description: What each source and stream brought, against what the source said there was.
-- grain: source, stream
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: received | Records received over all runs.
-- column: stored | Versions stored.
-- column: rejected | Payloads set aside and not replayed.
-- column: reported | Records the source said there are, rows of a file for files; empty where it does not say.
-- column: last_run_at | When it was last read, UTC.
-- column: last_run_status | How that run ended.
-- column: problem | Why this stream may be incomplete; empty when nothing says so.
select
    source, stream, received, stored, rejected, reported, last_run_at, last_run_status,
    nullif(concat_ws('; ',
        case when last_run_status <> 'ok' then 'last run ' || last_run_status end,
        last_error,
        case when rejected = 1 then '1 payload set aside' when rejected > 1 then cast(rejected as varchar) || ' payloads set aside' end,
        case when source_type <> 'record' and reported > stored then 'the source reports more than is held' end
    ), '') as problem
from marts.data_sources
