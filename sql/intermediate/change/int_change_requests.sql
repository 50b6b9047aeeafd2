-- description: When approval of a change was first asked for, and by which sign; draft time is not waiting.
-- grain: change_id
-- column: change_id | The change.
-- column: requested_at | When approval was asked for, UTC; null when nothing says.
-- column: last_requested_at | The last time it was asked for again, UTC.
-- column: requested_basis | field, review_request, ready_for_review, awaiting_status, approval_request or opened.
-- not_null: change_id
-- unique: change_id
-- assert: requested_basis in ('field', 'review_request', 'ready_for_review', 'awaiting_status', 'approval_request', 'opened')
with signs as (
    select
        e.source || ':' || e.subject_key as change_id,
        min(e.occurred_at) filter (where e.verb = 'ready_for_review') as first_ready_at,
        min(e.occurred_at) filter (where e.verb = 'review_requested') as first_review_request_at,
        max(e.occurred_at) filter (where e.verb in ('review_requested', 'approval_requested')) as last_request_at,
        min(e.occurred_at) filter (where e.verb = 'approval_requested') as first_approval_request_at,
        min(e.occurred_at) filter (where e.verb = 'status_changed' and m.meaning = 'awaiting_approval') as awaiting_at,
        max(e.occurred_at) filter (where e.verb = 'status_changed' and m.meaning = 'awaiting_approval')
            as last_awaiting_at
    from intermediate.all_events e
    left join intermediate.int_status_meanings m on e.verb = 'status_changed' and m.status = lower(e.new_value)
    where e.verb in ('ready_for_review', 'review_requested', 'approval_requested', 'status_changed')
    group by 1
),
found as (
    select
        c.change_id,
        c.requested_at as stated_at,
        coalesce(s.first_ready_at, c.ready_at) as ready_at,
        coalesce(c.is_draft, false) as is_draft,
        s.first_review_request_at,
        s.first_approval_request_at,
        s.awaiting_at,
        greatest(s.last_request_at, s.last_awaiting_at) as last_requested_at,
        c.created_at,
        c.is_reviewed
    from intermediate.int_changes c
    left join signs s on s.change_id = c.change_id
),
requests as (
    select
        *,
        case
            -- A draft waits for nobody, whatever the record says was asked for while it was one; what was never ready still does not.
            when is_reviewed and is_draft and ready_at is null then null
            when is_reviewed
                then coalesce(greatest(ready_at, coalesce(stated_at, first_review_request_at)), created_at)
            when stated_at is not null then stated_at
            else coalesce(first_approval_request_at, awaiting_at)
        end as requested_at
    from found
)
select
    cast(change_id as varchar) as change_id,
    cast(requested_at as timestamp) as requested_at,
    cast(greatest(requested_at, last_requested_at) as timestamp) as last_requested_at,
    cast(
        case
            when requested_at is null then null
            when requested_at = stated_at then 'field'
            when is_reviewed and requested_at = first_review_request_at then 'review_request'
            when is_reviewed and requested_at = ready_at then 'ready_for_review'
            when is_reviewed then 'opened'
            when requested_at = first_approval_request_at then 'approval_request'
            else 'awaiting_status'
        end as varchar
    ) as requested_basis
from requests
