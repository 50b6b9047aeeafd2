-- description: Words of the sources that decide something and that no word list knows, with their counts: what they would decide
--   stays unknown. Environments that are named like production and are not configured as such are among them.
-- grain: source, what, word
-- order_by: records desc, source, what, word
-- column: source | Name of the source instance.
-- column: what | status, outcome, change_type, risk or deployment_status, as a [[word]] names it, or environment.
-- column: word | The word, lower case.
-- column: records | How many records state it.
-- not_null: source, what, word, records
-- unique: source, what, word
-- assert: what in ('status', 'outcome', 'change_type', 'risk', 'deployment_status', 'environment')
with said as (
    select c.source, 'status' as what, lower(trim(c.status)) as word
    from intermediate.int_changes c
    where c.status_meaning is null and coalesce(trim(c.status), '') <> ''
        -- What review platforms call it says no more than their own instants of merging and closing.
        and not c.is_reviewed
    union all
    select c.source, 'outcome', lower(trim(r.outcome))
    from intermediate.int_change_records r
    inner join intermediate.int_changes c on c.change_id = r.source || ':' || r.key
    where c.outcome is null and coalesce(trim(r.outcome), '') <> ''
        -- What is open again has no outcome, however it had ended before.
        and coalesce(c.status_meaning, '') <> 'open'
    union all
    select c.source, 'change_type', lower(trim(r.change_type))
    from intermediate.int_change_records r
    inner join intermediate.int_changes c on c.change_id = r.source || ':' || r.key
    where c.change_type is null and coalesce(trim(r.change_type), '') <> ''
    union all
    select c.source, 'risk', lower(trim(r.risk))
    from intermediate.int_change_records r
    inner join intermediate.int_changes c on c.change_id = r.source || ':' || r.key
    where c.risk is null and coalesce(trim(r.risk), '') <> ''
    union all
    select d.source, 'deployment_status', lower(trim(d.status))
    from intermediate.int_deployments d
    where d.outcome = 'unknown' and coalesce(trim(d.status), '') <> ''
    union all
    select d.source, 'environment', lower(trim(d.environment))
    from intermediate.int_deployments d
    where not d.is_production
        and regexp_matches(lower(d.environment), '(^|[^a-z])(prod|prd|production|live|produktion|productie|produktiv)([^a-z]|$)')
        and not regexp_matches(lower(d.environment), '(^|[^a-z])(pre|non|not|before|like|test|stag|stage|staging|mirror)([^a-z]|$)|(pre|non|not)prod')
        and lower(trim(d.environment)) not in (select environment from config.stage_environments)
)
select
    cast(source as varchar) as source,
    cast(what as varchar) as what,
    cast(word as varchar) as word,
    cast(count(*) as bigint) as records
from said
group by source, what, word
