-- description: Conditions set with approvals of the pack. No table of this build says which event met a condition, so that
--   is not collectable and left to the auditor.
-- grain: decision_id
-- column: decision_id | The decision that set them.
-- column: change_id | The change it was about.
-- column: decided_at | When, UTC.
-- column: decided_by | Who set them.
-- column: conditions | The conditions as worded.
-- column: met | not_collectable.
select decision_id, change_id, decided_at, decided_by, conditions, 'not_collectable' as met
from marts.decisions
where coalesce(trim(conditions), '') <> ''
