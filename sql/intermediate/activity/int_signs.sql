-- description: Each distinct combination that rules look at, and the first rule that matches it: the organisation's own rules
--   first, then the shipped ones in their order.
-- grain: source, kind, verb, sign, track
-- column: source | Name of the source instance.
-- column: kind | Kind of record.
-- column: verb | What happened.
-- column: sign | The text matched with patterns.
-- column: rule_id | The rule that decided; 'unclassified' if none did.
-- column: track | change_governance, release_execution, neither or unclassified.
-- column: activity | The activity within the track.
-- column: reason | Why, in the rule's words.
-- column: is_dual | Whether the same sign is in both tracks.
-- not_null: source, kind, verb, sign, rule_id, track, activity
-- unique: source, kind, verb, sign, track
-- assert: track in ('change_governance', 'release_execution', 'neither', 'unclassified')
with combinations as (
    select distinct source, kind, verb, sign from intermediate.int_acts
),
rules as (
    select cast(seed_order as bigint) - 1000000 as place, rule_id, lower(source) as source, lower(record_type) as kind,
        lower(field) as verb, lower(pattern) as pattern, track, activity, reason
    from config.rules
    union all
    select cast(seed_order as bigint), rule_id, lower(source), kind, verb, pattern, track, activity, reason
    from seeds.classification_rules
),
-- Kinds and verbs are few: matched once with what rules say of them, and not again for every combination.
kinds as (
    select k.kind, r.kind as said
    from (select distinct kind from combinations) k
    inner join (select distinct kind from rules) r on r.kind = '*' or regexp_matches(k.kind, '^(' || r.kind || ')$')
),
verbs as (
    select v.verb, r.verb as said
    from (select distinct verb from combinations) v
    inner join (select distinct verb from rules) r on r.verb = '*' or regexp_matches(v.verb, '^(' || r.verb || ')$')
),
matched as (
    select c.*, r.place, r.rule_id, r.track, r.activity, r.reason
    from combinations c
    inner join kinds k on k.kind = c.kind
    inner join verbs v on v.verb = c.verb
    inner join rules r
        on r.kind = k.said and r.verb = v.said
        and (r.source = '*' or r.source = lower(c.source))
        and (r.pattern = '.*' or regexp_matches(c.sign, r.pattern))
),
firsts as (
    select source, kind, verb, sign, arg_min(rule_id, place) as rule_id
    from matched
    group by source, kind, verb, sign
)
select
    cast(c.source as varchar) as source,
    cast(c.kind as varchar) as kind,
    cast(c.verb as varchar) as verb,
    cast(c.sign as varchar) as sign,
    cast(coalesce(f.rule_id, 'unclassified') as varchar) as rule_id,
    cast(coalesce(m.track, 'unclassified') as varchar) as track,
    cast(coalesce(min(m.activity), 'unclassified') as varchar) as activity,
    cast(coalesce(min(m.reason), 'no rule matched') as varchar) as reason,
    cast(count(*) over (partition by c.source, c.kind, c.verb, c.sign) > 1 as boolean) as is_dual
from combinations c
left join firsts f on f.source = c.source and f.kind = c.kind and f.verb = c.verb and f.sign = c.sign
left join matched m
    on m.source = c.source and m.kind = c.kind and m.verb = c.verb and m.sign = c.sign and m.rule_id = f.rule_id
group by c.source, c.kind, c.verb, c.sign, f.rule_id, m.track
