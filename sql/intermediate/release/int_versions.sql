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
numbered as (
    select
        version,
        name,
        regexp_extract(name, '^((?:[a-z][a-z0-9]*[_/ -])*)v?[0-9]', 1) as series,
        regexp_extract(name, '^(?:[a-z][a-z0-9]*[_/ -])*v?([0-9]{1,20}(?:[._-][0-9]{1,20})*)', 1) as digits
    from named
    where regexp_matches(
        name,
        '^(?:[a-z][a-z0-9]*[_/ -])*v?[0-9]{1,20}(?:[._-][0-9]{1,20})*(?:[._-]?(?:alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?[0-9]{0,20})?(?:[+].*)?$'
    )
),
parsed as (
    select
        version,
        series,
        replace(replace(digits, '_', '.'), '-', '.') as numbers,
        -- Most names are a series and a number: only the others say that they are on the way to a version.
        case
            when name in (series || digits, series || 'v' || digits) then ''
            else regexp_extract(name, '[0-9][._-]?(alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?[0-9]{0,20}(?:[+].*)?$', 1)
        end as stage_word,
        case
            when name in (series || digits, series || 'v' || digits) then ''
            else regexp_extract(
                name, '[0-9][._-]?(?:alpha|beta|dev|m|pre|preview|rc|snapshot)[._-]?([0-9]{1,20})(?:[+].*)?$', 1
            )
        end as stage_number
    from numbered
)
select
    cast(version as varchar) as version,
    cast(series as varchar) as series,
    -- A number sorts as text once its length stands before it, and a key stays short. What ends in zeros is the same without
    -- them: 1 is 1.0; '!' sorts before the '.' of a further part.
    cast(
        lpad(cast(length(ltrim(split_part(numbers, '.', 1), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 1), '0')
        || case
            when numbers like '%.%' then regexp_replace(
                '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 2), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 2), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 3), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 3), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 4), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 4), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 5), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 5), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 6), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 6), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 7), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 7), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 8), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 8), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 9), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 9), '0')
                || '.' || lpad(cast(length(ltrim(split_part(numbers, '.', 10), '0')) as varchar), 2, '0') || ltrim(split_part(numbers, '.', 10), '0'),
                '([.]00)+$', '', 'g'
            )
            else ''
        end
        -- What is on the way to a version comes before it.
        || '!' || case
            when stage_word = '' then '~'
            else stage_word || lpad(cast(length(ltrim(stage_number, '0')) as varchar), 2, '0') || ltrim(stage_number, '0')
        end as varchar
    ) as sort_key
from parsed
-- What has more parts than are compared is not called the same as another.
where split_part(numbers, '.', 11) = ''
