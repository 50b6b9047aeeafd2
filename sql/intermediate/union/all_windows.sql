-- description: All windows of all sources, one shape. A period in which something is, or must not be, worked on; ``kind`` is change, outage or freeze.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Window.
-- column: url | As in the record kind Window.
-- column: updated_at | As in the record kind Window.
-- column: kind | As in the record kind Window.
-- column: title | As in the record kind Window.
-- column: description | As in the record kind Window.
-- column: change_key | As in the record kind Window.
-- column: release_key | As in the record kind Window.
-- column: service | As in the record kind Window.
-- column: component | As in the record kind Window.
-- column: team | As in the record kind Window.
-- column: environment | As in the record kind Window.
-- column: implementer | As in the record kind Window.
-- column: change_type | As in the record kind Window.
-- column: severity | As in the record kind Window.
-- column: state | As in the record kind Window.
-- column: created_at | As in the record kind Window.
-- column: planned_start_at | As in the record kind Window.
-- column: planned_end_at | As in the record kind Window.
-- column: actual_start_at | As in the record kind Window.
-- column: actual_end_at | As in the record kind Window.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    kind,
    title,
    description,
    change_key,
    release_key,
    service,
    component,
    team,
    environment,
    implementer,
    change_type,
    severity,
    state,
    created_at,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at
from staging.stg_record_windows
