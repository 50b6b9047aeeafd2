-- description: All decisions of all sources, one shape. A decision on a change or a deployment: review, approval, rejection, gate; a comment is a neutral one.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Decision.
-- column: url | As in the record kind Decision.
-- column: updated_at | As in the record kind Decision.
-- column: change_key | As in the record kind Decision.
-- column: deployment_key | As in the record kind Decision.
-- column: run_key | As in the record kind Decision.
-- column: environment | As in the record kind Decision.
-- column: decided_at | As in the record kind Decision.
-- column: decided_by | As in the record kind Decision.
-- column: decided_by_type | As in the record kind Decision.
-- column: verdict | As in the record kind Decision.
-- column: revision | As in the record kind Decision.
-- column: comment | As in the record kind Decision.
-- column: conditions | As in the record kind Decision.
-- column: authority | As in the record kind Decision.
-- column: policy | As in the record kind Decision.
-- column: policy_version | As in the record kind Decision.
-- column: dismissed_at | As in the record kind Decision.
-- column: dismissed_by | As in the record kind Decision.
-- column: time_quality | As in the record kind Decision.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    deployment_key,
    run_key,
    environment,
    decided_at,
    decided_by,
    decided_by_type,
    verdict,
    revision,
    comment,
    conditions,
    authority,
    policy,
    policy_version,
    dismissed_at,
    dismissed_by,
    time_quality
from staging.stg_github_decisions
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    deployment_key,
    run_key,
    environment,
    decided_at,
    decided_by,
    decided_by_type,
    verdict,
    revision,
    comment,
    conditions,
    authority,
    policy,
    policy_version,
    dismissed_at,
    dismissed_by,
    time_quality
from staging.stg_gitlab_decisions
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    deployment_key,
    run_key,
    environment,
    decided_at,
    decided_by,
    decided_by_type,
    verdict,
    revision,
    comment,
    conditions,
    authority,
    policy,
    policy_version,
    dismissed_at,
    dismissed_by,
    time_quality
from staging.stg_jenkins_decisions
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    deployment_key,
    run_key,
    environment,
    decided_at,
    decided_by,
    decided_by_type,
    verdict,
    revision,
    comment,
    conditions,
    authority,
    policy,
    policy_version,
    dismissed_at,
    dismissed_by,
    time_quality
from staging.stg_jira_decisions
union all
select
    -- Records of a file without changes, or deployments, of its own are of those that they name.
    cast(coalesce(n.owner, d.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(
        case when coalesce(n.owner, d.owner, r.source) = r.source then r.key else r.source || '/' || r.key end as varchar
    ) as key,
    r.url,
    r.updated_at,
    cast(coalesce(n.key, r.change_key) as varchar) as change_key,
    r.deployment_key,
    r.run_key,
    r.environment,
    r.decided_at,
    r.decided_by,
    r.decided_by_type,
    r.verdict,
    r.revision,
    r.comment,
    r.conditions,
    r.authority,
    r.policy,
    r.policy_version,
    r.dismissed_at,
    r.dismissed_by,
    r.time_quality
from staging.stg_record_decisions r
left join intermediate.int_named_changes n on n.source = r.source and n.change_key = r.change_key
left join intermediate.int_named_deployments d on d.source = r.source and d.deployment_key = r.deployment_key
