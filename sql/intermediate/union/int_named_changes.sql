-- description: Changes of another source that records of files name: a source that holds no change of its own, such as an export of
--   approvals, speaks of the changes of the one other source that has their keys.
-- grain: source, change_key
-- column: source | Name of the source instance that names the change.
-- column: change_key | The change's key.
-- column: owner | Name of the source instance that has the change.
-- not_null: source, change_key, owner
-- unique: source, change_key
with keys as (
    select source, key from intermediate.all_changes
    union all
    select source, key from intermediate.all_issues
),
holders as (
    select distinct source from keys
),
-- Few: only what sources without a change of their own name is looked up.
named as (
    select source, change_key from staging.stg_record_decisions where source not in (select source from holders)
    union
    select source, change_key from staging.stg_record_votes where source not in (select source from holders)
    union
    select source, change_key from staging.stg_record_commits where source not in (select source from holders)
    union
    select source, change_key from staging.stg_record_windows where source not in (select source from holders)
    union
    select source, subject_key from staging.stg_record_events
    where coalesce(subject_kind, 'change') in ('change', 'issue') and source not in (select source from holders)
)
select
    cast(n.source as varchar) as source,
    cast(n.change_key as varchar) as change_key,
    cast(min(k.source) as varchar) as owner
from named n
inner join keys k on k.key = n.change_key
group by n.source, n.change_key
having count(distinct k.source) = 1
