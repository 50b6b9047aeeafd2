-- description: One row per answer of an approver to a Jira Service Management approval.
-- grain: approver of an approval of an issue
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Issue id, approval id and account.
-- column: url | The approval's address in the API.
-- column: updated_at | The source does not state it; always null.
-- column: change_key | The issue's id.
-- column: deployment_key | The source does not state it; always null.
-- column: run_key | The source does not state it; always null.
-- column: environment | The source does not state it; always null.
-- column: decided_at | When the approval was completed, UTC; null while others are still asked.
-- column: decided_by | The approver's account; null where the approval ended without an answer.
-- column: decided_by_type | 'bot' for an app's account, 'human' for a person's; null on Data Center.
-- column: verdict | approved or rejected; other outcomes in the source's word.
-- column: revision | The source does not state it; always null.
-- column: comment | The source does not state it; always null.
-- column: conditions | The source does not state it; always null.
-- column: authority | Name of the approval step.
-- column: policy | The source does not state it; always null.
-- column: policy_version | The source does not state it; always null.
-- column: dismissed_at | The source does not state it; always null.
-- column: dismissed_by | The source does not state it; always null.
-- column: time_quality | 'exact' for the only answer; 'bounded' (not later than) where several approvers answered one
--   approval; null without a time.
-- not_null: source, source_event_id, key, change_key, verdict
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.jira_approvals
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
answers as (
    select
        source, record_key, payload,
        lower(coalesce(payload ->> '$.approver.approverDecision', payload ->> '$.finalDecision')) as verdict
    from latest
    -- An approval that ended without any approver's answer was decided all the same; by whom is not stated.
    where (payload ->> '$.approver.approverDecision') is not null or coalesce(cast(payload ->> '$.twotrack.decided' as bigint), 0) = 0
)
select
    cast(source as varchar) as source,
    cast(source || ':approval:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$._links.self' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(payload ->> '$.parent.id' as varchar) as change_key,
    cast(null as varchar) as deployment_key,
    cast(null as varchar) as run_key,
    cast(null as varchar) as environment,
    cast(cast(payload ->> '$.twotrack.completed_at' as timestamptz) at time zone 'UTC' as timestamp) as decided_at,
    cast(payload ->> '$.twotrack.login' as varchar) as decided_by,
    cast(case payload ->> '$.approver.approver.accountType'
        when 'app' then 'bot' when 'atlassian' then 'human' when 'customer' then 'human'
    end as varchar) as decided_by_type,
    cast(case
        when verdict in ('approve', 'approved') then 'approved'
        when verdict in ('decline', 'declined') then 'rejected'
        else verdict
    end as varchar) as verdict,
    cast(null as varchar) as revision,
    cast(null as varchar) as comment,
    cast(null as varchar) as conditions,
    cast(payload ->> '$.name' as varchar) as authority,
    cast(null as varchar) as policy,
    cast(null as varchar) as policy_version,
    cast(null as timestamp) as dismissed_at,
    cast(null as varchar) as dismissed_by,
    cast(case
        when (payload ->> '$.twotrack.completed_at') is null then null
        when coalesce(cast(payload ->> '$.twotrack.decided' as bigint), 0) <= 1 then 'exact'
        else 'bounded'
    end as varchar) as time_quality
from answers
where verdict is not null and verdict <> 'pending'
