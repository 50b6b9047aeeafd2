-- description: Decisions on changes by people, with how long they took and whether they had words: what rubber stamps are
--   measured by.
-- grain: decision_id
-- column: decision_id | The decision.
-- column: change_id | The change.
-- column: team | Its team.
-- column: service | Its service.
-- column: risk | Its risk.
-- column: change_type | Its type.
-- column: decided_by | Person who decided.
-- column: decided_at | When, UTC.
-- column: verdict | approved, rejected or changes_requested.
-- column: has_words | Whether it carries a comment or a condition.
-- column: handling_seconds | From the later of the request and the same person's decision before it to this one; null when unknown.
-- column: is_decline | Whether it declines, asks for changes or sets a condition.
-- not_null: decision_id, change_id, decided_at, verdict, has_words, is_decline
-- unique: decision_id
with decided as (
    select d.*, q.requested_at, q.last_requested_at,
        lag(d.decided_at) over (partition by d.decided_by order by d.decided_at, d.decision_id) as before_at
    from intermediate.int_decisions d
    left join intermediate.int_change_requests q on q.change_id = d.change_id
    where d.is_of_change and d.decided_by_type = 'human' and d.decided_by is not null and d.decided_at is not null
        and d.verdict in ('approved', 'rejected', 'changes_requested')
),
asked as (
    select *, case when last_requested_at <= decided_at then last_requested_at else requested_at end as asked_at
    from decided
)
select
    cast(decision_id as varchar) as decision_id,
    cast(change_id as varchar) as change_id,
    cast(change_team as varchar) as team,
    cast(change_service as varchar) as service,
    cast(change_risk as varchar) as risk,
    cast(change_type as varchar) as change_type,
    cast(decided_by as varchar) as decided_by,
    cast(decided_at as timestamp) as decided_at,
    cast(verdict as varchar) as verdict,
    cast(coalesce(trim(comment), '') <> '' or conditions is not null as boolean) as has_words,
    cast(
        case
            when asked_at <= decided_at
                then (epoch_us(decided_at) - epoch_us(greatest(asked_at, coalesce(before_at, asked_at)))) / 1000000.0
        end as double
    ) as handling_seconds,
    cast(verdict <> 'approved' or conditions is not null as boolean) as is_decline
from asked
