-- description: Separation of duties, one row per record and test. An unresolved identity never passes; what a source does not
--   keep is not collectable, which is not a failure of the control.
-- grain: record_id, test
-- column: record_id | The change, or deployment and change joined by '|', or the deployment.
-- column: record_kind | change or deployment.
-- column: test | sod_1_strict, sod_1_effective, sod_2, sod_3, sod_4, sod_5, sod_6, sod_7 or sod_8.
-- column: change_id | The change tested.
-- column: deployment_id | The deployment tested.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: occurred_at | Merge, or start of the deployment, UTC.
-- column: result | pass, fail, exempt, indeterminate or not_collectable.
-- column: reason | What decided, in words.
-- not_null: record_id, record_kind, test, result, reason
-- unique: record_id, test
-- assert: result in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
with contributors as (
    select change_id, count(*) as contributors from intermediate.int_change_contributors group by change_id
),
approvers as (
    -- Humans whose approval held for what shipped.
    select
        a.change_id,
        count(distinct a.decided_by) as valid_approvers,
        count(distinct case when a.is_contributor then a.decided_by end) as contributing_approvers,
        min(case when a.is_contributor then a.decided_by end) as contributing_approver
    from intermediate.int_approvals a
    where a.is_in_force and a.decided_by_type = 'human' and a.decided_by is not null
    group by a.change_id
),
approvals as (
    select
        change_id,
        max(case when is_contributor then 1 else 0 end) as by_contributor,
        max(case when is_author then 1 else 0 end) as by_author,
        max(case when decided_by is null then 1 else 0 end) as by_unresolved
    from (
        select change_id, is_contributor, is_author, decided_by from intermediate.int_approvals
        union all
        -- Who approved is known also where no record says when.
        select d.change_id, k.person is not null or coalesce(d.decided_by = c.author, false),
            coalesce(d.decided_by = c.author, false), d.decided_by
        from intermediate.int_decisions d
        inner join intermediate.int_changes c on c.change_id = d.change_id
        left join intermediate.int_change_contributors k on k.change_id = d.change_id and k.person = d.decided_by
        where d.verdict = 'approved' and d.decided_at is null
    )
    group by change_id
),
merged as (
    select
        c.*,
        coalesce(v.valid_approvers, 0) as valid_approvers,
        coalesce(v.contributing_approvers, 0) as contributing_approvers,
        coalesce(p.by_contributor, 0) = 1 as is_by_contributor,
        coalesce(p.by_author, 0) = 1 as is_by_author,
        coalesce(p.by_unresolved, 0) = 1 as is_by_unresolved,
        coalesce(k.contributors, 0) as contributors,
        c.approval_basis in ('standard', 'policy') as is_exempt,
        -- Everybody in C has a valid approval by another human: two approvers, or one who did not contribute.
        coalesce(v.valid_approvers, 0) >= 2
            or (coalesce(v.valid_approvers, 0) = 1 and coalesce(v.contributing_approvers, 0) = 0) as is_independent
    from marts.changes c
    left join approvers v on v.change_id = c.change_id
    left join approvals p on p.change_id = c.change_id
    left join contributors k on k.change_id = c.change_id
    where c.state in ('merged', 'closed') and coalesce(c.outcome, '') <> 'cancelled'
        and (c.merged_at is not null or c.effective_approval_at is not null or c.first_deployed_at is not null)
),
shipped as (
    select x.deployment_id, d.deployer, d.deployer_type, d.started_at, m.*,
        k.person is not null as is_deployed_by_contributor,
        a.decided_by is not null as is_deployed_by_approver,
        u.change_id is not null as has_unresolved_approval
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    inner join merged m on m.change_id = x.change_id
    left join intermediate.int_change_contributors k on k.change_id = x.change_id and k.person = d.deployer
    left join (
        select distinct change_id, decided_by from intermediate.int_approvals
        where is_authorising and decided_by_type = 'human'
    ) a on a.change_id = x.governing_change_id and a.decided_by = d.deployer
    left join (
        select distinct change_id from intermediate.int_approvals where is_in_force and decided_by is null
    ) u on u.change_id = x.governing_change_id
    where not d.is_rerelease
),
bypasses as (
    select source || ':' || subject_key as change_id from intermediate.all_events
    where verb in ('bypassed', 'rule_bypassed') and subject_kind = 'change'
    union
    -- A push that went past a protection names the revision it brought; the change it merged is the one meant.
    select c.change_id
    from intermediate.all_events e
    inner join intermediate.int_changes c
        on c.source = e.source and c.merge_revision = coalesce(e.revision, nullif(split_part(e.subject_key, '@', 2), ''))
    where e.verb in ('bypassed', 'rule_bypassed') and e.subject_kind = 'revision'
),
bypass_sources as (
    select distinct source from intermediate.all_events where verb in ('bypassed', 'rule_bypassed', 'rule_checked')
),
entitled as (
    select count(*) as rows_configured from config.person_entitlements
),
entitlements as (
    -- What the approver was entitled to, and whether that held when they approved: half-open, null when the instant is unknown.
    select
        m.change_id, p.person,
        case
            when p.start_at is null and p.end_at is null then true
            else (p.start_at is null or m.effective_approval_at >= p.start_at) and (p.end_at is null or m.effective_approval_at < p.end_at)
        end as is_in_force
    from merged m
    inner join config.person_entitlements p
        on p.person = m.effective_approver and lower(p.entitled_to) in (lower(m.service), lower(m.team), '*', 'all')
),
tests as (
    select change_id as record_id, 'change' as record_kind, 'sod_1_strict' as test, change_id,
        cast(null as varchar) as deployment_id, service, team, change_type, coalesce(merged_at, closed_at) as occurred_at,
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when is_by_contributor then 'fail'
            when requester is null or is_by_unresolved then 'indeterminate'
            else 'pass'
        end as result,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when is_by_contributor then 'somebody who contributed approved'
            when requester is null or is_by_unresolved then 'an identity is unresolved'
            else 'nobody who contributed approved'
        end as reason
    from merged
    union all
    select change_id, 'change', 'sod_1_effective', change_id, null, service, team, change_type, coalesce(merged_at, closed_at),
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when requester is null and valid_approvers > 0 then 'indeterminate'
            when is_independent then 'pass'
            when is_by_unresolved or has_untimed_approval then 'indeterminate'
            else 'fail'
        end,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when requester is null and valid_approvers > 0 then 'the requester is unresolved'
            when is_independent then 'every contributor has a valid approval by another human'
            when is_by_unresolved then 'an approver is unresolved'
            when has_untimed_approval then 'no record states when it was approved'
            when valid_approvers = 0 then 'no valid approval by a human'
            else 'the only valid approval is by a contributor'
        end
    from merged
    union all
    select deployment_id || '|' || change_id, 'deployment', 'sod_2', change_id, deployment_id, service, team, change_type,
        started_at,
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when deployer_type = 'system' then 'pass'
            when deployer is null then 'indeterminate'
            when is_deployed_by_approver then 'fail'
            when has_unresolved_approval then 'indeterminate'
            else 'pass'
        end,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when deployer_type = 'system' then 'deployed by automation that nobody is known to have triggered'
            when deployer is null then 'the deployer is unresolved'
            when is_deployed_by_approver then 'the approver deployed'
            when has_unresolved_approval then 'an approver is unresolved'
            else 'the deployer did not approve'
        end
    from shipped
    union all
    select deployment_id || '|' || change_id, 'deployment', 'sod_3', change_id, deployment_id, service, team, change_type,
        started_at,
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when deployer_type = 'system' then 'pass'
            when deployer is null then 'indeterminate'
            when is_deployed_by_contributor and not is_independent and has_untimed_approval then 'indeterminate'
            when is_deployed_by_contributor and not is_independent then 'fail'
            -- Whoever asked for it and is not known may be the deployer.
            when requester is null and not is_independent then 'indeterminate'
            else 'pass'
        end,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when deployer_type = 'system' then 'deployed by automation that nobody is known to have triggered'
            when deployer is null then 'the deployer is unresolved'
            when is_deployed_by_contributor and not is_independent and has_untimed_approval
                then 'no record states when it was approved'
            when is_deployed_by_contributor and not is_independent then 'a contributor deployed without independent approval'
            when requester is null and not is_independent then 'the requester is unresolved'
            when is_deployed_by_contributor then 'a contributor deployed, with independent approval'
            else 'the deployer did not contribute'
        end
    from shipped
    union all
    select change_id, 'change', 'sod_4', change_id, null, service, team, change_type, coalesce(merged_at, closed_at),
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when is_by_author then 'fail'
            when requester is null or is_by_unresolved then 'indeterminate'
            else 'pass'
        end,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when is_by_author then 'the requester approved'
            when requester is null or is_by_unresolved then 'an identity is unresolved'
            else 'the requester did not approve'
        end
    from merged
    union all
    select change_id, 'change', 'sod_5', change_id, null, service, team, change_type, merged_at,
        case
            when is_exempt then 'exempt'
            when not is_approval_collectable then 'not_collectable'
            when is_self_merged is null then 'indeterminate'
            when is_self_merged and not is_independent and has_untimed_approval then 'indeterminate'
            when is_self_merged and not is_independent then 'fail'
            else 'pass'
        end,
        case
            when is_exempt then coalesce(policy, 'policy')
            when not is_approval_collectable then 'the source keeps no approvals'
            when is_self_merged is null then 'who merged is unresolved'
            when is_self_merged and not is_independent and has_untimed_approval
                then 'no record states when it was approved'
            when is_self_merged and not is_independent then 'merged by the requester without independent approval'
            when is_self_merged then 'merged by the requester, with independent approval'
            else 'merged by somebody else'
        end
    from merged
    where merged_at is not null
    union all
    select m.change_id, 'change', 'sod_6', m.change_id, null, m.service, m.team, m.change_type, m.merged_at,
        case when b.change_id is not null then 'fail' when s.source is null then 'not_collectable' else 'pass' end,
        case
            when b.change_id is not null then 'protection was bypassed'
            when s.source is null then 'the source tells nothing of bypasses'
            else 'no bypass recorded'
        end
    from merged m
    left join bypasses b on b.change_id = m.change_id
    left join bypass_sources s on s.source = m.source
    where m.merged_at is not null
    union all
    select deployment_id, 'deployment', 'sod_7', null, deployment_id, service, team, null, started_at,
        case
            when is_rerelease then 'exempt'
            when authorisation_class = 'no_record' then 'fail'
            when changes_carried > 0 then 'pass'
            else 'not_collectable'
        end,
        case
            when is_rerelease then 're-release of an artifact that ran before'
            when authorisation_class = 'no_record' then 'no merged change or change request is known for what was deployed'
            when changes_carried > 0 then 'its changes are known'
            else 'no change records to compare with'
        end
    from marts.deployments
    where is_production and outcome <> 'cancelled' and started_at is not null
    union all
    select m.change_id, 'change', 'sod_8', m.change_id, null, m.service, m.team, m.change_type,
        coalesce(m.merged_at, m.closed_at),
        case
            when m.is_exempt then 'exempt'
            when e.rows_configured = 0 then 'not_collectable'
            when m.effective_approver is null then 'indeterminate'
            when coalesce(bool_or(p.is_in_force), false) then 'pass'
            when bool_or(p.is_in_force is null) and count(p.person) > 0 then 'indeterminate'
            else 'fail'
        end,
        case
            when m.is_exempt then coalesce(m.policy, 'policy')
            when e.rows_configured = 0 then 'nothing is configured about who may approve what'
            when m.effective_approver is null then 'no effective approval by a resolved human'
            when coalesce(bool_or(p.is_in_force), false) then 'the approver is entitled to it'
            when bool_or(p.is_in_force is null) and count(p.person) > 0
                then 'the approver is entitled to it for a time, and when they approved is unknown'
            when count(p.person) > 0 then 'the approver was not entitled to it at that time'
            else 'the approver is not entitled to it'
        end
    from merged m
    cross join entitled e
    left join entitlements p on p.change_id = m.change_id
    group by m.change_id, m.service, m.team, m.change_type, m.merged_at, m.closed_at, m.is_exempt, m.policy,
        m.effective_approver, e.rows_configured
)
select
    cast(record_id as varchar) as record_id,
    cast(record_kind as varchar) as record_kind,
    cast(test as varchar) as test,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(occurred_at as timestamp) as occurred_at,
    cast(result as varchar) as result,
    cast(reason as varchar) as reason
from tests
