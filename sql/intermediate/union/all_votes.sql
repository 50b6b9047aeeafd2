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
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    voted_at,
    voter,
    voter_type,
    label,
    value,
    revision,
    comment
from staging.stg_record_votes
