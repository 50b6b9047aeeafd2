-- description: When each automated rule acted, stopped something and was changed: one row per day, or per change.
-- grain: team, rule, kind, sign, occurred_at
-- order_by: team, rule, sign, occurred_at
-- column: team | The team; null when none is known.
-- column: rule | Policy or check, with its version where it has one.
-- column: kind | policy, standard_change, scan or check.
-- column: sign | acted, stopped or changed.
-- column: occurred_at | The last such act of its day, or the change, UTC.
-- column: acts | How many there were.
-- column: changed_by | Person who changed it; null while unknown, and for acts.
-- not_null: rule, kind, sign, occurred_at, acts
-- assert: sign in ('acted', 'stopped', 'changed')
with changes as (
    -- A change of a rule names it: in the path of its file or the key of the ruleset, or, by two words at least, in its title.
    select source, occurred_at, actor,
        '-' || regexp_replace(lower(subject_id), '[^a-z0-9]+', '-', 'g') || '-' as subject_words,
        '-' || regexp_replace(lower(coalesce(title, '')), '[^a-z0-9]+', '-', 'g') || '-' as title_words
    from marts.activities
    where activity = 'rule_changed' and track = 'change_governance'
),
named as (
    select distinct source, rule, '-' || trim(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), '-') || '-' as words
    from marts.rule_acts
),
rules as (
    select distinct team, source, rule, kind from marts.rule_acts
)
select
    cast(team as varchar) as team,
    cast(rule as varchar) as rule,
    cast(kind as varchar) as kind,
    cast('acted' as varchar) as sign,
    cast(max(acted_at) as timestamp) as occurred_at,
    cast(count(*) as bigint) as acts,
    cast(null as varchar) as changed_by
from marts.rule_acts
where acted_at is not null
group by team, rule, kind, date_trunc('day', acted_at)
union all
select team, rule, kind, 'stopped', max(acted_at), count(*), null
from marts.rule_acts
where acted_at is not null and is_block
group by team, rule, kind, date_trunc('day', acted_at)
union all
select r.team, r.rule, r.kind, 'changed', c.occurred_at, count(*), min(c.actor)
from rules r
inner join named n on n.source = r.source and n.rule = r.rule
inner join changes c
    on c.source = n.source and n.words <> '--'
    and (
        position(n.words in c.subject_words) > 0
        or (position(n.words in c.title_words) > 0 and position('-' in trim(n.words, '-')) > 0)
    )
where c.occurred_at is not null
group by r.team, r.rule, r.kind, c.occurred_at
