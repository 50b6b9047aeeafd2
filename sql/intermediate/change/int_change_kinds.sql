-- description: Change type and risk for each combination of the texts that say so, with the rules that decided.
-- grain: record_type, change_type, risk, labels
-- column: record_type | Record type as stated, lower case, '' when absent.
-- column: stated_type | Change type as stated, lower case, '' when absent.
-- column: stated_risk | Risk as stated, lower case, '' when absent.
-- column: labels | Labels in lower case joined by '|', '' when absent.
-- column: change_type | standard, normal or emergency; null when nothing says.
-- column: change_type_rule | The first rule that matched.
-- column: risk | low, medium or high; null when nothing says.
-- column: risk_rule | The first rule that matched.
-- not_null: record_type, stated_type, stated_risk, labels
-- unique: record_type, stated_type, stated_risk, labels
-- assert: change_type in ('standard', 'normal', 'emergency')
-- assert: risk in ('low', 'medium', 'high')
with combinations as (
    select distinct
        coalesce(lower(record_type), '') as record_type,
        coalesce(lower(change_type), '') as stated_type,
        coalesce(lower(risk), '') as stated_risk,
        coalesce(lower(labels), '') as labels
    from intermediate.int_change_records
),
type_rules as (
    select c.record_type, c.stated_type, c.labels, s.change_type, s.rule_id, s.seed_order
    from (select distinct record_type, stated_type, labels from combinations) c
    inner join seeds.change_types s
        on (s.field = 'change_type' and c.stated_type <> '' and regexp_matches(c.stated_type, s.pattern))
        or (s.field = 'record_type' and c.record_type <> '' and regexp_matches(c.record_type, s.pattern))
        or (s.field = 'labels' and c.labels <> '' and regexp_matches(c.labels, s.pattern))
    union all
    select c.record_type, c.stated_type, c.labels, w.means, 'organisation', -1
    from (select distinct record_type, stated_type, labels from combinations) c
    inner join config.words w on w.what = 'change_type' and w.word = regexp_replace(trim(c.stated_type), '[ _-]+', ' ', 'g')
),
types as (
    select record_type, stated_type, labels, arg_min(change_type, seed_order) as change_type,
        arg_min(rule_id, seed_order) as rule_id
    from type_rules
    group by record_type, stated_type, labels
),
risk_rules as (
    select c.stated_risk, c.labels, s.risk, s.rule_id, s.seed_order
    from (select distinct stated_risk, labels from combinations) c
    inner join seeds.risk_words s
        on (s.field = 'risk' and c.stated_risk <> '' and regexp_matches(c.stated_risk, s.pattern))
        or (s.field = 'labels' and c.labels <> '' and regexp_matches(c.labels, s.pattern))
    union all
    select c.stated_risk, c.labels, w.means, 'organisation', -1
    from (select distinct stated_risk, labels from combinations) c
    inner join config.words w on w.what = 'risk' and w.word = regexp_replace(trim(c.stated_risk), '[ _-]+', ' ', 'g')
),
risks as (
    select stated_risk, labels, arg_min(risk, seed_order) as risk, arg_min(rule_id, seed_order) as rule_id
    from risk_rules
    group by stated_risk, labels
)
select
    cast(c.record_type as varchar) as record_type,
    cast(c.stated_type as varchar) as stated_type,
    cast(c.stated_risk as varchar) as stated_risk,
    cast(c.labels as varchar) as labels,
    cast(t.change_type as varchar) as change_type,
    cast(t.rule_id as varchar) as change_type_rule,
    cast(r.risk as varchar) as risk,
    cast(r.rule_id as varchar) as risk_rule
from combinations c
left join types t on t.record_type = c.record_type and t.stated_type = c.stated_type and t.labels = c.labels
left join risks r on r.stated_risk = c.stated_risk and r.labels = c.labels
