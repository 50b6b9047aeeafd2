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
-- column: handling_seconds | From the later of the request and the same person's decision before it to this one, in equal parts
--   where the person decided several at that instant; null when unknown.
-- column: sitting_share | Its part of a sitting: one over the approvals of the same person's sitting; null for what does not approve.
-- not_null: decision_id, change_id, decided_at, verdict, has_words
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
    -- A sitting is named by its first decision: one that comes long enough after the person's last one begins another.
    select d.*, case when last_requested_at <= decided_at then last_requested_at else requested_at end as asked_at,
        max(case when before_at is null or epoch_us(decided_at) - epoch_us(before_at) > l.sitting_minutes * 60000000 then decided_at end)
            over (partition by decided_by order by decided_at, decision_id rows between unbounded preceding and current row) as sitting_at
    from decided d
    cross join config.practice l
),
-- Of what somebody decided at one instant nothing says which came first, so that the time before is shared.
tied as (
    select distinct decided_by, decided_at from asked where before_at = decided_at
),
together as (
    select d.decided_by, d.decided_at, count(*) as decisions,
        max(case when d.before_at < d.decided_at then d.before_at end) as before_at
    from asked d
    inner join tied t on t.decided_by = d.decided_by and t.decided_at = d.decided_at
    group by d.decided_by, d.decided_at
),
sittings as (
    select decided_by, sitting_at, count(*) as approvals from asked where verdict = 'approved' group by decided_by, sitting_at
)
select
    cast(a.decision_id as varchar) as decision_id,
    cast(a.change_id as varchar) as change_id,
    cast(change_team as varchar) as team,
    cast(change_service as varchar) as service,
    cast(change_risk as varchar) as risk,
    cast(change_type as varchar) as change_type,
    cast(a.decided_by as varchar) as decided_by,
    cast(a.decided_at as timestamp) as decided_at,
    cast(verdict as varchar) as verdict,
    cast(coalesce(trim(comment), '') <> '' or conditions is not null as boolean) as has_words,
    cast(
        case
            when asked_at <= a.decided_at
                then (
                    epoch_us(a.decided_at)
                    - epoch_us(greatest(asked_at, coalesce(case when g.decided_by is null then a.before_at else g.before_at end, asked_at)))
                ) / (1000000.0 * coalesce(g.decisions, 1))
        end as double
    ) as handling_seconds,
    cast(case when verdict = 'approved' then 1.0 / s.approvals end as double) as sitting_share
from asked a
left join together g on g.decided_by = a.decided_by and g.decided_at = a.decided_at
left join sittings s on s.decided_by = a.decided_by and s.sitting_at = a.sitting_at
