-- description: One row per answer to an input step of a Jenkins pipeline, which decides and lets the release go on at
--   once.
-- grain: answer to an input step of a build
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Key of the build, '/' and the position of the answer.
-- column: url | The source does not state it; always null.
-- column: updated_at | The source does not state it; always null.
-- column: change_key | The source does not state it; always null.
-- column: deployment_key | The source does not state it; always null.
-- column: run_key | Key of the build.
-- column: environment | Value of the build parameter that names an environment.
-- column: decided_at | For a rejection as stated; for an approval the earliest end of the wait it ended (begin of the
--   stage plus its pause), UTC; null where that cannot be told.
-- column: decided_by | Login of who answered; null where nobody is stated.
-- column: decided_by_type | The source does not state it; always null.
-- column: verdict | approved or rejected.
-- column: revision | Commit that was checked out; null where a build checked out several repositories.
-- column: comment | The source does not state it; always null.
-- column: conditions | The source does not state it; always null.
-- column: authority | The source does not state it; always null.
-- column: policy | The source does not state it; always null.
-- column: policy_version | The source does not state it; always null.
-- column: dismissed_at | The source does not state it; always null.
-- column: dismissed_by | The source does not state it; always null.
-- column: time_quality | 'exact' for a stated time, 'inferred' for one from the pause, null without a time.
-- not_null: source, source_event_id, key, run_key, verdict
-- unique: source_event_id
-- unique: source, key
-- assert: verdict in ('approved', 'rejected')
with inputs as (
    select source, record_key, payload
    from raw.jenkins_inputs
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
stages as (
    select source, record_key, payload
    from raw.jenkins_stages
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
paused as (
    select
        source,
        payload ->> '$.parent.key' as run_key,
        record_key,
        cast(payload ->> '$.startTimeMillis' as bigint) as started_ms,
        cast(payload ->> '$.pauseDurationMillis' as bigint) as paused_ms
    from stages
    where cast(payload ->> '$.pauseDurationMillis' as bigint) > 0
        and coalesce(payload ->> '$.status', '') <> 'PAUSED_PENDING_INPUT'
),
-- Jenkins says who answered and, elsewhere, how long each stage waited. The n-th answer ended the n-th wait; where
-- the two counts differ that cannot be told.
marks as (
    select
        source,
        payload ->> '$.parent.key' as run_key,
        cast(payload ->> '$.position' as bigint) as position,
        record_key,
        payload ->> '$.twotrack.verdict' as verdict,
        payload ->> '$.twotrack.user' as decided_by,
        payload ->> '$.parent.environment' as environment,
        payload ->> '$.parent.revision' as revision,
        cast(payload ->> '$.timestamp' as bigint) as stated_ms,
        cast(payload ->> '$.twotrack.answers' as bigint) as answers,
        cast(null as bigint) as pause_ended_ms,
        cast(null as bigint) as pauses
    from inputs
    union all
    select
        source, run_key,
        row_number() over (partition by source, run_key order by started_ms, record_key) - 1 as position,
        null as record_key, null as verdict, null as decided_by, null as environment, null as revision,
        null as stated_ms, null as answers,
        started_ms + paused_ms as pause_ended_ms,
        count(*) over (partition by source, run_key) as pauses
    from paused
),
answers as (
    select
        source, run_key, position,
        max(record_key) as record_key,
        max(verdict) as verdict,
        max(decided_by) as decided_by,
        max(environment) as environment,
        max(revision) as revision,
        max(stated_ms) as stated_ms,
        case when max(answers) = max(pauses) then max(pause_ended_ms) end as inferred_ms
    from marks
    group by source, run_key, position
    having max(record_key) is not null
)
select
    cast(source as varchar) as source,
    cast(source || ':input:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(null as varchar) as change_key,
    cast(null as varchar) as deployment_key,
    cast(run_key as varchar) as run_key,
    cast(environment as varchar) as environment,
    cast(epoch_ms(coalesce(stated_ms, inferred_ms)) as timestamp) as decided_at,
    cast(decided_by as varchar) as decided_by,
    cast(null as varchar) as decided_by_type,
    cast(verdict as varchar) as verdict,
    cast(revision as varchar) as revision,
    cast(null as varchar) as comment,
    cast(null as varchar) as conditions,
    cast(null as varchar) as authority,
    cast(null as varchar) as policy,
    cast(null as varchar) as policy_version,
    cast(null as timestamp) as dismissed_at,
    cast(null as varchar) as dismissed_by,
    cast(case when stated_ms is not null then 'exact' when inferred_ms is not null then 'inferred' end as varchar) as time_quality
from answers
