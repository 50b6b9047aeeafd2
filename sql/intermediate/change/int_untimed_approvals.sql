-- description: Approvals of which no record says when they held, where they may have authorised the change: of what shipped, by
--   somebody other than the requester or by a named policy, and not known to be taken back before it went. Either no instant is
--   stated, or whether it held at all is doubtful.
-- grain: decision_id
-- column: decision_id | The decision.
-- column: change_id | The change.
-- column: decided_by | Person; null while unresolved.
-- column: is_policy | Whether a named policy approved, and no person.
-- column: is_certain | Whether it is an approval that held when its giver gave it, and only the instant is missing.
-- not_null: decision_id, change_id, is_policy, is_certain
-- unique: decision_id
with untimed as (
    -- Few, and the only ones of which it matters here when the change went.
    select decision_id, change_id, decided_by, coalesce(decided_by_type, 'human') = 'bot' as is_by_automation, policy, is_dismissed,
        dismissed_at, hides_verdict, names_shipped, change_author, change_merged_at, change_closed_at
    from intermediate.int_decisions
    where is_of_change and (verdict = 'approved' or hides_verdict) and decided_at is null
),
deployed as (
    select l.change_id, min(d.started_at) as first_started_at
    from intermediate.int_deployment_changes l
    inner join intermediate.int_deployments d on d.deployment_id = l.deployment_id
    where d.is_production and l.change_id in (select change_id from untimed)
    group by l.change_id
)
select
    cast(u.decision_id as varchar) as decision_id,
    cast(u.change_id as varchar) as change_id,
    cast(u.decided_by as varchar) as decided_by,
    cast(u.is_by_automation as boolean) as is_policy,
    cast(not u.hides_verdict and (not u.is_dismissed or u.dismissed_at is not null) as boolean) as is_certain
from untimed u
left join deployed p on p.change_id = u.change_id
cross join config.build b
where coalesce(u.names_shipped, true)
    -- Dismissed after the change went still counts, as with an approval that has an instant; what has not gone goes without it.
    and not (
        u.is_dismissed
        and coalesce(
            u.dismissed_at <= coalesce(u.change_merged_at, p.first_started_at, u.change_closed_at, b.as_of),
            coalesce(u.change_merged_at, p.first_started_at, u.change_closed_at) is null
        )
    )
    and case when u.is_by_automation then u.policy is not null else coalesce(u.decided_by <> u.change_author, true) end
union all
select decision_id, change_id, decided_by, coalesce(decided_by_type, 'human') = 'bot', false
from intermediate.int_approvals
where is_doubtful and case when decided_by_type = 'bot' then policy is not null else not is_author end
