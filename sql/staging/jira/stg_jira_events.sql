-- description: One row per thing that happened to a Jira issue: status moves, field edits, comments, approvals asked
--   for.
-- grain: changed field of a history entry, comment, or approval
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | What kind of event, the issue's id, and the history entry with its position, the comment or the
--   approval.
-- column: url | The comment's or approval's address in the API.
-- column: updated_at | When a comment was last edited, UTC; null for the rest.
-- column: subject_kind | Always 'issue'.
-- column: subject_key | The issue's id.
-- column: occurred_at | When it happened, UTC.
-- column: actor | Account id (Cloud) or login (Data Center); null where Jira acted or does not say.
-- column: actor_type | 'bot' for an app's account, 'human' for a person's; null on Data Center.
-- column: verb | status_changed, field_changed, commented or approval_requested.
-- column: field | Name of the changed field as Jira keeps it.
-- column: old_value | Value before, as shown to people at that time.
-- column: new_value | Value after, as shown to people at that time.
-- column: text | Text of the comment, or name of the approval asked for.
-- column: revision | The source does not state it; always null.
-- column: time_quality | Always 'exact'.
-- not_null: source, source_event_id, key, subject_key, occurred_at, verb
-- unique: source_event_id
-- unique: source, key
-- assert: verb in ('status_changed', 'field_changed', 'commented', 'approval_requested')
with changes as (
    select source, record_key, payload
    from raw.jira_changelog
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
comments as (
    select source, record_key, payload
    from raw.jira_comments
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
approvals as (
    select source, record_key, payload
    from raw.jira_approvals
    where (payload ->> '$.approver.approverDecision') is null and (payload ->> '$.twotrack.created_at') is not null
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':changelog:' || record_key as varchar) as source_event_id,
    cast('changelog/' || record_key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast('issue' as varchar) as subject_kind,
    cast(payload ->> '$.parent.id' as varchar) as subject_key,
    cast(cast(payload ->> '$.twotrack.created_at' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(coalesce(
        nullif(payload ->> '$.author.accountId', ''),
        nullif(regexp_extract(payload ->> '$.author.self', 'accountId=([^&]+)', 1), ''),
        payload ->> '$.author.name',
        payload ->> '$.author.key'
    ) as varchar) as actor,
    cast(case payload ->> '$.author.accountType'
        when 'app' then 'bot' when 'atlassian' then 'human' when 'customer' then 'human'
    end as varchar) as actor_type,
    cast(case
        when (payload ->> '$.item.field') = 'status' and (payload ->> '$.item.fieldtype') = 'jira' then 'status_changed'
        else 'field_changed'
    end as varchar) as verb,
    cast(payload ->> '$.item.field' as varchar) as field,
    cast(payload ->> '$.item.fromString' as varchar) as old_value,
    cast(payload ->> '$.item.toString' as varchar) as new_value,
    cast(null as varchar) as text,
    cast(null as varchar) as revision,
    cast('exact' as varchar) as time_quality
from changes
union all
select
    cast(source as varchar) as source,
    cast(source || ':comment:' || record_key as varchar) as source_event_id,
    cast('comment/' || record_key as varchar) as key,
    cast(payload ->> '$.self' as varchar) as url,
    cast(cast(payload ->> '$.updated' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast('issue' as varchar) as subject_kind,
    cast(payload ->> '$.parent.id' as varchar) as subject_key,
    cast(cast(payload ->> '$.created' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(coalesce(
        nullif(payload ->> '$.author.accountId', ''),
        nullif(regexp_extract(payload ->> '$.author.self', 'accountId=([^&]+)', 1), ''),
        payload ->> '$.author.name',
        payload ->> '$.author.key'
    ) as varchar) as actor,
    cast(case payload ->> '$.author.accountType'
        when 'app' then 'bot' when 'atlassian' then 'human' when 'customer' then 'human'
    end as varchar) as actor_type,
    cast('commented' as varchar) as verb,
    cast(null as varchar) as field,
    cast(null as varchar) as old_value,
    cast(null as varchar) as new_value,
    cast(payload ->> '$.twotrack.text' as varchar) as text,
    cast(null as varchar) as revision,
    cast('exact' as varchar) as time_quality
from comments
union all
select
    cast(source as varchar) as source,
    cast(source || ':approval_request:' || record_key as varchar) as source_event_id,
    cast('approval_request/' || record_key as varchar) as key,
    cast(payload ->> '$._links.self' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast('issue' as varchar) as subject_kind,
    cast(payload ->> '$.parent.id' as varchar) as subject_key,
    cast(cast(payload ->> '$.twotrack.created_at' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(null as varchar) as actor,
    cast(null as varchar) as actor_type,
    cast('approval_requested' as varchar) as verb,
    cast(null as varchar) as field,
    cast(null as varchar) as old_value,
    cast(null as varchar) as new_value,
    cast(payload ->> '$.name' as varchar) as text,
    cast(null as varchar) as revision,
    cast('exact' as varchar) as time_quality
from approvals
