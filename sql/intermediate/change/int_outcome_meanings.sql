-- description: What each closure code of a change means, and the rule that says so; statuses such as "Closed - Rolled Back" are
--   read by the same rules, for records that have no code of their own.
-- grain: stated
-- column: stated | Closure code, or status, as the source words it, lower case.
-- column: outcome | successful, successful_with_issues, unsuccessful, backed_out or cancelled.
-- column: rule_id | First rule that matched.
-- not_null: stated, outcome, rule_id
-- unique: stated
with plain as (
    select stated, regexp_replace(trim(stated), '[ _-]+', ' ', 'g') as words
    from (
        select lower(outcome) as stated from intermediate.int_change_records where outcome is not null
        union
        select lower(state) from intermediate.int_change_records where state is not null
    )
),
matched as (
    select p.stated, s.outcome, s.rule_id, s.seed_order
    from plain p
    inner join seeds.outcome_meanings s on regexp_matches(p.words, s.pattern)
    union all
    select p.stated, w.means, 'organisation', -1
    from plain p
    inner join config.words w on w.what = 'outcome' and w.word = p.words
)
select
    cast(stated as varchar) as stated,
    cast(arg_min(outcome, seed_order) as varchar) as outcome,
    cast(arg_min(rule_id, seed_order) as varchar) as rule_id
from matched
group by stated
