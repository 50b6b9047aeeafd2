-- description: Authorising approvals that were given at the very instant of a change's effective one: which of them came last is
--   nobody's knowledge. Few.
-- grain: decision_id
-- column: decision_id | The decision.
-- column: change_id | The change.
-- column: decided_at | When both were given, UTC.
-- column: decided_by | Person; null while unresolved.
-- column: decided_by_type | human or bot.
-- not_null: decision_id, change_id, decided_at
-- unique: decision_id
select
    cast(a.decision_id as varchar) as decision_id,
    cast(a.change_id as varchar) as change_id,
    cast(a.decided_at as timestamp) as decided_at,
    cast(a.decided_by as varchar) as decided_by,
    cast(a.decided_by_type as varchar) as decided_by_type
from intermediate.int_approvals a
inner join intermediate.int_change_decisions e
    on e.change_id = a.change_id and e.effective_approval_at = a.decided_at and e.effective_decision_id <> a.decision_id
where a.is_authorising
