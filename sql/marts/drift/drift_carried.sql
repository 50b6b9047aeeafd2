-- description: Changes as deployments carried them, with what separates the two processes missing or not, dimension by dimension:
--   one row for five marks.
-- grain: deployment_id, change_id
-- column: deployment_id | The deployment.
-- column: change_id | The change.
-- column: team | The deployment's team.
-- column: service | The deployment's service.
-- column: stratum | Change type.
-- column: occurred_at | When the deployment started, UTC.
-- column: owners | 1 when who decided also executed, else 0; null when that does not apply or somebody is unknown.
-- column: act | 1 when decision and execution are one event, else 0; null when that does not apply or nothing was decided.
-- column: change_record | 1 when nothing about the change is recorded apart from its release, else 0; null when that does not apply.
-- column: order_ | 1 when it was not decided before the start, else 0; null when that does not apply.
-- column: batch | 1 when one approver approved half of the release within 15 minutes after the cut, else 0; null for single changes.
-- column: order_reason | Why the decision does not count as one before the start, in words.
-- not_null: deployment_id, change_id, team, stratum, occurred_at
-- unique: deployment_id, change_id
-- assert: owners in (0, 1) and act in (0, 1) and change_record in (0, 1) and order_ in (0, 1) and batch in (0, 1)
-- assert: order_ = 0 or order_ is null or order_reason is not null
with gates as (
    -- A decision given in the pipeline itself: the same act lets it go and sets it going.
    select g.deployment_id, g.decision_id, g.decided_at, g.decided_by, g.decided_by_type
    from intermediate.int_gate_approvals g
    inner join intermediate.int_deployments d on d.deployment_id = g.deployment_id
    where d.is_production
    -- Of several at one instant, somebody known and other than the deployer goes first.
    qualify row_number() over (
        partition by g.deployment_id
        order by
            g.decided_at nulls last,
            case
                when g.decided_by_type = 'human' and g.decided_by <> d.deployer then 0
                when g.decided_by_type = 'human' and g.decided_by is not null then 1
                else 2
            end,
            g.decision_id
    ) = 1
),
dual as (
    -- Few: so decisions are looked up here and not for every change that was deployed.
    select decision_id
    from intermediate.int_decisions
    where source_event_id in (select source_event_id from marts.activities where is_dual and verb <> 'merged')
),
released as (
    select
        d.deployment_id, d.started_at, d.deployer, d.deployer_type, d.service, d.team,
        r.cut_at, t.decision_id as gate_decision_id, t.decided_by as gate_by, t.decided_by_type as gate_by_type
    from marts.deployments d
    left join intermediate.int_deployments i on i.deployment_id = d.deployment_id
    left join intermediate.int_releases r on r.source = i.source and r.key = i.release_key
    left join gates t on t.deployment_id = d.deployment_id
    where not d.is_rerelease and d.team is not null
),
bare as (
    -- Described changes have a record, whatever else was recorded of them.
    select change_id from marts.changes where not coalesce(has_description, false)
),
unrecorded as (
    select b.change_id
    from bare b
    left join (
        select distinct change_id
        from marts.activities
        where track = 'change_governance' and not is_dual and activity <> 'proposed' and change_id is not null
            and change_id in (select change_id from bare)
    ) a on a.change_id = b.change_id
    where a.change_id is null
),
carried as (
    select
        x.deployment_id, x.change_id, x.governing_change_id, x.authorisation_class, x.reason, x.effective_approval_at,
        d.started_at, d.deployer, d.deployer_type, d.service, d.team, d.cut_at, c.merged_at,
        g.effective_approver,
        coalesce(c.change_type, 'unknown') as change_type,
        coalesce(g.approval_basis = 'standard', false) as is_standard,
        case
            when x.effective_approval_at <= d.started_at then g.effective_approver
            when g.is_self_approved_only then g.requester
            when d.gate_decision_id is not null and d.gate_by_type = 'human' then d.gate_by
        end as decider,
        case
            when x.effective_approval_at <= d.started_at then e.decision_id is not null
            when d.gate_decision_id is not null then true
        end as is_one_act,
        n.change_id is not null as is_unrecorded
    from marts.deployment_changes x
    inner join released d on d.deployment_id = x.deployment_id
    inner join marts.changes c on c.change_id = x.change_id
    inner join marts.changes g on g.change_id = x.governing_change_id
    left join dual e on e.decision_id = g.effective_decision_id
    left join unrecorded n on n.change_id = x.governing_change_id
    where x.link_basis <> 'ticket'
),
joint as (
    -- Of several who approved at one instant, whoever gave one decided.
    select
        p.deployment_id, p.change_id,
        max(case when a.decided_by_type = 'human' and a.decided_by <> p.deployer then 1 else 0 end) = 1 as is_by_another,
        max(case when e.decision_id is null then 1 else 0 end) = 1 as is_an_act_of_its_own
    from carried p
    inner join intermediate.int_joint_approvals a
        on a.change_id = p.governing_change_id and a.decided_at = p.effective_approval_at
    left join dual e on e.decision_id = a.decision_id
    where p.effective_approval_at <= p.started_at
    group by p.deployment_id, p.change_id
),
cuts as (
    select deployment_id, coalesce(max(cut_at), max(merged_at)) as cut_at, count(*) as changes
    from carried
    group by deployment_id
    having count(*) >= 2
),
late as (
    select k.deployment_id, x.change_id, x.governing_change_id, x.effective_approval_at, x.effective_approver
    from cuts k
    inner join carried x on x.deployment_id = k.deployment_id
    where x.effective_approval_at > k.cut_at and x.effective_approval_at <= k.cut_at + interval '15 minutes'
),
after_cut as (
    select deployment_id, person, count(distinct change_id) as approved
    from (
        select deployment_id, change_id, effective_approver as person from late where effective_approver is not null
        union all
        select l.deployment_id, l.change_id, a.decided_by
        from late l
        inner join intermediate.int_joint_approvals a
            on a.change_id = l.governing_change_id and a.decided_at = l.effective_approval_at
        where a.decided_by_type = 'human' and a.decided_by is not null
    )
    group by deployment_id, person
),
bulk as (
    select k.deployment_id, coalesce(max(a.approved) * 2 >= k.changes, false) as is_bulk
    from cuts k
    left join after_cut a on a.deployment_id = k.deployment_id
    group by k.deployment_id, k.changes
)
select
    cast(p.deployment_id as varchar) as deployment_id,
    cast(p.change_id as varchar) as change_id,
    cast(p.team as varchar) as team,
    cast(p.service as varchar) as service,
    cast(p.change_type as varchar) as stratum,
    cast(p.started_at as timestamp) as occurred_at,
    cast(
        case
            when not p.is_standard and p.decider is not null and p.deployer_type = 'human' and p.deployer is not null
                then case when p.decider = p.deployer and not coalesce(j.is_by_another, false) then 1 else 0 end
        end as integer
    ) as owners,
    cast(
        case
            when not p.is_standard and p.is_one_act is not null
                then case when p.is_one_act and not coalesce(j.is_an_act_of_its_own, false) then 1 else 0 end
        end as integer
    ) as act,
    cast(case when not p.is_standard then case when p.is_unrecorded then 1 else 0 end end as integer) as change_record,
    cast(
        case
            when not p.is_standard and p.authorisation_class <> 'not_collectable'
                then case when p.authorisation_class in ('prior', 'within_skew') then 0 else 1 end
        end as integer
    ) as order_,
    cast(case when b.is_bulk then 1 when not b.is_bulk then 0 end as integer) as batch,
    cast(
        case
            when not p.is_standard and p.authorisation_class not in ('not_collectable', 'prior', 'within_skew')
                then coalesce(p.reason, p.authorisation_class)
        end as varchar
    ) as order_reason
from carried p
left join bulk b on b.deployment_id = p.deployment_id
left join joint j on j.deployment_id = p.deployment_id and j.change_id = p.change_id
