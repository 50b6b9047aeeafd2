-- description: Every decision on the changes and deployments of the pack, with whether it authorised what shipped.
-- grain: decision_id
-- column: decision_id | The decision.
-- column: change_id | The change decided on.
-- column: deployment_id | The deployment decided on.
-- column: decided_at | When, UTC; empty when the source does not say.
-- column: decided_by | Who; empty while unresolved.
-- column: decided_by_type | human or bot.
-- column: verdict | What was decided.
-- column: revision | The revision it was about.
-- column: is_independent | Whether somebody other than the requester gave it; empty while either is unresolved.
-- column: is_in_force | For approvals: whether it held for what shipped, at the merge.
-- column: is_authorising | For approvals: whether it authorised the change.
-- column: valid_until | When it stopped holding, UTC.
-- column: policy | Named policy, for automated decisions, with its version.
-- column: comment | Reason or remark.
-- column: conditions | Conditions set with it.
-- column: time_quality | exact, bounded or inferred.
-- column: basis | The form in which the source keeps it.
-- column: url | The source's own page.
select
    decision_id, change_id, deployment_id, decided_at, decided_by, decided_by_type, verdict, revision, is_independent,
    is_in_force, is_authorising, valid_until, policy || coalesce(' ' || policy_version, '') as policy, comment, conditions,
    time_quality, basis, url
from marts.decisions
