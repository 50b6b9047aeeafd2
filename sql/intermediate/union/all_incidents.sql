-- description: All incidents of all sources, one shape. Something that went wrong in production; ``kind`` is incident, rollback or hotfix; ``is_planned`` a planned reversal.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Incident.
-- column: url | As in the record kind Incident.
-- column: updated_at | As in the record kind Incident.
-- column: kind | As in the record kind Incident.
-- column: title | As in the record kind Incident.
-- column: description | As in the record kind Incident.
-- column: severity | As in the record kind Incident.
-- column: status | As in the record kind Incident.
-- column: service | As in the record kind Incident.
-- column: component | As in the record kind Incident.
-- column: team | As in the record kind Incident.
-- column: environment | As in the record kind Incident.
-- column: is_planned | As in the record kind Incident.
-- column: deployment_key | As in the record kind Incident.
-- column: change_key | As in the record kind Incident.
-- column: revision | As in the record kind Incident.
-- column: version | As in the record kind Incident.
-- column: opened_by | As in the record kind Incident.
-- column: opened_by_type | As in the record kind Incident.
-- column: created_at | As in the record kind Incident.
-- column: started_at | As in the record kind Incident.
-- column: detected_at | As in the record kind Incident.
-- column: resolved_at | As in the record kind Incident.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    kind,
    title,
    description,
    severity,
    status,
    service,
    component,
    team,
    environment,
    is_planned,
    deployment_key,
    change_key,
    revision,
    version,
    opened_by,
    opened_by_type,
    created_at,
    started_at,
    detected_at,
    resolved_at
from staging.stg_record_incidents
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    kind,
    title,
    description,
    severity,
    status,
    service,
    component,
    team,
    environment,
    is_planned,
    deployment_key,
    change_key,
    revision,
    version,
    opened_by,
    opened_by_type,
    created_at,
    started_at,
    detected_at,
    resolved_at
from staging.stg_pagerduty_incidents
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    kind,
    title,
    description,
    severity,
    status,
    service,
    component,
    team,
    environment,
    is_planned,
    deployment_key,
    change_key,
    revision,
    version,
    opened_by,
    opened_by_type,
    created_at,
    started_at,
    detected_at,
    resolved_at
from staging.stg_opsgenie_incidents
