-- description: Every change in the period and scope, whatever became of it.
-- grain: change_id
-- column: change_id | Source and the source's key.
-- column: url | The source's own page.
-- column: title | Title.
-- column: record_type | pull_request, or the tracker's type.
-- column: why_in_population | What brings it in: dated in the period, open at its end, carried by a deployment, or tied to one that is.
-- column: is_in_sampling_frame | Whether it was implemented in the period and in scope.
-- column: service | Service.
-- column: team | Team.
-- column: change_type | standard, normal or emergency; empty when nothing says.
-- column: template | Template or policy with its version, for pre-approved changes.
-- column: risk | low, medium or high; empty when nothing says.
-- column: is_impact_documented | Whether risk or stakeholders are stated.
-- column: requester | Who asked for it; empty while unresolved.
-- column: contributors | The requester and everybody with a commit in it, as far as commits are on record.
-- column: created_at | When it was created, UTC.
-- column: requested_at | When approval was asked for, UTC.
-- column: approvers | Everybody who approved it.
-- column: approval_basis | human, policy or standard; empty without approval.
-- column: effective_approver | Whose approval was in force for what shipped; empty for a policy.
-- column: effective_approval_at | Since when, UTC.
-- column: approval_time_quality | exact, bounded or inferred.
-- column: approved_revision | The revision approved.
-- column: merged_at | When it was merged, UTC.
-- column: deployed_revision | The revision deployed.
-- column: artifact | What identifies the artifact deployed.
-- column: has_checks | Whether a check ran on it before the merge; empty where its source shows none at all.
-- column: has_back_out_plan | Whether a back-out plan is stated.
-- column: planned_start_at | Start of its planned window, UTC.
-- column: planned_end_at | End of its planned window, UTC.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC.
-- column: deployment_id | The deployment in the period that decides.
-- column: deployed_at | Its start, UTC.
-- column: deployer | Who deployed; empty while unresolved.
-- column: lead_seconds | Deployment start minus effective approval; negative when approved afterwards.
-- column: authorisation_class | How approval and deployment relate.
-- column: separation_of_duties | Results of the tests of separation of duties.
-- column: conditions_total | Conditions its approval set.
-- column: conditions_met | How many of them a record shows as met in time.
-- column: verified_at | When its deployment was verified, UTC.
-- column: state | open, merged, closed, rejected or withdrawn.
-- column: outcome | How it ended, as far as stated.
-- column: has_failed | Whether a deployment of it in the period needed intervention.
-- column: completeness | Weight of the attributes present over the weight of those that apply, 0 to 1.
-- column: missing | What the record lacks.
-- column: not_collectable | What its source does not keep.
with decided as (
    select
        change_id,
        string_agg(distinct decided_by, ', ' order by decided_by) filter (where verdict = 'approved') as approvers
    from marts.decisions
    where change_id is not null
    group by change_id
),
effective as (
    select decision_id, revision, time_quality from marts.decisions
),
people as (
    select change_id, requester as person from marts.changes where requester is not null
    union
    select change_id, actor from marts.activities where verb = 'committed' and actor is not null and change_id is not null
),
contributors as (
    select change_id, string_agg(person, ', ' order by person) as contributors from people group by change_id
),
checked as (
    select distinct change_id from marts.activities where activity = 'assessed' and verb = 'ran' and change_id is not null
),
checking as (
    select distinct c.source from checked k inner join marts.changes c on c.change_id = k.change_id
),
worked as (
    select change_id, min(actual_start_at) as actual_start_at, max(actual_end_at) as actual_end_at
    from marts.windows
    where change_id is not null and not is_withdrawn
    group by change_id
),
separation as (
    -- A test that ran on several deployments of a change shows each result once.
    select change_id, string_agg(distinct test || '=' || result, ' ' order by test || '=' || result) as results
    from marts.separation_of_duties
    where change_id is not null
    group by change_id
),
ledger as (
    select change_id, count(*) as conditions_total, count(*) filter (where status = 'met') as conditions_met
    from marts.conditions
    group by change_id
)
select
    c.change_id, c.url, c.title, c.record_type, m.why as why_in_population, f.change_id is not null as is_in_sampling_frame,
    c.service, c.team, c.change_type, c.policy as template, c.risk,
    case when k.states_risk or k.states_stakeholders then c.has_risk or c.has_stakeholders end as is_impact_documented,
    c.requester, p.contributors, c.created_at, c.requested_at, d.approvers, c.approval_basis, c.effective_approver,
    c.effective_approval_at, e.time_quality as approval_time_quality, e.revision as approved_revision, c.merged_at,
    h.deployed_revision, h.artifact,
    case when g.source is not null then x.change_id is not null end as has_checks,
    case when k.states_back_out_plan then c.has_rollback_plan end as has_back_out_plan,
    c.planned_start_at, c.planned_end_at, w.actual_start_at, w.actual_end_at, h.deployment_id, h.started_at as deployed_at,
    h.deployer, h.lead_seconds, h.authorisation_class, s.results as separation_of_duties,
    coalesce(l.conditions_total, 0) as conditions_total, coalesce(l.conditions_met, 0) as conditions_met, h.verified_at,
    c.state, c.outcome, h.has_failed, n.completeness, n.missing,
    concat_ws(', ',
        case when not k.states_description then 'description' end,
        case when not k.states_risk then 'risk' end,
        case when not k.states_stakeholders then 'stakeholders' end,
        case when not k.states_back_out_plan then 'back-out plan' end,
        case when not k.states_window then 'planned window' end,
        case when not k.keeps_approvals then 'approvals' end,
        case when g.source is null then 'checks' end,
        case when not coalesce(v.has_deployments, false) then 'deployments' end
    ) as not_collectable
from marts.changes c
inner join pack.members m on m.change_id = c.change_id
inner join evidence.capabilities k on k.source = c.source
left join evidence.sample_frame f on f.change_id = c.change_id
left join evidence.handover h on h.change_id = c.change_id
left join decided d on d.change_id = c.change_id
left join effective e on e.decision_id = c.effective_decision_id
left join contributors p on p.change_id = c.change_id
left join checked x on x.change_id = c.change_id
left join checking g on g.source = c.source
left join worked w on w.change_id = c.change_id
left join separation s on s.change_id = c.change_id
left join ledger l on l.change_id = c.change_id
left join marts.change_completeness n on n.change_id = c.change_id
left join pack.services v on v.service = c.service
