-- description: One row per relation that GitHub states between two records.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | Both keys and the relation between them.
-- column: url | Not kept for relations.
-- column: updated_at | Not stated for relations.
-- column: from_kind | change.
-- column: from_key | Pull request that states the relation.
-- column: relation | closes or reverts.
-- column: to_kind | issue or change.
-- column: to_key | What it closes or reverts.
-- not_null: source, source_event_id, key, from_key, to_key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.github_closing_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
pulls as (
    select source, record_key, payload
    from raw.github_pull_requests
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
reverts as (
    select source, record_key, coalesce(
        nullif(regexp_extract(coalesce(payload->>'$.body', ''), 'Reverts ([\w.-]+/[\w.-]+#[0-9]+)', 1), ''),
        split_part(record_key, '#', 1) || nullif(regexp_extract(coalesce(payload->>'$.body', ''),
            '(?:^|\s)Reverts (#[0-9]+)', 1), '')) as to_key
    from pulls
    -- Few take something back: the others' payloads need not be parsed.
    where payload like '%Reverts %'
),
relations as (
    select source, ':closing_issues:' || record_key as event, record_key as key,
        split_part(record_key, '/closes/', 1) as from_key, 'closes' as relation, 'issue' as to_kind,
        split_part(record_key, '/closes/', 2) as to_key
    from latest
    union all
    select source, ':pull_requests:' || record_key, record_key || '/reverts/' || to_key, record_key, 'reverts',
        'change', to_key
    from reverts
    where to_key is not null
)
select
    cast(source as varchar) as source,
    cast(source || event as varchar) as source_event_id,
    cast(key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast('change' as varchar) as from_kind,
    cast(from_key as varchar) as from_key,
    cast(relation as varchar) as relation,
    cast(to_kind as varchar) as to_kind,
    cast(to_key as varchar) as to_key
from relations
