-- description: What each closure code of a change means, and the rule that says so.
-- grain: stated
-- column: stated | Closure code as the source words it, lower case.
-- column: outcome | successful, successful_with_issues, unsuccessful, backed_out or cancelled.
-- column: rule_id | First rule that matched.
-- not_null: stated, outcome, rule_id
-- unique: stated
select
    cast(t.stated as varchar) as stated,
    cast(arg_min(s.outcome, s.seed_order) as varchar) as outcome,
    cast(arg_min(s.rule_id, s.seed_order) as varchar) as rule_id
from (select distinct lower(outcome) as stated from intermediate.int_change_records where outcome is not null) t
inner join seeds.outcome_meanings s on regexp_matches(regexp_replace(t.stated, '[ _-]+', ' ', 'g'), s.pattern)
group by t.stated
