-- description: The condition ledger: each condition of an approval in the pack and the event that met it, or none.
-- grain: condition_id
-- column: condition_id | Change and position.
-- column: change_id | The change approved under the condition.
-- column: url | The change's own page.
-- column: position | Number of the condition within the approval.
-- column: text | The condition, as written.
-- column: set_at | When the approval was given, UTC.
-- column: is_for_rollout | Whether it can only be met during execution.
-- column: due_at | When it had to be met, UTC.
-- column: met_at | When a record says that it was met, UTC.
-- column: met_by | Who said so.
-- column: status | met, late, unmet, open or unverifiable.
-- column: evidence_event_id | The source event that says so.
-- column: evidence_url | Its page.
select
    k.condition_id, k.change_id, c.url, k.position, k.text, k.set_at, k.is_for_rollout, k.due_at, k.met_at, k.met_by, k.status,
    k.evidence_event_id, k.evidence_url
from marts.conditions k
left join marts.changes c on c.change_id = k.change_id
