-- description: All deployment statuses of all sources, one shape. One status a deployment went through.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind DeploymentStatus.
-- column: url | As in the record kind DeploymentStatus.
-- column: updated_at | As in the record kind DeploymentStatus.
-- column: deployment_key | As in the record kind DeploymentStatus.
-- column: status | As in the record kind DeploymentStatus.
-- column: occurred_at | As in the record kind DeploymentStatus.
-- column: actor | As in the record kind DeploymentStatus.
-- column: actor_type | As in the record kind DeploymentStatus.
-- column: description | As in the record kind DeploymentStatus.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    deployment_key,
    status,
    occurred_at,
    actor,
    actor_type,
    description
from staging.stg_github_deployment_statuses
union all
select
    -- Records of a file without deployments of its own are of the deployments that they name.
    cast(coalesce(n.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(case when n.owner is null then r.key else r.source || '/' || r.key end as varchar) as key,
    r.url,
    r.updated_at,
    r.deployment_key,
    r.status,
    r.occurred_at,
    r.actor,
    r.actor_type,
    r.description
from staging.stg_record_deployment_statuses r
left join intermediate.int_named_deployments n on n.source = r.source and n.deployment_key = r.deployment_key
