-- description: All links of all sources, one shape. A stated relation between two records; ``relation`` such as carries, closes, reverts, caused_by, blocks.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Link.
-- column: url | As in the record kind Link.
-- column: updated_at | As in the record kind Link.
-- column: from_kind | As in the record kind Link.
-- column: from_key | As in the record kind Link.
-- column: relation | As in the record kind Link.
-- column: to_kind | As in the record kind Link.
-- column: to_key | As in the record kind Link.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    from_kind,
    from_key,
    relation,
    to_kind,
    to_key
from staging.stg_github_links
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    from_kind,
    from_key,
    relation,
    to_kind,
    to_key
from staging.stg_jira_links
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    from_kind,
    from_key,
    relation,
    to_kind,
    to_key
from staging.stg_record_links
