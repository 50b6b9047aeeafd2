-- description: One row per run of a command against a source, from the raw store's run log.
-- grain: run_id
-- column: run_id | Identity of the run.
-- column: source | Name of the source instance.
-- column: source_type | github, jira, jenkins, gitlab, or record for files and pushed records.
-- column: command | What was run.
-- column: started_at | When it began, UTC.
-- column: finished_at | When it ended, UTC; null while running or after a kill.
-- column: status | ok, failed, interrupted or running.
-- column: error | Why it failed.
-- column: principal | Whose credentials it used.
-- column: scopes | What those may do.
-- not_null: run_id, source, source_type, status
-- unique: run_id
select
    cast(run_id as varchar) as run_id,
    cast(source as varchar) as source,
    cast(source_type as varchar) as source_type,
    cast(command as varchar) as command,
    cast(started_at as timestamp) as started_at,
    cast(finished_at as timestamp) as finished_at,
    cast(status as varchar) as status,
    cast(error as varchar) as error,
    cast(principal as varchar) as principal,
    cast(scopes as varchar) as scopes
from raw.runs
