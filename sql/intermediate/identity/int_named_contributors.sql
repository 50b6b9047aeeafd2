-- description: Contributors that a record names in one text ('a|b|c'), one row per name.
-- grain: source, change_key, name
-- column: source | Name of the source instance.
-- column: change_key | The change they contributed to.
-- column: name | Login or name as stated.
-- not_null: source, change_key, name
-- unique: source, change_key, name
with stated as (
    select source, key as change_key, contributors as names from intermediate.all_changes where contributors is not null
    union all
    select source, change_key, co_authors from intermediate.all_commits
    where co_authors is not null and change_key is not null
),
split as (
    select source, change_key, unnest(string_split(names, '|')) as name from stated
)
select distinct
    cast(source as varchar) as source,
    cast(change_key as varchar) as change_key,
    cast(trim(name) as varchar) as name
from split
where trim(name) <> ''
