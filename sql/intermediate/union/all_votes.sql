-- description: All votes of all sources, one shape. A vote with a value on one revision of a change (Gerrit's labels); ``comment`` is what was written with it.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Vote.
-- column: url | As in the record kind Vote.
-- column: updated_at | As in the record kind Vote.
-- column: change_key | As in the record kind Vote.
-- column: voted_at | As in the record kind Vote.
-- column: voter | As in the record kind Vote.
-- column: voter_type | As in the record kind Vote.
-- column: label | As in the record kind Vote.
-- column: value | As in the record kind Vote.
-- column: revision | As in the record kind Vote.
-- column: comment | As in the record kind Vote.
select
    -- Records of a file without changes of its own are of the changes that they name.
    cast(coalesce(n.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(case when coalesce(n.owner, r.source) = r.source then r.key else r.source || '/' || r.key end as varchar) as key,
    r.url,
    r.updated_at,
    cast(coalesce(n.key, r.change_key) as varchar) as change_key,
    r.voted_at,
    r.voter,
    r.voter_type,
    r.label,
    r.value,
    r.revision,
    r.comment
from staging.stg_record_votes r
left join intermediate.int_named_changes n on n.source = r.source and n.change_key = r.change_key
