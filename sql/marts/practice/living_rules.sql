-- description: How many automated rules decided for a team up to a period, and how many of them were alive: changed, or stopped
--   something, in the days of the settings (practice.alive_days) before the period's end, or before the build where that comes first.
-- grain: period, team
-- order_by: period, team
-- column: period | The period.
-- column: team | The team; (all) for the organisation.
-- column: rules | Rules that acted or were changed in the period or in these days.
-- column: alive | Those of them that changed or stopped something in these days.
-- not_null: period, team, rules, alive
-- unique: period, team
-- assert: alive <= rules
with scopes as (
    -- Every record counts for its team and for the organisation.
    select distinct team, team as member from marts.team_practice where team <> '(all)'
    union all
    select distinct '(all)', team from marts.team_practice where team <> '(all)'
)
select
    cast(p.period as varchar) as period,
    cast(t.team as varchar) as team,
    cast(count(distinct coalesce(r.team, '') || ':' || r.rule) as bigint) as rules,
    cast(
        count(
            distinct case
                when r.sign in ('stopped', 'changed') and r.occurred_at >= p.until_at - l.alive_days * interval '1 day'
                    then coalesce(r.team, '') || ':' || r.rule
            end
        ) as bigint
    ) as alive
from marts.rule_signs r
cross join config.practice l
inner join scopes t on t.member = coalesce(r.team, '(no team)')
inner join marts.periods p
    on r.occurred_at >= least(p.start_at, p.until_at - l.alive_days * interval '1 day') and r.occurred_at < p.end_at
where r.kind in ('policy', 'standard_change')
group by p.period, t.team
