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
    -- Records of a file without changes of its own are of the changes that they name.
    cast(coalesce(n.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(case when coalesce(n.owner, r.source) = r.source then r.key else r.source || '/' || r.key end as varchar) as key,
    r.url,
    r.updated_at,
    r.kind,
    r.title,
    r.description,
    cast(coalesce(n.key, r.change_key) as varchar) as change_key,
    r.release_key,
    r.service,
    r.component,
    r.team,
    r.environment,
    r.implementer,
    r.change_type,
    r.severity,
    r.state,
    r.created_at,
    r.planned_start_at,
    r.planned_end_at,
    r.actual_start_at,
    r.actual_end_at
from staging.stg_record_windows r
left join intermediate.int_named_changes n on n.source = r.source and n.change_key = r.change_key
