-- description: All deployments of all sources, one shape. One attempt to bring an artifact into an environment.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Deployment.
-- column: url | As in the record kind Deployment.
-- column: updated_at | As in the record kind Deployment.
-- column: service | As in the record kind Deployment.
-- column: component | As in the record kind Deployment.
-- column: team | As in the record kind Deployment.
-- column: repository | As in the record kind Deployment.
-- column: environment | As in the record kind Deployment.
-- column: version | As in the record kind Deployment.
-- column: artifact_digest | As in the record kind Deployment.
-- column: revision | As in the record kind Deployment.
-- column: status | As in the record kind Deployment.
-- column: task | As in the record kind Deployment.
-- column: title | As in the record kind Deployment.
-- column: run_key | As in the record kind Deployment.
-- column: change_key | As in the record kind Deployment.
-- column: release_key | As in the record kind Deployment.
-- column: rollback_of_key | As in the record kind Deployment.
-- column: created_at | As in the record kind Deployment.
-- column: started_at | As in the record kind Deployment.
-- column: finished_at | As in the record kind Deployment.
-- column: verified_at | As in the record kind Deployment.
-- column: verification | As in the record kind Deployment.
-- column: plan | As in the record kind Deployment.
-- column: deployed_by | As in the record kind Deployment.
-- column: deployed_by_type | As in the record kind Deployment.
-- column: triggered_by | As in the record kind Deployment.
-- column: time_quality | As in the record kind Deployment.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    component,
    team,
    repository,
    environment,
    version,
    artifact_digest,
    revision,
    status,
    task,
    title,
    run_key,
    change_key,
    release_key,
    rollback_of_key,
    created_at,
    started_at,
    finished_at,
    verified_at,
    verification,
    plan,
    deployed_by,
    deployed_by_type,
    triggered_by,
    time_quality
from staging.stg_github_deployments
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    component,
    team,
    repository,
    environment,
    version,
    artifact_digest,
    revision,
    status,
    task,
    title,
    run_key,
    change_key,
    release_key,
    rollback_of_key,
    created_at,
    started_at,
    finished_at,
    verified_at,
    verification,
    plan,
    deployed_by,
    deployed_by_type,
    triggered_by,
    time_quality
from staging.stg_gitlab_deployments
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    component,
    team,
    repository,
    environment,
    version,
    artifact_digest,
    revision,
    status,
    task,
    title,
    run_key,
    change_key,
    release_key,
    rollback_of_key,
    created_at,
    started_at,
    finished_at,
    verified_at,
    verification,
    plan,
    deployed_by,
    deployed_by_type,
    triggered_by,
    time_quality
from staging.stg_record_deployments
