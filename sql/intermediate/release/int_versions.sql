-- description: Each version name that numbers itself, in a form that sorts part by part: release_10 after release_9, 1.10.0 after
--   1.9.2, 2.0-rc1 before 2.0. A name with no number that can be compared, such as a branch or a commit, has no row.
-- grain: version
-- column: version | The version or tag as stated.
-- column: series | What stands before the number, lower case, without a leading v; only versions of one series are compared.
-- column: sort_key | Sorts as the version does within its series.
-- not_null: version, series, sort_key
-- unique: version
with named as (
    select distinct version, lower(trim(version)) as name from intermediate.int_deployments where version is not null
),
parsed as (
    select
        version,
        regexp_extract(name, '^((?:[a-z][a-z0-9]*[_/ -])*)v?[0-9]', 1) as series,
        replace(replace(
            regexp_extract(name, '^(?:[a-z][a-z0-9]*[_/ -])*v?([0-9]{1,20}(?:[._-][0-9]{1,20})*)', 1), '_', '.'
        ), '-', '.') as numbers,
        regexp_extract(name, '[0-9][._-]?(alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?[0-9]{0,20}(?:[+].*)?$', 1) as stage_word,
        regexp_extract(name, '[0-9][._-]?(?:alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?([0-9]{1,20})(?:[+].*)?$', 1) as stage_number
    from named
    where regexp_matches(
        name,
        '^(?:[a-z][a-z0-9]*[_/ -])*v?[0-9]{1,20}(?:[._-][0-9]{1,20})*(?:[._-]?(?:alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?[0-9]{0,20})?(?:[+].*)?$'
    )
)
select
    cast(version as varchar) as version,
    cast(series as varchar) as series,
    cast(
        lpad(split_part(numbers, '.', 1), 20, '0') || '.' || lpad(split_part(numbers, '.', 2), 20, '0') || '.'
        || lpad(split_part(numbers, '.', 3), 20, '0') || '.' || lpad(split_part(numbers, '.', 4), 20, '0') || '.'
        || lpad(split_part(numbers, '.', 5), 20, '0') || '.' || lpad(split_part(numbers, '.', 6), 20, '0') || '.'
        || lpad(split_part(numbers, '.', 7), 20, '0') || '.' || lpad(split_part(numbers, '.', 8), 20, '0') || '.'
        || lpad(split_part(numbers, '.', 9), 20, '0') || '.' || lpad(split_part(numbers, '.', 10), 20, '0')
        -- What is on the way to a version comes before it.
        || case when stage_word = '' then '~' else stage_word || lpad(stage_number, 20, '0') end as varchar
    ) as sort_key
from parsed
-- What has more parts than are compared is not called the same as another.
where split_part(numbers, '.', 11) = ''
