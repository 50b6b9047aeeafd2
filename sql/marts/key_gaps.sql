-- description: Numbers that no record has, in rows of keys that a source numbers one after the other: deleted, moved away, never read, or not for us to see.
-- grain: source, prefix
-- order_by: source, prefix
-- column: source | Name of the source instance.
-- column: prefix | What stands before the number in the keys, such as a project or a repository with its sign; empty for bare numbers.
-- column: first_number | Lowest number of a change or an issue.
-- column: last_number | Highest number of a change or an issue.
-- column: present | How many numbers there are records of.
-- column: missing | How many numbers between the lowest and the highest have none; null where fewer than half have one, which are then
--   not numbered one after the other, or mostly not read.
-- column: first_missing | The lowest of the missing numbers.
-- not_null: source, prefix, first_number, last_number, present
-- unique: source, prefix
-- assert: missing >= 0 and missing + present = last_number - first_number + 1
-- assert: (coalesce(missing, 0) > 0) = (first_missing is not null)
with keys as (
    -- A repository's changes and issues share their numbers, a tracker's tickets of every kind too.
    select source, key, rtrim(key, '0123456789') as prefix from intermediate.all_changes
    union all
    select source, key, rtrim(key, '0123456789') from intermediate.all_issues
),
numbers as (
    select distinct source, prefix, try_cast(substr(key, length(prefix) + 1) as bigint) as number
    from keys
    where length(key) - length(prefix) between 1 and 18
),
rows_of_keys as (
    select source, prefix, min(number) as first_number, max(number) as last_number, count(*) as present
    from numbers
    group by source, prefix
    having count(*) > 1
),
judged as (
    select *,
        case when 2 * present >= last_number - first_number + 1 then last_number - first_number + 1 - present end as missing
    from rows_of_keys
),
firsts as (
    select n.source, n.prefix, min(n.number) + 1 as first_missing
    from numbers n
    inner join judged j on j.source = n.source and j.prefix = n.prefix and j.missing > 0 and n.number < j.last_number
    left join numbers f on f.source = n.source and f.prefix = n.prefix and f.number = n.number + 1
    where f.number is null
    group by n.source, n.prefix
)
select
    cast(j.source as varchar) as source,
    cast(j.prefix as varchar) as prefix,
    cast(j.first_number as bigint) as first_number,
    cast(j.last_number as bigint) as last_number,
    cast(j.present as bigint) as present,
    cast(j.missing as bigint) as missing,
    cast(f.first_missing as bigint) as first_missing
from judged j
left join firsts f on f.source = j.source and f.prefix = j.prefix
