-- description: One row per stage of a Jenkins pipeline build.
-- grain: stage of a build
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Key of the build, '/' and the stage's id.
-- column: url | The source does not state it; always null.
-- column: updated_at | The source does not state it; always null.
-- column: run_key | Key of the build.
-- column: name | Name of the stage.
-- column: status | waiting (for an input), in_progress or completed; null where not stated.
-- column: outcome | success, failed, unstable, aborted or not_executed; null while the stage runs or where not stated.
-- column: environment | The source does not state it; always null.
-- column: started_at | When the stage began its work: after the wait for an answer that it asked for, UTC.
-- column: finished_at | Begin plus duration with pauses, UTC; null while the stage runs or was skipped.
-- not_null: source, source_event_id, key, run_key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.jenkins_stages
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
stages as (
    select
        source, record_key, payload,
        lower(payload ->> '$.status') as status,
        cast(payload ->> '$.startTimeMillis' as bigint) as started_ms,
        coalesce(cast(payload ->> '$.durationMillis' as bigint), 0) as duration_ms,
        coalesce(cast(payload ->> '$.pauseDurationMillis' as bigint), 0) as paused_ms
    from latest
)
select
    cast(source as varchar) as source,
    cast(source || ':stage:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(payload ->> '$.parent.key' as varchar) as run_key,
    cast(payload ->> '$.name' as varchar) as name,
    cast(case
        when status = 'paused_pending_input' then 'waiting'
        when status = 'in_progress' then 'in_progress'
        when status is not null then 'completed'
    end as varchar) as status,
    cast(case when status not in ('paused_pending_input', 'in_progress') then status end as varchar) as outcome,
    cast(null as varchar) as environment,
    -- A stage that asks does so before it works.
    cast(epoch_ms(case when status = 'paused_pending_input' then started_ms else started_ms + paused_ms end) as timestamp) as started_at,
    cast(case
        when status in ('success', 'failed', 'failure', 'aborted', 'unstable') then epoch_ms(started_ms + duration_ms)
    end as timestamp) as finished_at
from stages
