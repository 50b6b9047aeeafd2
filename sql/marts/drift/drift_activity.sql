-- description: Changes and decisions per source, team and week: what tells a source that fell silent from a team that stopped asking.
-- grain: source, team, week
-- order_by: source, team, week
-- column: source | The source of the changes.
-- column: team | The team.
-- column: week | Monday of the week, UTC.
-- column: changes | Changes merged or closed in the week whose approvals this source can tell.
-- column: decisions | Decisions of the week that decide: approved, rejected or changes requested; one given in the pipeline counts
--   once for each change it let go.
-- not_null: source, team, week, changes, decisions
-- unique: source, team, week
-- assert: changes >= 0 and decisions >= 0
with gates as (
    -- Approvals that move from the change into the pipeline are a matter of separation, not of a silent source.
    select distinct deployment_id, decided_at from intermediate.int_gate_approvals
    where decided_at is not null
),
acts as (
    select source, team, date_trunc('week', coalesce(merged_at, closed_at)) as week, 1 as change, 0 as decision
    from marts.changes
    where team is not null and coalesce(merged_at, closed_at) is not null and is_approval_collectable
    union all
    -- A change is of the source whose decision names it.
    select source, change_team, date_trunc('week', decided_at), 0, 1
    from intermediate.int_decisions
    where is_of_change and change_team is not null and decided_at is not null
        and verdict in ('approved', 'rejected', 'changes_requested')
    union all
    select c.source, c.team, date_trunc('week', g.decided_at), 0, 1
    from gates g
    inner join marts.deployment_changes x on x.deployment_id = g.deployment_id
    inner join marts.changes c on c.change_id = x.change_id
    where c.team is not null and c.is_approval_collectable
)
select
    cast(source as varchar) as source,
    cast(team as varchar) as team,
    cast(week as timestamp) as week,
    cast(sum(change) as bigint) as changes,
    cast(sum(decision) as bigint) as decisions
from acts
group by source, team, week
