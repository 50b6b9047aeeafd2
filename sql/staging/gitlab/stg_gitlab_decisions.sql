-- description: One row per approval or request for changes on a GitLab merge request, and per approval or rejection of
--   a deployment.
-- grain: decision of one person at one time
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Key of the note; 'approval/' or 'deployment/' and the key of an entry that no note tells of.
-- column: url | The source does not state it; always null.
-- column: updated_at | The source does not state it; always null.
-- column: change_key | Key of the merge request; null for a deployment.
-- column: deployment_key | GitLab's id of the deployment; null for a merge request.
-- column: run_key | The source does not state it; always null.
-- column: environment | Environment of the deployment.
-- column: decided_at | When it was decided, UTC; null where an older server does not say.
-- column: decided_by | Login of who decided.
-- column: decided_by_type | The source does not state it; always null.
-- column: verdict | approved, changes_requested or rejected.
-- column: revision | Commit of the deployment; for a merge request the source does not state it.
-- column: comment | Comment on the decision about a deployment.
-- column: conditions | The source does not state it; always null.
-- column: authority | Approval rule that asked for the decision about a deployment.
-- column: policy | The source does not state it; always null.
-- column: policy_version | The source does not state it; always null.
-- column: dismissed_at | When the approval was taken back by its giver or reset by a push, UTC.
-- column: dismissed_by | Login of who took it back or pushed.
-- column: time_quality | 'exact', null without a time.
-- not_null: source, source_event_id, key, verdict
-- unique: source_event_id
-- unique: source, key
-- assert: verdict in ('approved', 'changes_requested', 'rejected')
with notes as (
    select source, record_key, payload
    from raw.gitlab_notes
    where (payload ->> '$.system') = 'true' and (payload ->> '$.parent.kind') = 'change'
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
acts as (
    select
        source, record_key,
        payload ->> '$.parent.key' as change_key,
        coalesce(payload ->> '$.twotrack.approver', payload ->> '$.author.username') as person,
        payload ->> '$.author.username' as actor,
        cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as acted_at,
        case
            when (payload ->> '$.twotrack.approver') is not null then 'reset'
            when (payload ->> '$.body') like 'approved this merge request%' then 'approved'
            when (payload ->> '$.body') like 'unapproved this merge request%' then 'withdrawn'
            when (payload ->> '$.body') like 'requested changes%' then 'changes_requested'
        end as act
    from notes
),
noted as (
    select
        source, record_key, change_key, person, acted_at, act,
        min(case when act in ('withdrawn', 'reset') then acted_at end) over (
            partition by source, change_key, person order by acted_at, record_key
            rows between 1 following and unbounded following
        ) as dismissed_at,
        -- Instants in one text sort as they do in time, so the smallest pair carries who acted first.
        min(case when act in ('withdrawn', 'reset') then cast(acted_at as varchar) || ' ' || actor end) over (
            partition by source, change_key, person order by acted_at, record_key
            rows between 1 following and unbounded following
        ) as dismissal
    from acts
    where act is not null
),
listed as (
    select
        source, record_key, payload, payload_sha256, fetched_at,
        coalesce(version_at, timestamp '0001-01-01') as seen_at,
        max(coalesce(version_at, timestamp '0001-01-01')) over (
            partition by source, payload ->> '$.parent.key'
        ) as change_seen_at
    from raw.gitlab_approvals
),
-- An approval that the latest answer no longer lists was taken back, and no note says when.
standing as (
    select source, record_key, payload
    from listed
    where seen_at = change_seen_at and (payload ->> '$.user.username') is not null
    qualify row_number() over (
        partition by source, record_key order by fetched_at desc, payload_sha256 desc
    ) = 1
),
gates as (
    select source, record_key, payload
    from raw.gitlab_deployment_approvals
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
given as (
    select
        source, 'note:' || record_key as event, record_key as key, change_key, person as decided_by,
        null as deployment_key, null as environment, null as revision, null as comment, null as authority,
        acted_at as decided_at, act as verdict, dismissed_at,
        regexp_extract(dismissal, '^[^ ]+ [^ ]+ (.+)$', 1) as dismissed_by, 1 as noted
    from noted
    where act in ('approved', 'changes_requested')
    union all
    select
        source, 'approval:' || record_key, 'approval/' || record_key,
        payload ->> '$.parent.key', payload ->> '$.user.username',
        null, null, null, null, null,
        cast(payload ->> '$.approved_at' as timestamptz) at time zone 'UTC', 'approved', null, null, 0
    from standing
    union all
    select
        source, 'deployment_approval:' || record_key, 'deployment/' || record_key,
        null, payload ->> '$.user.username',
        payload ->> '$.parent.id', payload ->> '$.parent.environment', payload ->> '$.parent.sha',
        nullif(payload ->> '$.comment', ''), payload ->> '$.twotrack.rule',
        cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC', payload ->> '$.status', null, null, 1
    from gates
),
-- The note of an approval and its entry in the list are one act; the note has the instant and the history.
told as (
    select
        *,
        max(case when noted = 1 and verdict = 'approved' then 1 else 0 end) over (
            partition by source, change_key, deployment_key, decided_by
        ) as has_note
    from given
)
select
    cast(source as varchar) as source,
    cast(source || ':' || event as varchar) as source_event_id,
    cast(key as varchar) as key,
    cast(null as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(change_key as varchar) as change_key,
    cast(deployment_key as varchar) as deployment_key,
    cast(null as varchar) as run_key,
    cast(environment as varchar) as environment,
    cast(decided_at as timestamp) as decided_at,
    cast(decided_by as varchar) as decided_by,
    cast(null as varchar) as decided_by_type,
    cast(verdict as varchar) as verdict,
    cast(revision as varchar) as revision,
    cast(comment as varchar) as comment,
    cast(null as varchar) as conditions,
    cast(authority as varchar) as authority,
    cast(null as varchar) as policy,
    cast(null as varchar) as policy_version,
    cast(dismissed_at as timestamp) as dismissed_at,
    cast(nullif(dismissed_by, '') as varchar) as dismissed_by,
    cast(case when decided_at is not null then 'exact' end as varchar) as time_quality
from told
where noted = 1 or has_note = 0
