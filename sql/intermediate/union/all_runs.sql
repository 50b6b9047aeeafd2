-- description: All runs of all sources, one shape. One run of a pipeline or build job.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Run.
-- column: url | As in the record kind Run.
-- column: updated_at | As in the record kind Run.
-- column: name | As in the record kind Run.
-- column: workflow | As in the record kind Run.
-- column: repository | As in the record kind Run.
-- column: number | As in the record kind Run.
-- column: attempt | As in the record kind Run.
-- column: trigger | As in the record kind Run.
-- column: branch | As in the record kind Run.
-- column: revision | As in the record kind Run.
-- column: status | As in the record kind Run.
-- column: outcome | As in the record kind Run.
-- column: environment | As in the record kind Run.
-- column: triggered_by | As in the record kind Run.
-- column: triggered_by_type | As in the record kind Run.
-- column: change_key | As in the record kind Run.
-- column: created_at | As in the record kind Run.
-- column: started_at | As in the record kind Run.
-- column: finished_at | As in the record kind Run.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    name,
    workflow,
    repository,
    number,
    attempt,
    trigger,
    branch,
    revision,
    status,
    outcome,
    environment,
    triggered_by,
    triggered_by_type,
    change_key,
    created_at,
    started_at,
    finished_at
from staging.stg_github_runs
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    name,
    workflow,
    repository,
    number,
    attempt,
    trigger,
    branch,
    revision,
    status,
    outcome,
    environment,
    triggered_by,
    triggered_by_type,
    change_key,
    created_at,
    started_at,
    finished_at
from staging.stg_gitlab_runs
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    name,
    workflow,
    repository,
    number,
    attempt,
    trigger,
    branch,
    revision,
    status,
    outcome,
    environment,
    triggered_by,
    triggered_by_type,
    change_key,
    created_at,
    started_at,
    finished_at
from staging.stg_jenkins_runs
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    name,
    workflow,
    repository,
    number,
    attempt,
    trigger,
    branch,
    revision,
    status,
    outcome,
    environment,
    triggered_by,
    triggered_by_type,
    change_key,
    created_at,
    started_at,
    finished_at
from staging.stg_record_runs
