-- description: What fills a field and states nothing, such as "n/a", "tbd" or a dash, as records write it.
-- grain: text
-- column: text | The field's text, lower case.
-- column: said_in | any, or verification where only there it states nothing.
-- not_null: text, said_in
-- unique: text
-- assert: said_in in ('any', 'verification')
with texts as (
    select lower(trim(description)) as text from intermediate.int_changes
    union all
    select lower(trim(stakeholders)) from intermediate.int_changes
    union all
    select lower(trim(rollback_plan)) from intermediate.int_changes
    union all
    select lower(trim(verification)) from intermediate.int_deployments
)
-- Compared with words and not with patterns: descriptions are long and nearly all different.
select distinct
    cast(t.text as varchar) as text,
    cast(coalesce(w.said_in, 'any') as varchar) as said_in
from texts t
left join seeds.empty_words w on w.word = t.text
where w.word is not null or regexp_matches(t.text, '^[-–—?.]+$')
