-- description: One row per link between two Jira issues, read in its outward direction, and per issue with a parent.
-- grain: issue link, or child issue
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Jira's id of the link; 'parent/' and the issue's id for a child.
-- column: url | The link's address in the API.
-- column: updated_at | The source does not state it; always null.
-- column: from_kind | Always 'issue'.
-- column: from_key | Issue the relation starts from.
-- column: relation | The link type's outward name in lower case with underscores; 'causes' is turned round to
--   caused_by; child_of for a parent.
-- column: to_kind | Always 'issue'.
-- column: to_key | Issue the relation leads to.
-- not_null: source, source_event_id, key, from_key, relation, to_key
-- unique: source_event_id
-- unique: source, key
with seen as (
    select
        source, record_key, payload, payload_sha256, fetched_at,
        coalesce(version_at, timestamp '0001-01-01') as seen_at,
        max(coalesce(version_at, timestamp '0001-01-01')) over (
            partition by source, payload ->> '$.parent.id'
        ) as issue_seen_at
    from raw.jira_issue_links
),
-- Both ends of a link state it; a link that an issue's latest version no longer lists is gone.
stated as (
    select
        source, payload,
        payload ->> '$.id' as link_id,
        lower(regexp_replace(payload ->> '$.type.outward', '[^A-Za-z0-9]+', '_', 'g')) as relation,
        case when (payload ->> '$.outwardIssue.id') is not null then payload ->> '$.parent.id'
            else payload ->> '$.inwardIssue.id' end as near_id,
        coalesce(payload ->> '$.outwardIssue.id', payload ->> '$.parent.id') as far_id
    from seen
    where seen_at = issue_seen_at and (payload ->> '$.id') is not null
    qualify row_number() over (
        partition by source, payload ->> '$.id'
        order by seen_at desc, fetched_at desc, payload_sha256 desc, record_key desc
    ) = 1
),
issues as (
    select source, record_key, payload
    from raw.jira_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':issue_link:' || link_id as varchar) as source_event_id,
    cast(link_id as varchar) as key,
    cast(payload ->> '$.self' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast('issue' as varchar) as from_kind,
    cast(case when relation = 'causes' then far_id else near_id end as varchar) as from_key,
    cast(case when relation = 'causes' then 'caused_by' else relation end as varchar) as relation,
    cast('issue' as varchar) as to_kind,
    cast(case when relation = 'causes' then near_id else far_id end as varchar) as to_key
from stated
union all
select
    cast(source as varchar) as source,
    cast(source || ':parent:' || record_key as varchar) as source_event_id,
    cast('parent/' || record_key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast('issue' as varchar) as from_kind,
    cast(record_key as varchar) as from_key,
    cast('child_of' as varchar) as relation,
    cast('issue' as varchar) as to_kind,
    cast(payload ->> '$.fields.parent.id' as varchar) as to_key
from issues
where (payload ->> '$.fields.parent.id') is not null
