-- description: Every approval of a change, and what was taken back and may have been one: whether it is independent, covers the
--   revision that shipped, and how long it held.
-- grain: decision_id
-- column: decision_id | The decision.
-- column: change_id | The change.
-- column: decided_at | When it was given, UTC.
-- column: decided_by | Person; null while unresolved.
-- column: decided_by_type | human or bot.
-- column: policy | Named policy, for automated approvals.
-- column: policy_version | Its version.
-- column: is_author | Whether the requester gave it.
-- column: is_contributor | Whether somebody who contributed gave it.
-- column: covers_shipped | Whether it was about the revision that shipped (or is proposed now).
-- column: covers_basis | revision when the review names it, timestamp when only pushes tell.
-- column: valid_until | When it stopped holding: dismissed, another decision by the same reviewer, or an unreviewed push. Null also
--   where it was taken back at an instant that no record states, from a change that has gone.
-- column: is_in_force | Whether it held for the shipped revision when the change went: at the merge; without one at the start of
--   its first production deployment, else at its closing, else at the build. An approval given later holds from its own instant.
-- column: is_authorising | In force, and given by a human other than the requester or by a named policy.
-- column: is_stated | Whether a record states that it was an approval.
-- column: is_doubtful | Whether it may have been in force and no record tells: the same person decided against it at that very
--   instant, it was taken back and nothing says when, or nothing says that what was taken back was an approval. It is not in force.
-- not_null: decision_id, change_id, is_author, is_contributor, covers_shipped, is_in_force, is_authorising, is_stated, is_doubtful
-- unique: decision_id
-- assert: covers_basis in ('revision', 'timestamp')
with decisions as (
    -- A placeholder's login is nobody's: two who are not known are not shown to be one. Any other login is one person's.
    select d.decision_id, d.change_id, d.decided_at, d.verdict,
        coalesce(d.decided_by, case when u.login is null then d.decided_by_login end, d.decision_id) as decider
    from intermediate.int_decisions d
    left join seeds.unresolved_names u on u.login = d.decided_by_login
    where d.change_id is not null and d.decided_at is not null
        and (d.verdict in ('approved', 'rejected', 'changes_requested', 'withdrawn') or d.hides_verdict)
),
deployed as (
    -- Asked only of changes that no merge dates.
    select l.change_id, min(d.started_at) as first_started_at
    from intermediate.int_deployment_changes l
    inner join intermediate.int_deployments d on d.deployment_id = l.deployment_id
    where d.is_production and l.change_id in (select change_id from intermediate.int_changes where merged_at is null)
    group by l.change_id
),
opposed as (
    -- Not only the very next decision: whoever approved twice and then declined has declined.
    select
        a.decision_id,
        min(case when o.decided_at > a.decided_at then o.decided_at end) as opposed_at,
        min(o.decided_at) = min(a.decided_at) as is_contradicted
    from decisions a
    inner join decisions o on o.change_id = a.change_id and o.decider = a.decider and o.decided_at >= a.decided_at
    where a.verdict in ('approved', 'dismissed') and o.verdict in ('rejected', 'changes_requested', 'withdrawn')
    group by a.decision_id
),
approvals as (
    select
        d.decision_id, d.change_id, d.decided_at, d.decided_by, d.decided_by_type, d.policy, d.policy_version,
        d.is_dismissed, d.dismissed_at, d.hides_verdict, d.change_author as author, d.names_shipped, o.opposed_at,
        coalesce(o.is_contradicted, false) as is_opposed_at_once,
        coalesce(d.change_merged_at, p.first_started_at, d.change_closed_at) as gone_at,
        coalesce(d.change_merged_at, p.first_started_at, d.change_closed_at, b.as_of) as went_at
    from intermediate.int_decisions d
    left join deployed p on p.change_id = d.change_id
    left join opposed o on o.decision_id = d.decision_id
    cross join config.build b
    where d.is_of_change and d.decided_at is not null and (d.verdict = 'approved' or d.hides_verdict)
),
pushes as (
    select source || ':' || subject_key as change_id, occurred_at as pushed_at, cast(null as varchar) as revision
    from intermediate.all_events where verb in ('pushed', 'force_pushed')
    union all
    select source || ':' || change_key, committed_at, revision from intermediate.all_commits
    where change_key is not null and committed_at is not null
),
next_push as (
    -- Whatever names the revision that shipped covers it, whenever that was pushed.
    select a.decision_id, min(p.pushed_at) as pushed_at
    from approvals a
    inner join pushes p on p.change_id = a.change_id and p.pushed_at > a.decided_at
    inner join intermediate.int_changes c on c.change_id = a.change_id
    where not coalesce(a.names_shipped, false)
        -- What it became on the base branch by being merged is no push, unless it is the change's own last revision.
        and not (coalesce(p.revision = c.merge_revision, false) and coalesce(c.merge_revision <> c.head_revision, true))
    group by a.decision_id
),
judged as (
    select a.*, p.pushed_at
    from approvals a
    left join next_push p on p.decision_id = a.decision_id
),
timed as (
    select
        *,
        -- Half-open, as everything: what was pushed at the very instant at which it went has gone with it.
        coalesce(names_shipped, pushed_at is null or pushed_at > went_at) as covers_shipped,
        least(
            -- What has not gone yet goes without it, whenever it was taken back.
            case when is_dismissed then coalesce(dismissed_at, case when gone_at is null then decided_at end) end,
            opposed_at,
            case when not coalesce(names_shipped, false) then pushed_at end
        ) as valid_until
    from judged
),
forced as (
    select
        t.*,
        t.covers_shipped and (t.valid_until is null or t.valid_until > greatest(t.decided_at, t.went_at))
            as is_held,
        t.is_opposed_at_once or t.hides_verdict or (t.is_dismissed and t.dismissed_at is null) as is_untold
    from timed t
)
select
    cast(f.decision_id as varchar) as decision_id,
    cast(f.change_id as varchar) as change_id,
    cast(f.decided_at as timestamp) as decided_at,
    cast(f.decided_by as varchar) as decided_by,
    cast(f.decided_by_type as varchar) as decided_by_type,
    cast(f.policy as varchar) as policy,
    cast(f.policy_version as varchar) as policy_version,
    cast(coalesce(f.decided_by = f.author, false) as boolean) as is_author,
    cast(k.person is not null or coalesce(f.decided_by = f.author, false) as boolean) as is_contributor,
    cast(f.covers_shipped as boolean) as covers_shipped,
    cast(case when f.names_shipped is null then 'timestamp' else 'revision' end as varchar) as covers_basis,
    cast(f.valid_until as timestamp) as valid_until,
    cast(f.is_held and not f.is_untold as boolean) as is_in_force,
    cast(
        f.is_held and not f.is_untold and (
            (f.decided_by_type = 'human' and f.decided_by is not null and coalesce(f.decided_by <> f.author, true))
            or (coalesce(f.decided_by_type, 'bot') = 'bot' and f.policy is not null)
        ) as boolean
    ) as is_authorising,
    cast(not f.hides_verdict as boolean) as is_stated,
    cast(f.is_held and f.is_untold as boolean) as is_doubtful
from forced f
left join intermediate.int_change_contributors k on k.change_id = f.change_id and k.person = f.decided_by
