-- description: One row per GitHub Actions workflow run, in its latest attempt.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name/run/number.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: name | Name of the workflow, else the run's title.
-- column: workflow | Path of the workflow file, else its name.
-- column: repository | owner/name.
-- column: number | Number of the run within its workflow.
-- column: attempt | Attempt; a re-run keeps its key and counts up.
-- column: trigger | Event that started it, such as push, pull_request, schedule or workflow_dispatch.
-- column: branch | Branch it ran for.
-- column: revision | Commit it ran for.
-- column: status | queued, waiting, in_progress, completed and so on.
-- column: outcome | success, failure, cancelled, skipped, timed_out and so on; unknown until completed.
-- column: environment | Not stated by GitHub; always unknown here.
-- column: triggered_by | Login of who started this attempt.
-- column: triggered_by_type | human or bot, as GitHub types the account.
-- column: change_key | First pull request that GitHub names for the run.
-- column: created_at | When it was created (UTC).
-- column: started_at | When this attempt started (UTC).
-- column: finished_at | Last update of a completed run (UTC): GitHub states no finish of its own; the jobs do.
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        coalesce(payload->>'$.triggering_actor.login', payload->>'$.actor.login') as starter_login,
        coalesce(payload->>'$.triggering_actor.type', payload->>'$.triggering_actor.__typename',
            payload->>'$.actor.type', payload->>'$.actor.__typename') as starter_account
    from raw.github_workflow_runs
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':workflow_runs:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.html_url' as varchar) as url,
    cast(try_cast(payload->>'$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(nullif(coalesce(payload->>'$.name', payload->>'$.display_title'), '') as varchar) as name,
    cast(nullif(coalesce(payload->>'$.path', payload->>'$.name'), '') as varchar) as workflow,
    cast(split_part(record_key, '/run/', 1) as varchar) as repository,
    try_cast(payload->>'$.run_number' as bigint) as number,
    try_cast(payload->>'$.run_attempt' as bigint) as attempt,
    cast(payload->>'$.event' as varchar) as trigger,
    cast(payload->>'$.head_branch' as varchar) as branch,
    cast(payload->>'$.head_sha' as varchar) as revision,
    cast(lower(payload->>'$.status') as varchar) as status,
    cast(nullif(lower(payload->>'$.conclusion'), '') as varchar) as outcome,
    cast(null as varchar) as environment,
    cast(starter_login || case when starter_account = 'Bot' and starter_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as triggered_by,
    cast(case when starter_account = 'Bot' or starter_login like '%[bot]' then 'bot'
        when starter_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as triggered_by_type,
    cast(nullif(regexp_extract(coalesce(payload->>'$.pull_requests[0].url', ''), '/repos/([^/]+/[^/]+)/pulls/[0-9]+',
        1), '')
        || '#' || (payload->>'$.pull_requests[0].number') as varchar) as change_key,
    cast(try_cast(payload->>'$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(try_cast(payload->>'$.run_started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(case when lower(payload->>'$.status') = 'completed'
        then try_cast(payload->>'$.updated_at' as timestamptz) at time zone 'UTC' end as timestamp) as finished_at
from latest
