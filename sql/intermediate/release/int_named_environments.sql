-- description: Environments that the names of deploying runs, jobs and stages are, where they are nothing else: 'Deploy to
--   production', 'deploy-staging' or 'prod'. Only a configured production environment, or one right below it, is recognised.
-- grain: name
-- column: name | Name of a run, workflow, job or stage, lower case.
-- column: environment | The environment, as it is configured.
-- not_null: name, environment
-- unique: name
with known as (
    select environment from config.production_environments
    union
    select environment from config.stage_environments
),
names as (
    -- Of a job within folders the last part is its own name.
    select
        name,
        regexp_replace(
            case
                when regexp_matches(name, '/(deploy|deployment|promote|promotion|rollout|rollback|ship)[ _:-][^/]*$|/[^/]+[ _:-](deploy|deployment|rollout|rollback)$')
                    then regexp_extract(name, '([^/]*)$', 1)
                else trim(name)
            end,
            '[ _:/-]+', ' ', 'g'
        ) as words
    from intermediate.int_run_purposes
    where purpose in ('deploy', 'rollback')
),
rests as (
    -- Whatever else stands in a name may say something else of it: 'deploy non prod', 'deploy production docs'.
    select
        name,
        regexp_replace(
            regexp_replace(words, '^(deploy|deploying|deployment|promote|promotion|release|rollout|roll out|rollback|roll back|ship)( to| into| in| on)? ', '', 'g'),
            ' (deploy|deployment|promotion|release|rollout|rollback)$', '', 'g'
        ) as rest
    from names
)
select
    cast(r.name as varchar) as name,
    cast(min(k.environment) as varchar) as environment
from rests r
inner join known k on regexp_replace(k.environment, '[ _:/-]+', ' ', 'g') = r.rest
group by r.name
