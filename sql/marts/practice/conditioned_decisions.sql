-- description: Approvals under conditions: those that set some themselves, and where none does, for conditions that stand in a
--   field, a check list or a comment of the change, the approval that let it go.
-- grain: decision_id
-- order_by: change_id, decision_id
-- column: decision_id | The approval.
-- column: change_id | The change.
-- column: basis | decision when it sets them itself, in a field of its own or in its words; else change.
-- not_null: decision_id, change_id, basis
-- unique: decision_id
-- assert: basis in ('decision', 'change')
with own as (
    select decision_id, change_id
    from intermediate.int_decisions
    where is_of_change and verdict = 'approved'
        and (conditions is not null or regexp_matches(lower(coalesce(comment, '')), 'approved with conditions?'))
)
select
    cast(decision_id as varchar) as decision_id,
    cast(change_id as varchar) as change_id,
    cast('decision' as varchar) as basis
from own
union all
select cast(c.effective_decision_id as varchar), cast(c.change_id as varchar), cast('change' as varchar)
from marts.changes c
where c.effective_decision_id is not null and c.change_id in (select change_id from marts.conditions)
    -- What an approval says itself is not said again of another one.
    and c.change_id not in (select change_id from own)
