-- description: Changes that records of files name in another source, or by another name: a source that holds no change of its own,
--   such as an export of approvals, speaks of the changes of the one other source that has their keys or bears their names.
-- grain: source, change_key
-- column: source | Name of the source instance that names the change.
-- column: change_key | The change as it is named there: its key, or a name that it is known as.
-- column: owner | Name of the source instance that has the change.
-- column: key | The change's key.
-- not_null: source, change_key, owner, key
-- unique: source, change_key
with names as (
    select source, from_key as key, to_key as name from staging.stg_record_links
    where relation = 'known_as' and from_kind = 'change' and from_key is not null and to_key is not null
),
keys as (
    select source, key, key as name from intermediate.all_changes
    union all
    select source, key, key from intermediate.all_issues
    union all
    select source, key, name from names
),
-- Few: only what sources name that have no change of their own, or changes with a second name, is looked up.
holders as (
    select distinct source from (
        select source from intermediate.all_changes
        union all
        select source from intermediate.all_issues
    )
    where source not in (select source from names)
),
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
    cast(min(k.source) as varchar) as owner,
    cast(min(k.key) as varchar) as key
from named n
inner join keys k on k.name = n.change_key
-- What has changes with a second name speaks of its own.
where k.source = n.source or n.source not in (select source from names)
group by n.source, n.change_key
having count(distinct k.source) = 1 and count(distinct k.key) = 1
