-- description: What was decided about each change, when and by whom, reduced to one row.
-- grain: change_id
-- column: change_id | The change.
-- column: first_response_at | First decision (not a comment) by a human other than the requester, UTC.
-- column: first_changes_requested_at | First time changes were asked for or it was declined, UTC.
-- column: first_approval_at | First approval by anybody, UTC.
-- column: first_independent_approval_at | First approval by a human other than the requester, any revision, UTC.
-- column: self_approved_at | First approval by the requester, UTC.
-- column: effective_approval_at | When the last required approval of the shipped revision, or a policy's, was in force, UTC.
-- column: effective_decision_id | That decision.
-- column: effective_approver | Person who gave it; null for a policy.
-- column: approval_basis | human or policy.
-- column: policy | Named policy, when a policy approved.
-- column: approvals | Approvals of any kind.
-- column: declines | Rejections and requests for changes.
-- column: has_other_revision_approval | Whether an independent approval exists, but none of what shipped.
-- column: has_withdrawn_approval | Whether an independent approval of what shipped was given and no longer held when it went:
--   dismissed, or followed by another decision of the same person.
-- column: is_short_of_approvals | Whether fewer people approved what shipped than are required.
-- column: unresolved_approval_at | When somebody who is not known approved what shipped, or who may have approved it before under
--   another spelling, where that may have been what was required, UTC.
-- column: has_untimed_approval | Whether somebody other than the requester, or a named policy, approved or may have approved what
--   shipped, no record tells whether that held in time, and nothing else approved it.
-- not_null: change_id, approvals, declines, has_other_revision_approval, has_withdrawn_approval, is_short_of_approvals,
--   has_untimed_approval
-- unique: change_id
-- assert: approval_basis in ('human', 'policy')
with decided as (
    select
        d.change_id,
        min(d.decided_at) filter (
            -- What was dismissed later was an approval or asked for changes; a comment cannot be dismissed.
            where d.verdict in ('approved', 'rejected', 'changes_requested', 'dismissed')
                -- Who may be the requester under another spelling is nobody else.
                and d.decided_by_type = 'human' and d.decided_by is not null and coalesce(d.decided_by <> d.change_author, true)
        ) as first_response_at,
        min(d.decided_at) filter (where d.verdict in ('rejected', 'changes_requested')) as first_changes_requested_at,
        min(d.decided_at) filter (where d.verdict = 'approved') as first_approval_at,
        min(d.decided_at) filter (
            where d.verdict = 'approved' and d.decided_by_type = 'human' and d.decided_by <> coalesce(d.change_author, '')
        ) as first_independent_approval_at,
        min(d.decided_at) filter (where d.verdict = 'approved' and d.decided_by = d.change_author) as self_approved_at,
        count(*) filter (where d.verdict = 'approved') as approvals,
        count(*) filter (where d.verdict in ('rejected', 'changes_requested')) as declines
    from intermediate.int_decisions d
    where d.is_of_change
    group by d.change_id
),
-- How many approvals a change needs, where its service says so.
required as (
    select c.change_id, s.required_approvals
    from intermediate.int_changes c
    inner join config.services s on s.service = c.service
    where s.required_approvals is not null
),
authorising as (
    select
        a.change_id, a.decision_id, a.decided_at, a.decided_by, a.decided_by_type, a.policy,
        coalesce(r.required_approvals, cast(t.required_approvals as bigint)) as required
    from intermediate.int_approvals a
    left join required r on r.change_id = a.change_id
    cross join config.thresholds t
    where a.is_authorising
),
-- Where more than one is required, who approves twice counts once.
once as (
    select *
    from authorising
    where required <> 1
    qualify row_number() over (
        partition by change_id, decided_by_type, decided_by order by decided_at, decision_id
    ) = 1
),
-- Who may be somebody that approved before, under another spelling, is not known to be a further one.
doubtful as (
    select distinct l.decision_id
    from once e
    inner join intermediate.int_alike_logins o on o.login = e.decided_by
    inner join once l
        on l.change_id = e.change_id and l.decided_by = o.other_login
        and (l.decided_at > e.decided_at or (l.decided_at = e.decided_at and l.decision_id > e.decision_id))
),
counted as (
    select
        o.*,
        f.decision_id is not null as is_doubtful,
        sum(case when f.decision_id is null then 1 else 0 end) over (
            partition by o.change_id, o.decided_by_type order by o.decided_at, o.decision_id
            rows between unbounded preceding and current row
        ) as nth
    from once o
    left join doubtful f on f.decision_id = o.decision_id
),
-- The last of the required people; a named policy says itself what it requires. Where one is enough, that is the first of all.
enough as (
    select change_id, decision_id, decided_at, decided_by, decided_by_type, policy from authorising where required = 1
    union all
    select change_id, decision_id, decided_at, decided_by, decided_by_type, policy
    from counted
    where coalesce(decided_by_type, 'bot') <> 'human' or (nth = required and not is_doubtful)
),
effective as (
    select change_id, decision_id, decided_at, decided_by, decided_by_type, policy
    from enough
    -- At one instant a person's approval goes before a policy's.
    qualify row_number() over (
        partition by change_id order by decided_at, case when decided_by_type = 'human' then 0 else 1 end, decision_id
    ) = 1
),
given as (
    -- Where one is enough, it only matters that there is any.
    select change_id, 1 as people from authorising where required = 1 and decided_by_type = 'human' group by change_id
    union all
    select change_id, count(*) from counted where decided_by_type = 'human' group by change_id
),
-- What somebody else approved and what did not hold when the change went: of another revision, or taken back.
fallen as (
    select change_id, max(case when covers_shipped then 1 else 0 end) = 1 as is_withdrawn
    from intermediate.int_approvals
    where not is_in_force and not is_doubtful and is_stated and not is_author and decided_by_type = 'human' and decided_by is not null
    group by change_id
),
-- Whoever may count towards what is required, where that is not there: known people once, also those who may be one of them,
-- those whom nobody knows each (it may be the requester), and those of whom no record says when. Where one is enough, a known
-- one leaves nothing to ask.
possible as (
    select change_id, decided_by as who, decided_at, case when is_doubtful then 'doubtful' else 'known' end as kind
    from counted where decided_by_type = 'human'
    union all
    select change_id, decision_id, decided_at, 'unknown'
    from intermediate.int_approvals
    where is_in_force and decided_by is null and coalesce(decided_by_type, 'human') = 'human' and policy is null
    union all
    select distinct u.change_id, coalesce(u.decided_by, u.decision_id), cast(null as timestamp), 'untimed'
    from intermediate.int_untimed_approvals u
    left join counted k on k.change_id = u.change_id and k.decided_by = u.decided_by and k.decided_by_type = 'human'
    where not u.is_policy and k.change_id is null
),
wanting as (
    select
        p.change_id, p.kind, p.decided_at,
        coalesce(r.required_approvals, cast(t.required_approvals as bigint)) as required,
        row_number() over (partition by p.change_id order by p.decided_at nulls last, p.who) as nth
    from possible p
    left join required r on r.change_id = p.change_id
    cross join config.thresholds t
),
unresolved as (
    select change_id, min(case when nth = required then decided_at end) as decided_at
    from wanting
    where kind <> 'untimed'
    group by change_id
    having count(*) >= min(required) and sum(case when kind <> 'known' then 1 else 0 end) > 0
),
instantless as (
    select change_id from wanting group by change_id
    having count(*) >= min(required) and sum(case when kind = 'untimed' then 1 else 0 end) > 0
    union
    -- A named policy says itself what it requires.
    select change_id from intermediate.int_untimed_approvals where is_policy
)
select
    cast(d.change_id as varchar) as change_id,
    cast(d.first_response_at as timestamp) as first_response_at,
    cast(d.first_changes_requested_at as timestamp) as first_changes_requested_at,
    cast(d.first_approval_at as timestamp) as first_approval_at,
    cast(d.first_independent_approval_at as timestamp) as first_independent_approval_at,
    cast(d.self_approved_at as timestamp) as self_approved_at,
    cast(e.decided_at as timestamp) as effective_approval_at,
    cast(e.decision_id as varchar) as effective_decision_id,
    cast(case when e.decided_by_type = 'human' then e.decided_by end as varchar) as effective_approver,
    cast(case when e.decision_id is null then null when e.decided_by_type = 'human' then 'human' else 'policy' end as varchar)
        as approval_basis,
    cast(e.policy as varchar) as policy,
    cast(d.approvals as bigint) as approvals,
    cast(d.declines as bigint) as declines,
    cast(e.decision_id is null and g.people is null and coalesce(not f.is_withdrawn, false) as boolean)
        as has_other_revision_approval,
    cast(e.decision_id is null and g.people is null and coalesce(f.is_withdrawn, false) as boolean) as has_withdrawn_approval,
    cast(e.decision_id is null and g.people is not null and u.change_id is null as boolean) as is_short_of_approvals,
    cast(case when e.decision_id is null then u.decided_at end as timestamp) as unresolved_approval_at,
    cast(e.decision_id is null and n.change_id is not null as boolean) as has_untimed_approval
from decided d
left join effective e on e.change_id = d.change_id
left join given g on g.change_id = d.change_id
left join fallen f on f.change_id = d.change_id
left join unresolved u on u.change_id = d.change_id
left join instantless n on n.change_id = d.change_id
