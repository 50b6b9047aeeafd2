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
with acts as (
    select c.team, d.source, d.policy as name, d.policy || coalesce(' v' || d.policy_version, '') as rule, 'policy' as kind, d.decided_at as acted_at,
        d.verdict <> 'approved' as is_block
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    where d.policy is not null and d.decided_at is not null
    union all
    select team, source, policy, policy, 'standard_change', created_at, false
    from marts.changes where approval_basis = 'standard' and policy is not null
    union all
    select coalesce(v.team, c.team), r.source, coalesce(r.name, r.workflow), coalesce(r.name, r.workflow), case p.purpose when 'scan' then 'scan' else 'check' end,
        coalesce(r.started_at, r.created_at), lower(r.outcome) in ('failure', 'failed')
    from intermediate.all_runs r
    inner join intermediate.int_run_purposes p on p.name = lower(coalesce(r.name, r.workflow)) and p.purpose in ('scan', 'check')
    left join intermediate.int_changes c on c.source = r.source and c.key = r.change_key
    left join intermediate.int_scopes v
        on v.service_key = '' and v.component_key = coalesce(lower(r.name), '') and v.repository_key = coalesce(lower(r.repository), '')
        and v.team_key = ''
    where lower(coalesce(r.trigger, '')) like '%pull_request%' or p.purpose = 'scan'
),
changes as (
    -- A change of a rule names it: in the path of its file or the key of the ruleset, or, by two words at least, in its title.
    select source, occurred_at, actor,
        '-' || regexp_replace(lower(subject_id), '[^a-z0-9]+', '-', 'g') || '-' as subject_words,
        '-' || regexp_replace(lower(coalesce(title, '')), '[^a-z0-9]+', '-', 'g') || '-' as title_words
    from marts.activities
    where activity = 'rule_changed' and track = 'change_governance'
),
named as (
    select distinct source, rule, '-' || trim(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), '-') || '-' as words
    from acts
    where rule is not null
),
changed as (
    select n.source, n.rule, max(c.occurred_at) as changed_at, arg_max(c.actor, c.occurred_at) as changed_by
    from named n
    inner join changes c
        on c.source = n.source and n.words <> '--'
        and (
            position(n.words in c.subject_words) > 0
            or (position(n.words in c.title_words) > 0 and position('-' in trim(n.words, '-')) > 0)
        )
    group by n.source, n.rule
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
from acts a
cross join config.build b
cross join config.practice p
left join changed c on c.source = a.source and c.rule = a.rule
where a.rule is not null
group by a.team, a.rule
