-- description: All run steps of all sources, one shape. One job or stage of a run.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind RunStep.
-- column: url | As in the record kind RunStep.
-- column: updated_at | As in the record kind RunStep.
-- column: run_key | As in the record kind RunStep.
-- column: name | As in the record kind RunStep.
-- column: status | As in the record kind RunStep.
-- column: outcome | As in the record kind RunStep.
-- column: environment | As in the record kind RunStep.
-- column: started_at | As in the record kind RunStep.
-- column: finished_at | As in the record kind RunStep.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    run_key,
    name,
    status,
    outcome,
    environment,
    started_at,
    finished_at
from staging.stg_github_run_steps
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    run_key,
    name,
    status,
    outcome,
    environment,
    started_at,
    finished_at
from staging.stg_gitlab_run_steps
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    run_key,
    name,
    status,
    outcome,
    environment,
    started_at,
    finished_at
from staging.stg_jenkins_run_steps
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    run_key,
    name,
    status,
    outcome,
    environment,
    started_at,
    finished_at
from staging.stg_record_run_steps
