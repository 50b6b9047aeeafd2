-- description: What is automated, by which rule: each policy, scan or check that decides, how often it fired, and who last changed
--   that rule.
-- grain: team, rule
-- order_by: team, rule
-- column: team | The team; null when none is known.
-- column: rule | Policy or check, with its version where it has one.
-- column: kind | policy, standard_change, scan or check.
-- column: acts | How often it acted.
-- column: blocked | How often it declined, asked for changes or failed.
-- column: first_at | First act seen, UTC.
-- column: last_at | Last act seen, UTC.
-- column: last_blocked_at | Last time it stopped something, UTC; null when never.
-- column: last_changed_at | When the rule last changed, in whatever version, UTC; null when no change of it was seen.
-- column: last_changed_by | Person who changed it; null while unknown.
-- column: is_alive | Whether it stopped something, or was changed, within the configured days before the build (180).
-- not_null: rule, kind, acts, blocked, is_alive
with changed as (
    select team, rule, max(occurred_at) as changed_at, max(changed_by) as changed_by
    from (
        -- Changed by several at one instant, one of them is named.
        select team, rule, occurred_at, changed_by from marts.rule_signs where sign = 'changed'
        qualify occurred_at = max(occurred_at) over (partition by team, rule)
    )
    group by team, rule
)
select
    cast(a.team as varchar) as team,
    cast(a.rule as varchar) as rule,
    cast(min(a.kind) as varchar) as kind,
    cast(count(*) as bigint) as acts,
    cast(count(*) filter (where a.is_block) as bigint) as blocked,
    cast(min(a.acted_at) as timestamp) as first_at,
    cast(max(a.acted_at) as timestamp) as last_at,
    cast(max(case when a.is_block then a.acted_at end) as timestamp) as last_blocked_at,
    cast(max(c.changed_at) as timestamp) as last_changed_at,
    cast(max(c.changed_by) as varchar) as last_changed_by,
    cast(
        coalesce(greatest(max(case when a.is_block then a.acted_at end), max(c.changed_at)) >= max(b.as_of - p.alive_days * interval '1 day'), false)
        as boolean
    ) as is_alive
from marts.rule_acts a
cross join config.build b
cross join config.practice p
left join changed c on c.rule = a.rule and coalesce(c.team, '') = coalesce(a.team, '')
group by a.team, a.rule
