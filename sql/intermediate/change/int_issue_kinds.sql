-- description: Whether each tracker item is a change request, an incident, a release or development work, and the rule that decided.
-- grain: record_type, labels
-- column: record_type | The tracker's type in lower case, '' when absent.
-- column: labels | Labels in lower case joined by '|', '' when absent.
-- column: kind | change, incident, release or work_item.
-- column: rule_id | The first rule that matched; organisation for a word of the settings.
-- not_null: record_type, labels, kind, rule_id
-- unique: record_type, labels
-- assert: kind in ('change', 'incident', 'release', 'work_item')
with combinations as (
    select distinct coalesce(lower(record_type), '') as record_type, coalesce(lower(labels), '') as labels
    from intermediate.all_issues
),
rules as (
    select c.record_type, c.labels, s.kind, s.rule_id, s.seed_order
    from combinations c
    inner join seeds.issue_kinds s
        on (s.field = 'record_type' and regexp_matches(c.record_type, s.pattern))
        or (s.field = 'labels' and regexp_matches(c.labels, s.pattern))
        or s.field = '*'
    union all
    select c.record_type, c.labels, w.means, 'organisation', -1
    from combinations c
    inner join config.words w on w.what = 'issue_type' and w.word = regexp_replace(trim(c.record_type), '[ _-]+', ' ', 'g')
)
select
    cast(record_type as varchar) as record_type,
    cast(labels as varchar) as labels,
    cast(arg_min(kind, seed_order) as varchar) as kind,
    cast(arg_min(rule_id, seed_order) as varchar) as rule_id
from rules
group by record_type, labels
