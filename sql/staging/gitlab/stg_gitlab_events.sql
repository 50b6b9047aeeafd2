-- description: One row per note on a GitLab merge request or issue that is no decision: comments, and what GitLab wrote
--   down itself.
-- grain: note
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Key of the merge request or issue, '/' and the note.
-- column: url | The source does not state it; always null.
-- column: updated_at | When the note was last edited, UTC.
-- column: subject_kind | change or issue.
-- column: subject_key | Key of the merge request or issue.
-- column: occurred_at | When it happened, UTC.
-- column: actor | Login of who did it.
-- column: actor_type | The source does not state it; always null.
-- column: verb | What happened: commented, pushed, merged, ready_for_review and so on; noted for anything else GitLab
--   wrote.
-- column: field | The source does not state it; always null.
-- column: old_value | The source does not state it; always null.
-- column: new_value | The source does not state it; always null.
-- column: text | The note's text.
-- column: revision | Commit that a comment on a line refers to.
-- column: time_quality | Always 'exact'.
-- not_null: source, source_event_id, key, subject_kind, subject_key, occurred_at, verb
-- unique: source_event_id
-- unique: source, key
-- assert: subject_kind in ('change', 'issue')
with notes as (
    select source, record_key, payload
    from raw.gitlab_notes
    where (payload ->> '$.twotrack.approver') is null
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
told as (
    select
        source, record_key, payload,
        case
            when coalesce(payload ->> '$.system', 'false') <> 'true' then 'commented'
            else coalesce(payload ->> '$.body', '')
        end as said
    from notes
)
select
    cast(source as varchar) as source,
    cast(source || ':note:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(null as varchar) as url,
    cast(cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload ->> '$.parent.kind' as varchar) as subject_kind,
    cast(payload ->> '$.parent.key' as varchar) as subject_key,
    cast(cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(payload ->> '$.author.username' as varchar) as actor,
    cast(null as varchar) as actor_type,
    cast(case
        when said = 'commented' then 'commented'
        when said = 'merged' then 'merged'
        when said like 'closed%' then 'closed'
        when said like 'reopened%' then 'reopened'
        when said like 'added % commit%' then 'pushed'
        when said ilike '%marked this merge request as **ready**%' then 'ready_for_review'
        when said ilike '%unmarked as a **work in progress**%' then 'ready_for_review'
        when said ilike '%marked this merge request as **draft**%' then 'converted_to_draft'
        when said ilike '%marked as a **work in progress**%' then 'converted_to_draft'
        when said like 'requested review from%' then 'review_requested'
        when said like 'unapproved this merge request%' then 'unapproved'
        when said like 'reset approval%' or said like 'removed approval%' then 'approvals_reset'
        when said like 'assigned to%' then 'assigned'
        when said like 'changed title from%' then 'renamed'
        when said like 'changed the description%' then 'description_changed'
        when said like 'changed target branch%' then 'base_ref_changed'
        when said like 'added ~%' then 'labeled'
        when said like 'removed ~%' then 'unlabeled'
        when said like 'enabled an automatic merge%' then 'auto_merge_enabled'
        when said like 'mentioned in%' then 'referenced'
        else 'noted'
    end as varchar) as verb,
    cast(null as varchar) as field,
    cast(null as varchar) as old_value,
    cast(null as varchar) as new_value,
    cast(nullif(payload ->> '$.body', '') as varchar) as text,
    cast(payload ->> '$.position.head_sha' as varchar) as revision,
    cast('exact' as varchar) as time_quality
from told
where said not like 'approved this merge request%' and said not like 'requested changes%'
