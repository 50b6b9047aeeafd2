-- description: What each status name of a tracker means, and the rule that says so.
-- grain: status
-- column: status | Status as the source words it, lower case.
-- column: meaning | awaiting_approval, approved, rejected, cancelled, unsuccessful, implementing, in_review, done or open.
-- column: rule_id | First rule that matched.
-- not_null: status, meaning, rule_id
-- unique: status
with statuses as (
    select lower(state) as status from intermediate.all_changes
    union
    select lower(state) from intermediate.all_issues
    union
    select lower(state) from intermediate.all_windows
    union
    select lower(new_value) from intermediate.all_events where verb = 'status_changed'
    union
    select lower(old_value) from intermediate.all_events where verb = 'status_changed'
),
plain as (
    select status, regexp_replace(trim(status), '[ _-]+', ' ', 'g') as words from statuses where status is not null
),
matched as (
    select p.status, s.meaning, s.rule_id, s.seed_order
    from plain p
    inner join seeds.status_meanings s on regexp_matches(p.words, s.pattern)
    union all
    select p.status, w.means, 'organisation', -1
    from plain p
    inner join config.words w on w.what = 'status' and w.word = p.words
)
select
    cast(status as varchar) as status,
    cast(arg_min(meaning, seed_order) as varchar) as meaning,
    cast(arg_min(rule_id, seed_order) as varchar) as rule_id
from matched
group by status
