-- description: One row per change, with its decisions, its way to production and how both relate.
-- grain: change_id
-- order_by: service, created_at, change_id
-- column: change_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: record_type | pull_request, or the tracker's type.
-- column: is_reviewed | Whether it is reviewed as code and merged, as a pull request; everything else is a change request.
-- column: key | The source's own key.
-- column: title | Title.
-- column: url | The source's own page.
-- column: service | Service it belongs to; null when nothing names one.
-- column: team | Team; null when unknown.
-- column: repository | Repository as stated.
-- column: change_type | standard, normal or emergency; null when nothing says.
-- column: risk | low, medium or high; null when nothing says.
-- column: state | open, merged, closed, rejected or withdrawn.
-- column: status | Status as the source words it.
-- column: outcome | How it ended, from the closure code, else from a final status that says how; null when nothing says.
-- column: requester | Person who asked for it; null while unresolved.
-- column: requester_type | human or bot.
-- column: is_draft | Whether it is a draft now.
-- column: created_at | When it was created, UTC.
-- column: requested_at | When approval was first asked for, UTC.
-- column: requested_basis | The sign by which that is known.
-- column: first_response_at | First decision by a human other than the requester, UTC.
-- column: first_approval_at | First approval by anybody, UTC.
-- column: first_independent_approval_at | First approval by a human other than the requester, any revision, UTC.
-- column: effective_approval_at | When the last required approval of the shipped revision, or a policy's, was in force, UTC.
-- column: effective_approver | Person who gave it; null for a policy.
-- column: effective_decision_id | That decision.
-- column: approval_basis | human or policy; standard for a pre-approved change; null without approval.
-- column: policy | Template or policy that approved, with its version, where one did.
-- column: is_self_approved_only | Whether the requester's own approval is the only one; null when none is known.
-- column: has_other_revision_approval | Whether an independent approval exists, but not for what shipped.
-- column: has_withdrawn_approval | Whether what shipped was approved by somebody else, and that was taken back before it went.
-- column: is_short_of_approvals | Whether people approved what shipped, but fewer than are required.
-- column: unresolved_approval_at | When somebody who is not known approved what shipped, or the last of several required who may
--   be one person under two spellings, UTC; null where an effective approval makes it idle. Whether the change was approved
--   cannot be known then.
-- column: has_untimed_approval | Whether what shipped was approved or may have been, no record tells whether that held in time, and
--   nothing else approved it.
-- column: is_approval_collectable | Whether its source keeps approvals at all, or, of a standard change that nobody decided on, templates.
-- column: approval_gap | Why nobody can tell whether it was approved; null where its source would say so.
-- column: approvals | Approvals of any kind.
-- column: declines | Rejections and requests for changes.
-- column: first_commit_at | First commit, UTC.
-- column: merged_at | When it was merged, UTC.
-- column: merged_by | Person who merged; null while unresolved.
-- column: is_self_merged | Whether the requester merged it; null while either is unresolved.
-- column: closed_at | When it was closed, UTC.
-- column: implemented_at | When it was implemented where no record closes it: end of the work, else start of the first production
--   deployment that carried it, UTC.
-- column: is_implemented | Whether it went: merged, in production, or a change request that ended as such or whose work ended;
--   what was refused, withdrawn or cancelled and a review that closed without a merge did not, unless something deployed it.
-- column: first_deployed_at | When it first reached production, UTC; null when it did not or nothing shows it.
-- column: first_deployment_id | That deployment.
-- column: first_deployment_service | The service that it deployed, which need not be the change's own.
-- column: ticket_id | Change request it implements, of several the one asked for last; null when it is its own record.
-- column: has_description | Whether it says what is modified.
-- column: has_risk | Whether risk is stated.
-- column: has_stakeholders | Whether stakeholders are stated.
-- column: has_rollback_plan | Whether a back-out plan is stated.
-- column: planned_start_at | Start of its planned window, UTC.
-- column: planned_end_at | End of its planned window, UTC.
-- column: reverts_change_id | Change it takes back.
-- column: source_event_id | The source event this row was read from.
-- not_null: change_id, source, is_reviewed, key, state, approvals, declines, is_approval_collectable, is_implemented
-- unique: change_id
-- assert: state in ('open', 'merged', 'closed', 'rejected', 'withdrawn')
-- assert: approval_basis in ('human', 'policy', 'standard')
with commits as (
    select source, change_key, min(coalesce(authored_at, committed_at)) as first_commit_at
    from intermediate.all_commits
    where change_key is not null
    group by source, change_key
),
production as (
    select
        x.change_id, d.deployment_id, d.service, d.started_at, d.finished_at, d.outcome <> 'cancelled' as is_attempt,
        d.outcome = 'succeeded' and d.finished_at is not null as is_finished
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    where d.is_production
),
-- Most changes reach production once; only where there are several is the first sought in order.
in_advance as (
    -- What approved a standard change in advance is its template. Of a file that names none, nobody can say that there was none.
    select c.change_id
    from intermediate.int_changes c
    left join intermediate.int_source_capabilities s on s.source = c.source
    left join intermediate.int_change_decisions d on d.change_id = c.change_id
    where c.change_type = 'standard' and c.template is null and not c.is_reviewed and not coalesce(s.holds_templates, false)
        and coalesce(d.approvals, 0) + coalesce(d.declines, 0) = 0
),
carried as (
    select
        change_id,
        min(started_at) filter (where is_attempt) as started_at,
        min(finished_at) filter (where is_finished) as finished_at,
        min(deployment_id) filter (where is_finished) as deployment_id,
        min(service) filter (where is_finished) as service,
        count(*) filter (where is_finished) > 1 as is_repeated
    from production
    group by change_id
),
reached as (
    select p.change_id, p.deployment_id, p.service
    from production p
    inner join carried k on k.change_id = p.change_id and k.is_repeated
    where p.is_finished
    qualify row_number() over (partition by p.change_id order by p.finished_at, p.started_at, p.deployment_id) = 1
),
ended as (
    -- A change request whose work ended waits for its review, which is no less implemented; a review without a merge brought nothing.
    select c.change_id
    from intermediate.int_changes c
    left join intermediate.int_status_meanings m on m.status = lower(c.status) and m.rule_id = 'status-reviewed-afterwards'
    cross join config.build b
    where not c.is_reviewed
        and coalesce(c.status_meaning, '') not in ('rejected', 'cancelled') and coalesce(c.outcome, '') <> 'cancelled'
        and (
            c.closed_at is not null or c.status_meaning in ('done', 'unsuccessful') or c.outcome is not null
            or lower(c.status) = 'closed' or c.actual_end_at <= b.as_of or m.status is not null
        )
),
tickets as (
    select change_id, min(ticket_id) as ticket_id, count(*) > 1 as has_several
    from intermediate.int_change_tickets group by change_id
),
-- Of several change requests the one that governs is stated rather than only named, and asked for last: an older one let
-- older work go. No number decides it.
latest_tickets as (
    select t.change_id, t.ticket_id
    from intermediate.int_change_tickets t
    inner join tickets k on k.change_id = t.change_id and k.has_several
    inner join intermediate.int_changes c on c.change_id = t.ticket_id
    qualify row_number() over (
        partition by t.change_id
        order by case t.basis when 'link' then 0 else 1 end, c.created_at desc nulls last, t.ticket_id
    ) = 1
)
select
    cast(c.change_id as varchar) as change_id,
    cast(c.source as varchar) as source,
    cast(c.record_type as varchar) as record_type,
    cast(c.is_reviewed as boolean) as is_reviewed,
    cast(c.key as varchar) as key,
    cast(c.title as varchar) as title,
    cast(c.url as varchar) as url,
    cast(c.service as varchar) as service,
    cast(c.team as varchar) as team,
    cast(c.repository as varchar) as repository,
    cast(c.change_type as varchar) as change_type,
    cast(c.risk as varchar) as risk,
    cast(
        case
            when c.merged_at is not null then 'merged'
            -- A review that says so is merged also where no record says when.
            when coalesce(lower(c.status), '') in ('merged', 'completed')
                    and c.is_reviewed
                then 'merged'
            when c.status_meaning = 'rejected' then 'rejected'
            when c.status_meaning = 'cancelled' then 'withdrawn'
            when c.closed_at is not null or c.status_meaning in ('done', 'unsuccessful') or c.outcome is not null
                then 'closed'
            when lower(c.status) in ('closed', 'abandoned') then 'closed'
            else 'open'
        end as varchar
    ) as state,
    cast(c.status as varchar) as status,
    cast(c.outcome as varchar) as outcome,
    cast(c.author as varchar) as requester,
    cast(c.author_type as varchar) as requester_type,
    cast(coalesce(c.is_draft, false) as boolean) as is_draft,
    cast(c.created_at as timestamp) as created_at,
    cast(q.requested_at as timestamp) as requested_at,
    cast(q.requested_basis as varchar) as requested_basis,
    cast(d.first_response_at as timestamp) as first_response_at,
    cast(d.first_approval_at as timestamp) as first_approval_at,
    cast(d.first_independent_approval_at as timestamp) as first_independent_approval_at,
    cast(d.effective_approval_at as timestamp) as effective_approval_at,
    cast(d.effective_approver as varchar) as effective_approver,
    cast(d.effective_decision_id as varchar) as effective_decision_id,
    cast(
        case when c.change_type = 'standard' and c.template is not null then 'standard' else d.approval_basis end
        as varchar
    ) as approval_basis,
    cast(
        coalesce(
            d.policy,
            case when c.template is not null then c.template || coalesce(' ' || c.template_version, '') end
        ) as varchar
    ) as policy,
    cast(
        case
            when d.first_approval_at is null then null
            else d.self_approved_at is not null and d.first_independent_approval_at is null
        end as boolean
    ) as is_self_approved_only,
    cast(coalesce(d.has_other_revision_approval, false) as boolean) as has_other_revision_approval,
    cast(coalesce(d.has_withdrawn_approval, false) as boolean) as has_withdrawn_approval,
    cast(coalesce(d.is_short_of_approvals, false) as boolean) as is_short_of_approvals,
    cast(d.unresolved_approval_at as timestamp) as unresolved_approval_at,
    cast(coalesce(d.has_untimed_approval, false) as boolean) as has_untimed_approval,
    cast(coalesce(s.holds_approvals, false) and v.change_id is null as boolean) as is_approval_collectable,
    cast(
        case
            when not coalesce(s.holds_approvals, false) then 'the source keeps no approvals'
            when v.change_id is not null then 'the source does not say what approved it in advance'
        end as varchar
    ) as approval_gap,
    cast(coalesce(d.approvals, 0) as bigint) as approvals,
    cast(coalesce(d.declines, 0) as bigint) as declines,
    cast(least(k.first_commit_at, c.first_commit_at) as timestamp) as first_commit_at,
    cast(c.merged_at as timestamp) as merged_at,
    cast(m.person_id as varchar) as merged_by,
    cast(m.person_id = c.author as boolean) as is_self_merged,
    cast(c.closed_at as timestamp) as closed_at,
    cast(coalesce(c.actual_end_at, w.started_at) as timestamp) as implemented_at,
    cast(
        c.merged_at is not null or w.finished_at is not null or e.change_id is not null
        or (
            coalesce(lower(c.status), '') in ('merged', 'completed')
            and c.is_reviewed
        ) as boolean
    ) as is_implemented,
    cast(w.finished_at as timestamp) as first_deployed_at,
    cast(case when w.is_repeated then r.deployment_id else w.deployment_id end as varchar) as first_deployment_id,
    cast(case when w.is_repeated then r.service else w.service end as varchar) as first_deployment_service,
    cast(case when t.has_several then n.ticket_id else t.ticket_id end as varchar) as ticket_id,
    cast(coalesce(trim(c.description), '') <> '' and no_description.text is null as boolean) as has_description,
    cast(c.risk is not null as boolean) as has_risk,
    cast(coalesce(trim(c.stakeholders), '') <> '' and no_stakeholders.text is null as boolean) as has_stakeholders,
    cast(coalesce(trim(c.rollback_plan), '') <> '' and no_rollback_plan.text is null as boolean) as has_rollback_plan,
    cast(c.planned_start_at as timestamp) as planned_start_at,
    cast(c.planned_end_at as timestamp) as planned_end_at,
    cast(o.reverts_change_id as varchar) as reverts_change_id,
    cast(c.source_event_id as varchar) as source_event_id
from intermediate.int_changes c
left join intermediate.int_change_requests q on q.change_id = c.change_id
left join intermediate.int_change_decisions d on d.change_id = c.change_id
left join intermediate.int_source_capabilities s on s.source = c.source
left join in_advance v on v.change_id = c.change_id
left join commits k on k.source = c.source and k.change_key = c.key
left join reached r on r.change_id = c.change_id
left join carried w on w.change_id = c.change_id
left join ended e on e.change_id = c.change_id
left join tickets t on t.change_id = c.change_id
left join latest_tickets n on n.change_id = c.change_id
left join intermediate.int_actors m on m.source = c.source and m.login = c.merged_by_login
left join intermediate.int_reversals o on o.change_id = c.change_id
-- "No" and "tbd" fill a field and state nothing.
left join intermediate.int_empty_texts no_description on no_description.said_in = 'any' and no_description.text = lower(trim(c.description))
left join intermediate.int_empty_texts no_stakeholders on no_stakeholders.said_in = 'any' and no_stakeholders.text = lower(trim(c.stakeholders))
left join intermediate.int_empty_texts no_rollback_plan on no_rollback_plan.said_in = 'any' and no_rollback_plan.text = lower(trim(c.rollback_plan))
