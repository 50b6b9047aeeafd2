-- description: Separation of duties of every change that was implemented: what each test of changes found. Read it as rows,
--   one per test, in marts.separation_of_duties.
-- grain: change_id
-- column: change_id | The change tested.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: ended_at | Merge, else close, else when it was implemented, UTC.
-- column: merged_at | Merge, UTC; the two tests of merges apply where it is known.
-- column: is_exempt | Whether it was approved in advance or by a policy.
-- column: policy | What approved it then.
-- column: approval_gap | Why nobody can tell whether it was approved; null where its source would say so.
-- column: is_independent | Whether everybody who contributed has a valid approval by another human.
-- column: open_question | Why it cannot be said whether everybody has: an approval that held is of nobody knows whom or when, or its
--   giver may be a contributor under another spelling; null where it can.
-- column: is_requester_known | Whether whoever asked for it is resolved.
-- column: sod_1_strict | Result: nobody who contributed approved.
-- column: sod_1_strict_reason | What decided that.
-- column: sod_1_effective | Result: every contributor has a valid approval by another human.
-- column: sod_1_effective_reason | What decided that.
-- column: sod_4 | Result: the requester did not approve.
-- column: sod_4_reason | What decided that.
-- column: sod_5 | Result: not merged by the requester without independent approval; null where no merge is known.
-- column: sod_5_reason | What decided that.
-- column: sod_6 | Result: no protection was bypassed; null where no merge is known.
-- column: sod_6_reason | What decided that.
-- column: sod_8 | Result: the approver is entitled to it, its risk included.
-- column: sod_8_reason | What decided that.
-- not_null: change_id, is_exempt, is_independent, is_requester_known
-- not_null: sod_1_strict, sod_1_strict_reason, sod_1_effective, sod_1_effective_reason
-- not_null: sod_4, sod_4_reason, sod_8, sod_8_reason
-- unique: change_id
-- assert: sod_1_strict in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_1_effective in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_4 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_5 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_6 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: sod_8 in ('pass', 'fail', 'exempt', 'indeterminate', 'not_collectable')
-- assert: (merged_at is null) = (sod_5 is null) and (merged_at is null) = (sod_6 is null)
-- assert: (sod_5 is null) = (sod_5_reason is null) and (sod_6 is null) = (sod_6_reason is null)
with alike as (
    -- Who may have contributed under another spelling.
    select distinct k.change_id, o.other_login as person
    from intermediate.int_change_contributors k
    inner join intermediate.int_alike_logins o on o.login = k.person
),
approvals as (
    select change_id, decided_by, is_contributor, is_author,
        is_in_force and decided_by_type = 'human' and decided_by is not null as is_valid,
        is_in_force and decided_by is null and policy is null as is_valid_by_nobody_known, not is_stated as is_unstated
    from intermediate.int_approvals
    union all
    -- Who approved is known also where no record says when.
    select d.change_id, d.decided_by, k.person is not null or coalesce(d.decided_by = c.author, false),
        coalesce(d.decided_by = c.author, false), false, false, d.hides_verdict
    from intermediate.int_decisions d
    inner join intermediate.int_changes c on c.change_id = d.change_id
    left join intermediate.int_change_contributors k on k.change_id = d.change_id and k.person = d.decided_by
    where (d.verdict = 'approved' or d.hides_verdict) and d.decided_at is null
),
approved as (
    select
        a.change_id,
        max(case when a.is_contributor and not a.is_unstated then 1 else 0 end) as by_contributor,
        max(case when a.is_author and not a.is_unstated then 1 else 0 end) as by_author,
        -- Whether they approved is not known either.
        max(case when a.is_contributor and a.is_unstated then 1 else 0 end) as maybe_by_contributor,
        max(case when a.is_author and a.is_unstated then 1 else 0 end) as maybe_by_author,
        max(case when a.decided_by is null then 1 else 0 end) as by_unresolved,
        max(case when l.change_id is not null and not a.is_contributor then 1 else 0 end) as by_alike,
        max(case when l.change_id is not null and not a.is_contributor and a.is_valid then 1 else 0 end) as valid_by_alike,
        max(case when a.is_valid_by_nobody_known then 1 else 0 end) as valid_by_unresolved,
        -- Humans whose approval held for what shipped.
        count(distinct case when a.is_valid then a.decided_by end) as valid_people,
        max(case when a.is_valid and not a.is_contributor and l.change_id is null then 1 else 0 end) as valid_by_another
    from approvals a
    left join alike l on l.change_id = a.change_id and l.person = a.decided_by
    group by a.change_id
),
uncertain as (
    -- Approvals of which no record tells whether they held in time: with them everybody in C may have one by another human.
    select
        u.change_id,
        max(case when u.is_policy or u.decided_by is null or k.person is null then 1 else 0 end) as by_another,
        count(distinct case when not u.is_policy and v.change_id is null then u.decided_by end) as people
    from intermediate.int_untimed_approvals u
    left join intermediate.int_change_contributors k on k.change_id = u.change_id and k.person = u.decided_by
    left join (select distinct change_id, decided_by from approvals where is_valid) v
        on v.change_id = u.change_id and v.decided_by = u.decided_by
    group by u.change_id
),
paired as (
    -- Pairs of them who may be one person; where every two may be, nothing shows that there are two.
    select a.change_id, count(distinct o.login || chr(10) || o.other_login) as pairs
    from intermediate.int_alike_logins o
    inner join intermediate.int_approvals a on a.decided_by = o.login and a.is_in_force and a.decided_by_type = 'human'
    inner join intermediate.int_approvals b
        on b.change_id = a.change_id and b.decided_by = o.other_login and b.is_in_force and b.decided_by_type = 'human'
    where o.login < o.other_login
    group by a.change_id
),
merged as (
    select
        c.change_id, c.source, c.service, c.team, c.change_type, c.risk, c.merged_at, c.closed_at, c.implemented_at, c.requester, c.policy, c.is_self_merged,
        c.effective_approval_at, c.effective_approver, c.approval_gap, q.login is not null as is_merger_alike,
        coalesce(p.valid_people > 0, false) as has_valid_approval,
        coalesce(u.by_another = 1 or u.people + coalesce(p.valid_people, 0) > 1, false) as is_maybe_independent,
        coalesce(p.by_contributor, 0) = 1 as is_by_contributor,
        coalesce(p.by_author, 0) = 1 as is_by_author,
        coalesce(p.maybe_by_contributor, 0) = 1 as is_maybe_by_contributor,
        coalesce(p.maybe_by_author, 0) = 1 as is_maybe_by_author,
        coalesce(p.by_unresolved, 0) = 1 as is_by_unresolved,
        coalesce(c.approval_basis in ('standard', 'policy'), false) as is_exempt,
        -- Everybody in C has a valid approval by another human: two approvers, or one who did not contribute.
        coalesce(p.valid_by_another = 1 or p.valid_people * (p.valid_people - 1) > 2 * coalesce(o.pairs, 0), false)
            as is_independent,
        coalesce(p.valid_by_unresolved = 1, false) as is_held_by_unresolved,
        coalesce(p.by_alike = 1, false) as is_by_alike,
        -- Of one valid approval, or of several whose givers may be one person, and none of somebody else.
        coalesce(p.valid_by_alike = 1 or o.pairs > 0, false) as is_held_by_alike
    from marts.changes c
    left join approved p on p.change_id = c.change_id
    left join uncertain u on u.change_id = c.change_id
    left join intermediate.int_alike_logins q on q.login = c.requester and q.other_login = c.merged_by
    left join paired o on o.change_id = c.change_id
    where c.is_implemented
),
judged as (
    select *,
        case
            when is_independent then null
            when is_held_by_unresolved then 'an approver is unresolved'
            when is_maybe_independent then 'no record states whether an approval held in time'
            when is_held_by_alike then 'an approver may have contributed under another spelling'
        end as open_question,
        -- Only a merger who is not the requester by name may be so by another spelling.
        coalesce(not is_self_merged and is_merger_alike, false) as is_maybe_self_merged
    from merged
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
    -- What the approver was entitled to: whether that held when they approved, half-open, and whether it reaches to the change's
    -- risk; null where the instant or the risk is unknown. Of several who approved at that very instant, any is the approver.
    select
        m.change_id,
        case
            when p.start_at is null and p.end_at is null then true
            else (p.start_at is null or m.effective_approval_at >= p.start_at) and (p.end_at is null or m.effective_approval_at < p.end_at)
        end as is_in_time,
        case when coalesce(p.up_to_risk, 'high') = 'high' then true else m.risk = 'low' or m.risk = p.up_to_risk end as is_in_risk
    from config.person_entitlements p
    inner join intermediate.int_approvals a on a.decided_by = p.person and a.is_authorising and a.decided_by_type = 'human'
    inner join merged m
        on m.change_id = a.change_id and m.effective_approval_at = a.decided_at
        and lower(p.entitled_to) in (lower(m.service), lower(m.team), '*', 'all')
),
entitling as (
    select
        change_id,
        coalesce(bool_or(is_in_time and is_in_risk), false) as is_in_force,
        bool_or((is_in_time and is_in_risk) is null) as is_unknown,
        coalesce(bool_or(is_in_time and is_in_risk is null), false) as is_risk_unknown,
        coalesce(bool_or(is_in_time and not is_in_risk), false) as is_risk_above
    from entitlements
    group by change_id
)
select
    cast(m.change_id as varchar) as change_id,
    cast(m.service as varchar) as service,
    cast(m.team as varchar) as team,
    cast(m.change_type as varchar) as change_type,
    cast(coalesce(m.merged_at, m.closed_at, m.implemented_at) as timestamp) as ended_at,
    cast(m.merged_at as timestamp) as merged_at,
    cast(m.is_exempt as boolean) as is_exempt,
    cast(m.policy as varchar) as policy,
    cast(m.approval_gap as varchar) as approval_gap,
    cast(m.is_independent as boolean) as is_independent,
    cast(m.open_question as varchar) as open_question,
    cast(m.requester is not null as boolean) as is_requester_known,
    cast(
        case
            when m.is_exempt then 'exempt'
            when m.approval_gap is not null then 'not_collectable'
            when m.is_by_contributor then 'fail'
            when m.requester is null or m.is_by_unresolved or m.is_by_alike or m.is_maybe_by_contributor then 'indeterminate'
            else 'pass'
        end as varchar
    ) as sod_1_strict,
    cast(
        case
            when m.is_exempt then coalesce(m.policy, 'policy')
            when m.approval_gap is not null then m.approval_gap
            when m.is_by_contributor then 'somebody who contributed approved'
            when m.requester is null or m.is_by_unresolved then 'an identity is unresolved'
            when m.is_by_alike then 'an approver may have contributed under another spelling'
            when m.is_maybe_by_contributor then 'no record states what a contributor said and took back'
            else 'nobody who contributed approved'
        end as varchar
    ) as sod_1_strict_reason,
    cast(
        case
            when m.is_exempt then 'exempt'
            when m.approval_gap is not null then 'not_collectable'
            when m.requester is null and m.has_valid_approval then 'indeterminate'
            when m.is_independent then 'pass'
            when m.open_question is not null then 'indeterminate'
            else 'fail'
        end as varchar
    ) as sod_1_effective,
    cast(
        case
            when m.is_exempt then coalesce(m.policy, 'policy')
            when m.approval_gap is not null then m.approval_gap
            when m.requester is null and m.has_valid_approval then 'the requester is unresolved'
            when m.is_independent then 'every contributor has a valid approval by another human'
            when m.open_question is not null then m.open_question
            when not m.has_valid_approval then 'no valid approval by a human'
            else 'the only valid approval is by a contributor'
        end as varchar
    ) as sod_1_effective_reason,
    cast(
        case
            when m.is_exempt then 'exempt'
            when m.approval_gap is not null then 'not_collectable'
            when m.is_by_author then 'fail'
            when m.requester is null or m.is_by_unresolved or m.is_maybe_by_author then 'indeterminate'
            else 'pass'
        end as varchar
    ) as sod_4,
    cast(
        case
            when m.is_exempt then coalesce(m.policy, 'policy')
            when m.approval_gap is not null then m.approval_gap
            when m.is_by_author then 'the requester approved'
            when m.requester is null or m.is_by_unresolved then 'an identity is unresolved'
            when m.is_maybe_by_author then 'no record states what the requester said and took back'
            else 'the requester did not approve'
        end as varchar
    ) as sod_4_reason,
    cast(
        case
            when m.merged_at is null then null
            when m.is_exempt then 'exempt'
            when m.approval_gap is not null then 'not_collectable'
            when m.is_self_merged is null then 'indeterminate'
            when m.is_self_merged and m.open_question is not null then 'indeterminate'
            when m.is_self_merged and not m.is_independent then 'fail'
            when m.is_maybe_self_merged and not m.is_independent then 'indeterminate'
            else 'pass'
        end as varchar
    ) as sod_5,
    cast(
        case
            when m.merged_at is null then null
            when m.is_exempt then coalesce(m.policy, 'policy')
            when m.approval_gap is not null then m.approval_gap
            when m.is_self_merged is null then 'who merged is unresolved'
            when m.is_self_merged and m.open_question is not null then m.open_question
            when m.is_self_merged and not m.is_independent then 'merged by the requester without independent approval'
            when m.is_self_merged then 'merged by the requester, with independent approval'
            when m.is_maybe_self_merged and not m.is_independent then 'the requester may have merged under another spelling'
            else 'merged by somebody else'
        end as varchar
    ) as sod_5_reason,
    cast(
        case
            when m.merged_at is null then null
            when b.change_id is not null then 'fail'
            when s.source is null then 'not_collectable'
            else 'pass'
        end as varchar
    ) as sod_6,
    cast(
        case
            when m.merged_at is null then null
            when b.change_id is not null then 'protection was bypassed'
            when s.source is null then 'the source tells nothing of bypasses'
            else 'no bypass recorded'
        end as varchar
    ) as sod_6_reason,
    cast(
        case
            when m.is_exempt then 'exempt'
            when e.rows_configured = 0 then 'not_collectable'
            when m.effective_approver is null then 'indeterminate'
            when p.is_in_force then 'pass'
            when p.is_unknown then 'indeterminate'
            else 'fail'
        end as varchar
    ) as sod_8,
    cast(
        case
            when m.is_exempt then coalesce(m.policy, 'policy')
            when e.rows_configured = 0 then 'nothing is configured about who may approve what'
            when m.effective_approver is null then 'no effective approval by a resolved human'
            when p.is_in_force then 'the approver is entitled to it'
            when p.is_risk_unknown then 'the approver is entitled to it up to a risk, and its risk is unknown'
            when p.is_unknown then 'the approver is entitled to it for a time, and when they approved is unknown'
            when p.is_risk_above then 'its risk is above what the approver is entitled to'
            when p.change_id is not null then 'the approver was not entitled to it at that time'
            else 'the approver is not entitled to it'
        end as varchar
    ) as sod_8_reason
from judged m
cross join entitled e
left join bypasses b on b.change_id = m.change_id
left join bypass_sources s on s.source = m.source
left join entitling p on p.change_id = m.change_id
