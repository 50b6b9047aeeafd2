-- description: Numbers that no record has and none names, in rows of keys that a source numbers one after the other: deleted, moved away, never read, or not for us to see.
-- grain: source, prefix
-- order_by: source, prefix
-- column: source | Name of the source instance.
-- column: prefix | What stands before the number in the keys, such as a project or a repository with its sign; empty for bare numbers.
-- column: first_number | Lowest number of a change or an issue.
-- column: last_number | Highest number of a change or an issue.
-- column: present | How many of the numbers from the lowest to the highest there are records of.
-- column: named | How many others another record names, such as an issue that a change closes and that is not read itself.
-- column: missing | How many have neither; null where fewer than half have one, which are then not numbered one after the other, or
--   mostly not read.
-- column: first_missing | The lowest of the missing numbers.
-- not_null: source, prefix, first_number, last_number, present, named
-- unique: source, prefix
-- assert: missing >= 0 and missing + present + named = last_number - first_number + 1
-- assert: (coalesce(missing, 0) > 0) = (first_missing is not null)
with keys as (
    -- A repository's changes and issues share their numbers, a tracker's tickets of every kind too.
    select source, key, 1 as is_read from intermediate.all_changes
    union all
    select source, key, 1 from intermediate.all_issues
    union all
    select source, to_key, 0 from intermediate.all_links where to_kind in ('change', 'issue')
    union all
    select source, from_key, 0 from intermediate.all_links where from_kind in ('change', 'issue')
),
cut as (
    select source, key, is_read, rtrim(key, '0123456789') as prefix from keys
),
numbers as (
    select source, prefix, try_cast(substr(key, length(prefix) + 1) as bigint) as number, max(is_read) as is_read
    from cut
    where length(key) - length(prefix) between 1 and 18
    group by 1, 2, 3
),
ends as (
    select source, prefix, min(number) as first_number, max(number) as last_number
    from numbers
    where is_read = 1
    group by source, prefix
    having count(*) > 1
),
known as (
    select n.source, n.prefix, n.number, n.is_read, e.first_number, e.last_number
    from numbers n
    inner join ends e on e.source = n.source and e.prefix = n.prefix and n.number between e.first_number and e.last_number
),
rows_of_keys as (
    select source, prefix, first_number, last_number, sum(is_read) as present, count(*) - sum(is_read) as named,
        case when 2 * count(*) >= last_number - first_number + 1 then last_number - first_number + 1 - count(*) end as missing
    from known
    group by source, prefix, first_number, last_number
),
firsts as (
    select n.source, n.prefix, min(n.number) + 1 as first_missing
    from known n
    inner join rows_of_keys r on r.source = n.source and r.prefix = n.prefix and r.missing > 0 and n.number < r.last_number
    left join known f on f.source = n.source and f.prefix = n.prefix and f.number = n.number + 1
    where f.number is null
    group by n.source, n.prefix
)
select
    cast(r.source as varchar) as source,
    cast(r.prefix as varchar) as prefix,
    cast(r.first_number as bigint) as first_number,
    cast(r.last_number as bigint) as last_number,
    cast(r.present as bigint) as present,
    cast(r.named as bigint) as named,
    cast(r.missing as bigint) as missing,
    cast(f.first_missing as bigint) as first_missing
from rows_of_keys r
left join firsts f on f.source = r.source and f.prefix = r.prefix
