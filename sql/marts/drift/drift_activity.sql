-- description: Whether a team's week can be used: a source whose decisions fall silent is a data gap, never missing approvals.
-- grain: team, week
-- order_by: team, week
-- column: team | The team.
-- column: week | Monday of the week, UTC.
-- column: source | The source that most of the team's changes of the week came from.
-- column: changes | Changes of that source merged or closed in the week, all teams.
-- column: decisions | Decisions of that source that decide, in the week, all teams.
-- column: baseline_ratio | Decisions per change over the source's first 26 weeks with changes.
-- column: is_gated | Whether the week is censored.
-- column: reason | Why; null when it is not.
-- not_null: team, week, source, changes, decisions, is_gated
-- unique: team, week
with changed as (
    select source, date_trunc('week', coalesce(merged_at, closed_at)) as week, count(*) as changes, count(distinct team) as teams
    from marts.changes
    where team is not null and coalesce(merged_at, closed_at) is not null and is_approval_collectable
    group by 1, 2
),
decided as (
    select c.source, date_trunc('week', d.decided_at) as week, count(*) as decisions
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    where c.team is not null and d.decided_at is not null and d.verdict in ('approved', 'rejected', 'changes_requested')
    group by 1, 2
),
weeks as (
    select c.source, c.week, c.changes, c.teams, coalesce(d.decisions, 0) as decisions,
        row_number() over (partition by c.source order by c.week) as place
    from changed c
    left join decided d on d.source = c.source and d.week = c.week
),
baselines as (
    select source, sum(decisions) * 1.0 / nullif(sum(changes), 0) as ratio
    from weeks where place <= 26 group by source
),
judged as (
    select
        w.*,
        b.ratio,
        -- Under half of what the baseline would bring, and far outside chance. Where one team is all there is, a fall in
        -- decisions may be that team's own doing: only complete silence is taken for a gap then.
        coalesce(
            w.changes * b.ratio >= 4 and w.decisions < 0.5 * w.changes * b.ratio
            and w.decisions <= w.changes * b.ratio - 5 * sqrt(w.changes * b.ratio)
            and (w.teams >= 2 or w.decisions = 0), false
        ) as is_silent
    from weeks w
    left join baselines b on b.source = w.source
),
main_source as (
    select team, date_trunc('week', coalesce(merged_at, closed_at)) as week, source, count(*) as changes
    from marts.changes
    where team is not null and coalesce(merged_at, closed_at) is not null and is_approval_collectable
    group by 1, 2, 3
    qualify row_number() over (
        partition by team, date_trunc('week', coalesce(merged_at, closed_at)) order by count(*) desc, source
    ) = 1
)
select
    cast(m.team as varchar) as team,
    cast(m.week as timestamp) as week,
    cast(m.source as varchar) as source,
    cast(j.changes as bigint) as changes,
    cast(j.decisions as bigint) as decisions,
    cast(j.ratio as double) as baseline_ratio,
    cast(j.is_silent as boolean) as is_gated,
    cast(
        case
            when j.is_silent
                then m.source || ' brought ' || cast(j.decisions as varchar) || ' decisions for ' || cast(j.changes as varchar)
                    || ' changes, expected about ' || cast(cast(round(j.changes * j.ratio) as bigint) as varchar)
        end as varchar
    ) as reason
from main_source m
inner join judged j on j.source = m.source and j.week = m.week
