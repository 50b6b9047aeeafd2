-- description: All releases of all sources, one shape. A named version that is meant to be deployed.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Release.
-- column: url | As in the record kind Release.
-- column: updated_at | As in the record kind Release.
-- column: service | As in the record kind Release.
-- column: repository | As in the record kind Release.
-- column: version | As in the record kind Release.
-- column: title | As in the record kind Release.
-- column: notes | As in the record kind Release.
-- column: plan | As in the record kind Release.
-- column: revision | As in the record kind Release.
-- column: artifact_digest | As in the record kind Release.
-- column: status | As in the record kind Release.
-- column: created_by | As in the record kind Release.
-- column: created_by_type | As in the record kind Release.
-- column: cut_at | As in the record kind Release.
-- column: planned_at | As in the record kind Release.
-- column: released_at | As in the record kind Release.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    repository,
    version,
    title,
    notes,
    plan,
    revision,
    artifact_digest,
    status,
    created_by,
    created_by_type,
    cut_at,
    planned_at,
    released_at
from staging.stg_github_releases
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    repository,
    version,
    title,
    notes,
    plan,
    revision,
    artifact_digest,
    status,
    created_by,
    created_by_type,
    cut_at,
    planned_at,
    released_at
from staging.stg_gitlab_releases
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    service,
    repository,
    version,
    title,
    notes,
    plan,
    revision,
    artifact_digest,
    status,
    created_by,
    created_by_type,
    cut_at,
    planned_at,
    released_at
from staging.stg_record_releases
