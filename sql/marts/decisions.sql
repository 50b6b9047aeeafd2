-- description: Every decision on a change, deployment or run, with whether it authorised what shipped.
-- grain: decision_id
-- order_by: decided_at, decision_id
-- column: decision_id | Source, form and key, joined by ':'.
-- column: source | Name of the source instance.
-- column: basis | review, vote, field or status: the form in which the source keeps it.
-- column: change_id | The change decided on.
-- column: deployment_id | The deployment decided on.
-- column: run_id | The run decided on.
-- column: service | Service of the change.
-- column: team | Team of the change.
-- column: decided_at | When, UTC; null when the source does not say.
-- column: decided_by | Person who decided; null while unresolved.
-- column: decided_by_type | human or bot.
-- column: verdict | approved, rejected, changes_requested, commented, dismissed, withdrawn or pending.
-- column: revision | Revision it was about.
-- column: is_independent | Whether somebody other than the requester gave it; null while either is unresolved.
-- column: is_in_force | For approvals: whether it held for the shipped revision at the merge.
-- column: is_authorising | For approvals: whether it authorised the change.
-- column: valid_until | When it stopped holding, UTC.
-- column: vote | Label and value of a vote as cast, for example Code-Review+2; null for the other forms.
-- column: comment | Reason or remark, in the person's words.
-- column: conditions | Conditions set with it.
-- column: policy | Named policy, for automated decisions.
-- column: policy_version | Its version.
-- column: time_quality | exact, bounded or inferred.
-- column: source_event_id | The source event that was the decision.
-- column: url | The source's own page.
-- not_null: decision_id, source, verdict, time_quality
-- unique: decision_id
select
    cast(d.decision_id as varchar) as decision_id,
    cast(d.source as varchar) as source,
    cast(d.basis as varchar) as basis,
    cast(d.change_id as varchar) as change_id,
    cast(d.deployment_id as varchar) as deployment_id,
    cast(d.run_id as varchar) as run_id,
    cast(d.change_service as varchar) as service,
    cast(d.change_team as varchar) as team,
    cast(d.decided_at as timestamp) as decided_at,
    cast(d.decided_by as varchar) as decided_by,
    cast(d.decided_by_type as varchar) as decided_by_type,
    cast(d.verdict as varchar) as verdict,
    cast(d.revision as varchar) as revision,
    cast(d.decided_by <> d.change_author as boolean) as is_independent,
    cast(a.is_in_force as boolean) as is_in_force,
    cast(a.is_authorising as boolean) as is_authorising,
    cast(a.valid_until as timestamp) as valid_until,
    cast(d.vote as varchar) as vote,
    cast(d.comment as varchar) as comment,
    cast(d.conditions as varchar) as conditions,
    cast(d.policy as varchar) as policy,
    cast(d.policy_version as varchar) as policy_version,
    cast(d.time_quality as varchar) as time_quality,
    cast(d.source_event_id as varchar) as source_event_id,
    cast(d.url as varchar) as url
from intermediate.int_decisions d
left join intermediate.int_approvals a on a.decision_id = d.decision_id
