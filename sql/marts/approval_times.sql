-- description: For every change the instants of approval latency, and why it is left out where they cannot be compared.
-- grain: change_id
-- order_by: service, occurred_at, change_id
-- column: change_id | The change.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | Effective approval, else merge, closing or creation; dates the record, UTC.
-- column: requested_at | When approval was asked for, UTC.
-- column: requested_basis | The sign by which that is known.
-- column: last_requested_at | When approval was asked for last before it was given: the request itself where it was asked for
--   once, UTC.
-- column: effective_approval_at | When the last required approval of the shipped revision, or a policy's, was in force, UTC.
-- column: exclusion_reason | Why the latency is not judged; null when it is.
-- not_null: change_id
-- unique: change_id
with asked as (
    -- Whatever asks for approval again: a review or approval request, ready again, back in the awaiting status.
    select c.change_id, max(e.occurred_at) as asked_at
    from intermediate.all_events e
    inner join marts.changes c on c.change_id = e.source || ':' || e.subject_key
    left join intermediate.int_status_meanings m on e.verb = 'status_changed' and m.status = lower(e.new_value)
    where (
            e.verb in ('review_requested', 'approval_requested', 'ready_for_review')
            or (e.verb = 'status_changed' and m.meaning = 'awaiting_approval')
        )
        and (c.effective_approval_at is null or e.occurred_at <= c.effective_approval_at)
    group by c.change_id
)
select
    cast(c.change_id as varchar) as change_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(coalesce(effective_approval_at, merged_at, closed_at, created_at) as timestamp) as occurred_at,
    cast(requested_at as timestamp) as requested_at,
    cast(requested_basis as varchar) as requested_basis,
    cast(greatest(requested_at, asked_at) as timestamp) as last_requested_at,
    cast(effective_approval_at as timestamp) as effective_approval_at,
    cast(
        case
            when change_type = 'standard' then 'standard change, approved in advance'
            when approval_basis = 'policy' then 'approved by a named policy'
            when effective_approval_at is null and approval_gap is not null then 'not collectable: ' || approval_gap
            when effective_approval_at is null and has_untimed_approval then 'not collectable: no record states whether an approval held in time'
            when effective_approval_at is null and has_other_revision_approval and unresolved_approval_at is null
                then 'approved for another revision only'
            when effective_approval_at is null and has_withdrawn_approval and unresolved_approval_at is null
                then 'the approval was taken back'
            when effective_approval_at is null and is_short_of_approvals
                    and (merged_at is not null or state <> 'open' or requested_at is null)
                then 'fewer approvals than required'
            when effective_approval_at is null and unresolved_approval_at is not null
                then 'not collectable: approved by somebody who is not known'
            when effective_approval_at is null and is_self_approved_only then 'approved by the requester only'
            when effective_approval_at is null and state = 'open' and is_draft then 'a draft, which waits for nobody'
            when effective_approval_at is null and state = 'open' and requested_at is not null then 'still pending'
            when effective_approval_at is null and state in ('rejected', 'withdrawn', 'closed') then 'ended without approval'
            when effective_approval_at is null then 'no approval recorded'
            when requested_at is null then 'not collectable: no instant of the request'
            when effective_approval_at < requested_at then 'approved before it was asked for'
        end as varchar
    ) as exclusion_reason
from marts.changes c
left join asked a on a.change_id = c.change_id
