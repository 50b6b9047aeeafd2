-- description: Separation of duties of every change that a deployment brought for the first time: what each test of who deployed
--   found. Read it as rows, one per test, in marts.separation_of_duties.
-- grain: deployment_id, change_id
-- column: deployment_id | The deployment tested.
-- column: change_id | The change it carried.
-- column: service | Service of the change.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: started_at | Start of the deployment, UTC.
-- column: sod_2 | Result: the approver did not deploy.
-- column: sod_2_reason | What decided that.
-- column: sod_3 | Result: no contributor deployed without independent approval.
-- column: sod_3_reason | What decided that.
-- not_null: deployment_id, change_id, sod_2, sod_2_reason, sod_3, sod_3_reason
-- unique: deployment_id, change_id
-- assert: sod_2 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_3 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
with carried as (
    select x.deployment_id, x.change_id, x.governing_change_id, x.authorised_by, d.deployer, d.deployer_type, d.started_at
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    where not d.is_rerelease
),
gates as (
    select distinct deployment_id, decided_by from intermediate.int_gate_approvals
    where decided_by_type = 'human' and decided_by is not null
),
let_go as (
    -- Where nothing but the gate of the pipeline authorised it, who let it go is its approver. With two who did, another did,
    -- unless they may be one person: 0 for the deployer alone, 1 where others may be the deployer, 2 with another.
    select x.deployment_id, x.change_id,
        max(case when g.decided_by = x.deployer then 0 when o.login is not null then 1 else 2 end) as standing
    from carried x
    inner join gates g on g.deployment_id = x.deployment_id
    left join intermediate.int_alike_logins o on o.login = x.deployer and o.other_login = g.decided_by
    where x.authorised_by = 'gate'
    group by x.deployment_id, x.change_id
),
approvers as (
    select change_id, decided_by, true as is_certain from intermediate.int_approvals
    where (is_authorising and decided_by_type = 'human') or (is_in_force and decided_by is null)
    union
    -- Who approved is known also where no record says when.
    select change_id, decided_by, is_certain from intermediate.int_untimed_approvals where not is_policy
),
-- Few: so they are found first, and not looked up among all approvals for each change that was deployed.
by_approvers as (
    select x.deployment_id, x.change_id
    from carried x
    inner join approvers a on a.change_id = x.governing_change_id and a.decided_by = x.deployer and a.is_certain
    union
    select deployment_id, change_id from let_go where standing = 0
),
by_contributors as (
    select x.deployment_id, x.change_id
    from carried x
    inner join intermediate.int_change_contributors k on k.change_id = x.change_id and k.person = x.deployer
),
alike_approvers as (
    -- Under another spelling the deployer may have approved.
    select x.deployment_id, x.change_id
    from carried x
    inner join intermediate.int_alike_logins o on o.login = x.deployer
    inner join approvers a on a.change_id = x.governing_change_id and a.decided_by = o.other_login
    union
    select deployment_id, change_id from let_go where standing = 1
),
alike_contributors as (
    select distinct x.deployment_id, x.change_id
    from carried x
    inner join intermediate.int_alike_logins o on o.login = x.deployer
    inner join intermediate.int_change_contributors k on k.change_id = x.change_id and k.person = o.other_login
),
doubtful_approvers as (
    -- Of their own approval no record tells whether it held.
    select distinct x.deployment_id, x.change_id
    from carried x
    inner join approvers a on a.change_id = x.governing_change_id and a.decided_by = x.deployer and not a.is_certain
),
unresolved as (
    select distinct change_id from approvers where decided_by is null
),
shipped as (
    select x.deployment_id, x.change_id, x.deployer, x.deployer_type, x.started_at,
        m.service, m.team, m.change_type, m.is_exempt, m.policy, m.approval_gap, m.is_independent,
        m.open_question, m.is_requester_known,
        k.change_id is not null as is_deployed_by_contributor,
        a.change_id is not null as is_deployed_by_approver,
        u.change_id is not null as has_unresolved_approval,
        y.change_id is not null as is_maybe_deployed_by_approver,
        z.change_id is not null as is_maybe_deployed_by_contributor,
        v.change_id is not null as is_deployed_by_doubtful_approver
    from carried x
    inner join marts.change_separation m on m.change_id = x.change_id
    left join by_contributors k on k.deployment_id = x.deployment_id and k.change_id = x.change_id
    left join by_approvers a on a.deployment_id = x.deployment_id and a.change_id = x.change_id
    left join alike_approvers y on y.deployment_id = x.deployment_id and y.change_id = x.change_id
    left join alike_contributors z on z.deployment_id = x.deployment_id and z.change_id = x.change_id
    left join doubtful_approvers v on v.deployment_id = x.deployment_id and v.change_id = x.change_id
    left join unresolved u on u.change_id = x.governing_change_id
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(change_id as varchar) as change_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(started_at as timestamp) as started_at,
    cast(
        case
            when is_exempt then 'exempt'
            when approval_gap is not null then 'not_collectable'
            when deployer_type = 'system' then 'pass'
            when deployer is null then 'indeterminate'
            when is_deployed_by_approver then 'fail'
            when has_unresolved_approval or is_maybe_deployed_by_approver or is_deployed_by_doubtful_approver then 'indeterminate'
            else 'pass'
        end as varchar
    ) as sod_2,
    cast(
        case
            when is_exempt then coalesce(policy, 'policy')
            when approval_gap is not null then approval_gap
            when deployer_type = 'system' then 'deployed by automation that nobody is known to have triggered'
            when deployer is null then 'the deployer is unresolved'
            when is_deployed_by_approver then 'the approver deployed'
            when has_unresolved_approval then 'an approver is unresolved'
            when is_maybe_deployed_by_approver then 'the deployer may have approved under another spelling'
            when is_deployed_by_doubtful_approver then 'no record states whether the deployer''s approval held in time'
            else 'the deployer did not approve'
        end as varchar
    ) as sod_2_reason,
    cast(
        case
            when is_exempt then 'exempt'
            when approval_gap is not null then 'not_collectable'
            when deployer_type = 'system' then 'pass'
            when deployer is null then 'indeterminate'
            when is_deployed_by_contributor and open_question is not null then 'indeterminate'
            when is_deployed_by_contributor and not is_independent then 'fail'
            -- Whoever asked for it and is not known may be the deployer.
            when not is_requester_known and not is_independent then 'indeterminate'
            when is_maybe_deployed_by_contributor and not is_independent then 'indeterminate'
            else 'pass'
        end as varchar
    ) as sod_3,
    cast(
        case
            when is_exempt then coalesce(policy, 'policy')
            when approval_gap is not null then approval_gap
            when deployer_type = 'system' then 'deployed by automation that nobody is known to have triggered'
            when deployer is null then 'the deployer is unresolved'
            when is_deployed_by_contributor and open_question is not null then open_question
            when is_deployed_by_contributor and not is_independent then 'a contributor deployed without independent approval'
            when not is_requester_known and not is_independent then 'the requester is unresolved'
            when is_maybe_deployed_by_contributor and not is_independent
                then 'the deployer may have contributed under another spelling'
            when is_deployed_by_contributor then 'a contributor deployed, with independent approval'
            else 'the deployer did not contribute'
        end as varchar
    ) as sod_3_reason
from shipped
