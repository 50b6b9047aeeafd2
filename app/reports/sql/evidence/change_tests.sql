-- description: Every test on every implemented change, not only on a sample. A test passes only on what the records show: an
--   unresolved identity never passes, and what the source does not keep is not collectable, which is not a failure.
-- grain: change_id, test
-- column: change_id | The change tested.
-- column: stratum | standard, normal, emergency or not stated.
-- column: test | What is tested; the controls name these.
-- column: result | pass, fail, exempt, indeterminate or not_collectable.
-- column: reason | What decided.
-- column: record | The record that shows it, where one does.
with judged as (
    select
        f.change_id,
        f.stratum,
        f.basis,
        f.implemented_at,
        c.source,
        c.approval_basis,
        c.policy,
        c.effective_approval_at,
        c.effective_approver,
        c.requester,
        c.effective_decision_id,
        c.is_self_approved_only,
        c.has_other_revision_approval,
        c.has_withdrawn_approval,
        c.approval_gap,
        c.unresolved_approval_at,
        c.has_untimed_approval,
        c.merged_at,
        c.closed_at,
        w.worked_from,
        c.has_description,
        c.has_risk,
        c.has_rollback_plan,
        k.states_description,
        k.states_risk,
        k.states_back_out_plan,
        h.deployment_id,
        h.authorisation_class,
        h.reason as unauthorised_reason,
        h.is_authorised,
        h.time_quality,
        h.is_verified,
        m.reviewed_at
    from evidence.sample_frame f
    inner join marts.changes c on c.change_id = f.change_id
    inner join evidence.capabilities k on k.source = c.source
    left join evidence.handover h on h.change_id = f.change_id
    left join evidence.emergency m on m.change_id = f.change_id
    left join (
        select change_id, min(actual_start_at) as worked_from from marts.windows where not is_withdrawn group by change_id
    ) w on w.change_id = f.change_id
),
-- Code that implements a request carries its checks; so both count.
checks as (
    select coalesce(c.ticket_id, c.change_id) as change_id, min(a.activity_id) as activity_id, min(a.occurred_at) as checked_at
    from marts.activities a
    inner join marts.changes c on c.change_id = a.change_id
    where a.activity = 'assessed' and a.verb = 'ran'
    group by coalesce(c.ticket_id, c.change_id)
),
sources_with as (
    select
        c.source,
        bool_or(a.activity = 'assessed' and a.verb = 'ran') as keeps_checks,
        bool_or(a.activity = 'post_reviewed') as keeps_reviews
    from marts.activities a
    inner join marts.changes c on c.change_id = a.change_id
    group by c.source
),
verifying as (
    select d.source, bool_or(v.deployment_id is not null) as keeps_verification
    from marts.deployments d
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id
    group by d.source
),
authorised as (
    select
        change_id, stratum, 'authorised_before_deployment' as test,
        case
            when basis = 'deployment' and authorisation_class = 'not_collectable' then 'not_collectable'
            when basis = 'deployment' and is_authorised = false then 'fail'
            when approval_basis = 'standard' then 'exempt'
            when basis = 'deployment' and authorisation_class = 'retroactive_emergency_in_sla' then 'exempt'
            when basis = 'deployment' and time_quality = 'inferred' then 'indeterminate'
            when basis = 'deployment' then 'pass'
            when effective_approval_at is null and approval_gap is not null then 'not_collectable'
            when effective_approval_at is null and (unresolved_approval_at is not null or has_untimed_approval)
                then 'indeterminate'
            when effective_approval_at is null then 'fail'
            when basis = 'closure' and effective_approval_at > closed_at then 'fail'
            when basis = 'closure' and effective_approval_at <= worked_from then 'pass'
            when basis = 'closure' then 'indeterminate'
            when effective_approval_at <= merged_at then 'pass'
            else 'fail'
        end as result,
        case
            when basis = 'deployment' and authorisation_class = 'not_collectable' and unresolved_approval_at is not null
                then 'approved by somebody who is not known'
            when basis = 'deployment' and authorisation_class = 'not_collectable' and has_untimed_approval
                then 'no record states whether an approval held in time'
            when basis = 'deployment' and authorisation_class = 'not_collectable' then coalesce(approval_gap, 'the source keeps no approvals')
            when basis = 'deployment' and is_authorised = false then unauthorised_reason
            when approval_basis = 'standard' then 'standard change, approved in advance by ' || coalesce(policy, 'its type')
            when basis = 'deployment' and authorisation_class = 'retroactive_emergency_in_sla'
                then 'emergency, approved afterwards within the time allowed'
            when basis = 'deployment' and time_quality = 'inferred' then 'its deployment is inferred from times only'
            when basis = 'deployment' and approval_basis = 'policy' then 'approved by policy ' || coalesce(policy, '')
            when basis = 'deployment' and authorisation_class = 'within_skew' then 'approved within the clocks'' tolerance'
            when basis = 'deployment' then 'approved before the deployment started'
            when effective_approval_at is null and approval_gap is not null then approval_gap
            when effective_approval_at is null and has_untimed_approval then 'no record states whether an approval held in time'
            when effective_approval_at is null and has_other_revision_approval then 'approved for another revision only'
            when effective_approval_at is null and has_withdrawn_approval then 'the approval was taken back'
            when effective_approval_at is null and unresolved_approval_at is not null then 'approved by somebody who is not known'
            when effective_approval_at is null and is_self_approved_only then 'approved by the requester only'
            when effective_approval_at is null then 'no approval on record'
            when basis = 'closure' and effective_approval_at > closed_at then 'approved after it was closed'
            when basis = 'closure' and effective_approval_at <= worked_from then 'approved before work began'
            when basis = 'closure' then 'approved, but not shown to be before work began'
            when effective_approval_at <= merged_at then 'approved before the merge; no deployment is on record'
            else 'approved after the merge'
        end as reason,
        coalesce(deployment_id, effective_decision_id) as record
    from judged
),
duties as (
    -- The worst result counts; independence is judged on the record that governs, code review on the code.
    select
        f.change_id, t.test, t.result, t.reason, t.record_id,
        case t.result when 'fail' then 0 when 'indeterminate' then 1 when 'not_collectable' then 2 when 'exempt' then 3 else 4 end
            as place
    from evidence.sample_frame f
    inner join marts.separation_of_duties t on t.change_id = f.change_id and t.test = 'sod_1_effective'
    union all
    select
        f.change_id, 'code_review', t.result, t.reason, t.record_id,
        case t.result when 'fail' then 0 when 'indeterminate' then 1 when 'not_collectable' then 2 when 'exempt' then 3 else 4 end
    from evidence.sample_frame f
    inner join marts.changes c on coalesce(c.ticket_id, c.change_id) = f.change_id
    inner join marts.separation_of_duties t on t.change_id = c.change_id and t.test = 'sod_1_effective'
    where c.is_reviewed and c.state = 'merged'
    union all
    select
        x.governing_change_id, t.test, t.result, t.reason, t.record_id,
        case t.result when 'fail' then 0 when 'indeterminate' then 1 when 'not_collectable' then 2 when 'exempt' then 3 else 4 end
    from marts.deployment_changes x
    inner join evidence.population_deployments d on d.deployment_id = x.deployment_id and d.is_started_in_period
    inner join marts.separation_of_duties t
        on t.change_id = x.change_id and t.deployment_id = x.deployment_id and t.test = 'sod_2'
),
worst as (
    select *
    from duties
    qualify row_number() over (partition by change_id, test order by place, record_id) = 1
),
independent as (
    -- A record that has not ended is not among the tests of duties; then its approval alone can be judged.
    select
        j.change_id, j.stratum, 'independent_approval' as test,
        case
            when w.result is not null then w.result
            when j.approval_basis in ('standard', 'policy') then 'exempt'
            when j.effective_approval_at is null and j.approval_gap is not null then 'not_collectable'
            when j.effective_approval_at is null and (j.unresolved_approval_at is not null or j.has_untimed_approval)
                then 'indeterminate'
            when j.effective_approval_at is null then 'fail'
            when j.effective_approver is null or j.requester is null then 'indeterminate'
            when j.effective_approver <> j.requester then 'pass'
            else 'fail'
        end as result,
        case
            when w.result is not null then w.reason
            when j.approval_basis in ('standard', 'policy') then coalesce(j.policy, 'approved in advance or by policy')
            when j.effective_approval_at is null and j.approval_gap is not null then j.approval_gap
            when j.effective_approval_at is null and j.unresolved_approval_at is not null
                then 'approved by somebody who is not known'
            when j.effective_approval_at is null and j.has_untimed_approval then 'no record states whether an approval held in time'
            when j.effective_approval_at is null and j.is_self_approved_only then 'approved by the requester only'
            when j.effective_approval_at is null then 'no valid approval on record'
            when j.effective_approver is null or j.requester is null then 'requester or approver is unresolved'
            when j.effective_approver <> j.requester then 'approved by somebody other than the requester; its record is still open'
            else 'approver and requester are the same person'
        end as reason,
        coalesce(w.record_id, j.effective_decision_id, j.change_id) as record
    from judged j
    left join worst w on w.change_id = j.change_id and w.test = 'sod_1_effective'
),
code_reviewed as (
    select
        j.change_id, j.stratum, 'code_reviewed_by_another' as test,
        coalesce(w.result, 'not_collectable') as result,
        coalesce(w.reason, 'no merged code review is tied to it') as reason,
        w.record_id as record
    from judged j
    left join worst w on w.change_id = j.change_id and w.test = 'code_review'
),
separate_deployer as (
    select
        j.change_id, j.stratum, 'approver_did_not_deploy' as test,
        coalesce(w.result, 'not_collectable') as result,
        coalesce(w.reason, 'no deployment is on record') as reason,
        w.record_id as record
    from judged j
    left join worst w on w.change_id = j.change_id and w.test = 'sod_2'
),
described as (
    select
        change_id, stratum, 'described' as test,
        case when has_description then 'pass' when states_description then 'fail' else 'not_collectable' end as result,
        case
            when has_description then 'says what is modified'
            when states_description then 'says nothing about what is modified'
            else 'no record of this source holds a description'
        end as reason,
        change_id as record
    from judged
),
assessed as (
    select
        change_id, stratum, 'impact_analysed' as test,
        case when has_risk then 'pass' when states_risk then 'fail' else 'not_collectable' end as result,
        case
            when has_risk then 'states its risk'
            when states_risk then 'states no risk'
            else 'no record of this source states a risk'
        end as reason,
        change_id as record
    from judged
),
backed_out as (
    select
        change_id, stratum, 'back_out_planned' as test,
        case when has_rollback_plan then 'pass' when states_back_out_plan then 'fail' else 'not_collectable' end as result,
        case
            when has_rollback_plan then 'has a back-out plan'
            when states_back_out_plan then 'has no back-out plan'
            else 'no record of this source holds a back-out plan'
        end as reason,
        change_id as record
    from judged
),
tested as (
    select
        j.change_id, j.stratum, 'tested_before' as test,
        case when x.checked_at < j.implemented_at then 'pass' when s.keeps_checks then 'fail' else 'not_collectable' end as result,
        case
            when x.checked_at < j.implemented_at then 'a check ran on it before it was implemented'
            when x.checked_at is not null then 'checks ran only afterwards'
            when s.keeps_checks then 'no check is on record'
            else 'no record of this source shows checks of a change'
        end as reason,
        x.activity_id as record
    from judged j
    left join checks x on x.change_id = j.change_id
    left join sources_with s on s.source = j.source
),
confirmed as (
    select
        j.change_id, j.stratum, 'confirmed_afterwards' as test,
        case
            when j.basis <> 'deployment' then 'not_collectable'
            when j.is_verified then 'pass'
            when coalesce(v.keeps_verification, false) and j.is_verified is not null then 'fail'
            when j.is_verified is null then 'indeterminate'
            else 'not_collectable'
        end as result,
        case
            when j.basis <> 'deployment' then 'no deployment is on record'
            when j.is_verified then 'every successful deployment of it was verified'
            when coalesce(v.keeps_verification, false) and j.is_verified is not null
                then 'a successful deployment of it was not verified'
            when j.is_verified is null then 'no successful deployment of it in the period'
            else 'no deployment record of this source shows verification'
        end as reason,
        j.deployment_id as record
    from judged j
    left join marts.deployments d on d.deployment_id = j.deployment_id
    left join verifying v on v.source = d.source
),
reassessed as (
    select
        j.change_id, j.stratum, 'emergency_reassessed' as test,
        case
            when j.reviewed_at is not null then 'pass'
            when coalesce(s.keeps_reviews, false) then 'fail'
            else 'not_collectable'
        end as result,
        case
            when j.reviewed_at is not null then 'looked at afterwards by somebody who did not deploy it'
            when coalesce(s.keeps_reviews, false) then 'no review by somebody who did not deploy it'
            else 'no record of this source shows reviews after the implementation'
        end as reason,
        j.change_id as record
    from judged j
    left join sources_with s on s.source = j.source
    where j.stratum = 'emergency'
)
select * from authorised
union all
select * from independent
union all
select * from code_reviewed
union all
select * from separate_deployer
union all
select * from described
union all
select * from assessed
union all
select * from backed_out
union all
select * from tested
union all
select * from confirmed
union all
select * from reassessed
