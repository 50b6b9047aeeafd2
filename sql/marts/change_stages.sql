-- description: How the time from the request to production divides into stages; for every change the stages add up to the whole.
--   An instant out of order is moved to the one before it and marked, so that no stage is negative.
-- grain: change_id
-- order_by: service, requested_at, change_id
-- column: change_id | The change.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: requested_at | Start of the whole, UTC.
-- column: ended_at | End of the whole: first production deployment, else merge, else approval, else first response; UTC.
-- column: reached | The last stage that was reached: response, approval, merge or production.
-- column: first_response_seconds | Request to first response.
-- column: rework_seconds | First response to the end of the author's last turn: changes asked for until asked again or pushed.
-- column: approval_seconds | From there to effective approval.
-- column: merge_seconds | Approval to merge.
-- column: deploy_seconds | Merge to first production deployment.
-- column: whole_seconds | Request to end; equals the sum of the stages.
-- column: is_reordered | Whether an instant was out of order, such as an approval after the merge.
-- not_null: change_id, requested_at, ended_at, reached, first_response_seconds, rework_seconds, approval_seconds,
--   merge_seconds, deploy_seconds, whole_seconds, is_reordered
-- unique: change_id
-- assert: first_response_seconds >= 0 and rework_seconds >= 0 and approval_seconds >= 0 and merge_seconds >= 0 and deploy_seconds >= 0
-- assert: abs(first_response_seconds + rework_seconds + approval_seconds + merge_seconds + deploy_seconds - whole_seconds) < 0.001
with turns as (
    -- The author's turn: from a request for changes to the next push or renewed request.
    select d.change_id, d.decided_at as asked_at, min(e.at) as answered_at
    from intermediate.int_decisions d
    inner join (
        select source || ':' || subject_key as change_id, occurred_at as at from intermediate.all_events
        where verb in ('pushed', 'force_pushed', 'review_requested', 'ready_for_review')
        union all
        select source || ':' || change_key, committed_at from intermediate.all_commits where change_key is not null
    ) e on e.change_id = d.change_id and e.at > d.decided_at
    where d.verdict in ('changes_requested', 'rejected') and d.change_id is not null
    group by d.change_id, d.decided_at
),
last_turns as (
    select t.change_id, max(t.answered_at) as answered_at
    from turns t
    inner join marts.changes c on c.change_id = t.change_id
    where t.answered_at <= c.effective_approval_at
    group by t.change_id
),
instants as (
    select
        c.change_id, c.service, c.team, c.change_type, c.requested_at,
        case when c.first_response_at >= c.requested_at then c.first_response_at end as response_at,
        t.answered_at,
        c.effective_approval_at as approval_at,
        c.merged_at,
        c.first_deployed_at
    from marts.changes c
    left join last_turns t on t.change_id = c.change_id
    where c.requested_at is not null
        and coalesce(c.first_response_at, c.effective_approval_at, c.merged_at, c.first_deployed_at) is not null
),
ordered as (
    select
        *,
        greatest(requested_at, coalesce(response_at, approval_at, merged_at, first_deployed_at)) as at_1
    from instants
),
ordered_2 as (
    select *, greatest(at_1, coalesce(answered_at, at_1)) as at_2 from ordered
),
ordered_3 as (
    select *, greatest(at_2, coalesce(approval_at, at_2)) as at_3 from ordered_2
),
ordered_4 as (
    select *, greatest(at_3, coalesce(merged_at, at_3)) as at_4 from ordered_3
),
ordered_5 as (
    select *, greatest(at_4, coalesce(first_deployed_at, at_4)) as at_5 from ordered_4
)
select
    cast(change_id as varchar) as change_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(requested_at as timestamp) as requested_at,
    cast(at_5 as timestamp) as ended_at,
    cast(
        case
            when first_deployed_at is not null then 'production'
            when merged_at is not null then 'merge'
            when approval_at is not null then 'approval'
            else 'response'
        end as varchar
    ) as reached,
    cast((epoch_us(at_1) - epoch_us(requested_at)) / 1000000.0 as double) as first_response_seconds,
    cast((epoch_us(at_2) - epoch_us(at_1)) / 1000000.0 as double) as rework_seconds,
    cast((epoch_us(at_3) - epoch_us(at_2)) / 1000000.0 as double) as approval_seconds,
    cast((epoch_us(at_4) - epoch_us(at_3)) / 1000000.0 as double) as merge_seconds,
    cast((epoch_us(at_5) - epoch_us(at_4)) / 1000000.0 as double) as deploy_seconds,
    cast((epoch_us(at_5) - epoch_us(requested_at)) / 1000000.0 as double) as whole_seconds,
    cast(
        coalesce(approval_at > merged_at, false) or coalesce(merged_at > first_deployed_at, false)
        or coalesce(approval_at < requested_at, false) or coalesce(merged_at < requested_at, false) as boolean
    ) as is_reordered
from ordered_5
