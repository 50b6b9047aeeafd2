-- description: All events of all sources, one shape. Something that happened to a record: a status move, a field edit, a comment, a push, a rule change.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Event.
-- column: url | As in the record kind Event.
-- column: updated_at | As in the record kind Event.
-- column: subject_kind | As in the record kind Event.
-- column: subject_key | As in the record kind Event.
-- column: occurred_at | As in the record kind Event.
-- column: actor | As in the record kind Event.
-- column: actor_type | As in the record kind Event.
-- column: verb | As in the record kind Event.
-- column: field | As in the record kind Event.
-- column: old_value | As in the record kind Event.
-- column: new_value | As in the record kind Event.
-- column: text | As in the record kind Event.
-- column: revision | As in the record kind Event.
-- column: time_quality | As in the record kind Event.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    subject_kind,
    subject_key,
    occurred_at,
    actor,
    actor_type,
    verb,
    field,
    old_value,
    new_value,
    text,
    revision,
    time_quality
from staging.stg_github_events
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    subject_kind,
    subject_key,
    occurred_at,
    actor,
    actor_type,
    verb,
    field,
    old_value,
    new_value,
    text,
    revision,
    time_quality
from staging.stg_gitlab_events
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    subject_kind,
    subject_key,
    occurred_at,
    actor,
    actor_type,
    verb,
    field,
    old_value,
    new_value,
    text,
    revision,
    time_quality
from staging.stg_jira_events
union all
select
    -- Records of a file without changes of its own are of the changes that they name.
    cast(coalesce(n.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(case when coalesce(n.owner, r.source) = r.source then r.key else r.source || '/' || r.key end as varchar) as key,
    r.url,
    r.updated_at,
    cast(case when n.owner is null then r.subject_kind else coalesce(r.subject_kind, 'change') end as varchar) as subject_kind,
    cast(coalesce(n.key, r.subject_key) as varchar) as subject_key,
    r.occurred_at,
    r.actor,
    r.actor_type,
    r.verb,
    r.field,
    r.old_value,
    r.new_value,
    r.text,
    r.revision,
    r.time_quality
from staging.stg_record_events r
left join intermediate.int_named_changes n on n.source = r.source and n.change_key = r.subject_key and coalesce(r.subject_kind, 'change') in ('change', 'issue')
