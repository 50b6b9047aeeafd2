-- description: What each combination of service, component and repository named by a record stands for.
-- grain: service_key, component_key, repository_key, team_key
-- column: service_key | Service as named by the record, lower case, '' when absent.
-- column: component_key | Component as named by the record, lower case, '' when absent.
-- column: repository_key | Repository as named by the record, lower case, '' when absent.
-- column: team_key | Team as named by the record, '' when absent.
-- column: service | The service meant; null when nothing names one.
-- column: service_basis | configured, stated or repository.
-- column: team | Its team: configured, else as stated by the record; null when unknown.
-- not_null: service_key, component_key, repository_key, team_key
-- unique: service_key, component_key, repository_key, team_key
with seen as (
    select service, component, repository, team from intermediate.all_changes
    union all select service, component, repository, team from intermediate.all_issues
    union all select service, component, repository, team from intermediate.all_deployments
    union all select service, component, cast(null as varchar), team from intermediate.all_incidents
    union all select service, component, cast(null as varchar), team from intermediate.all_windows
    union all select service, cast(null as varchar), repository, cast(null as varchar) from intermediate.all_releases
    union all
    select cast(null as varchar), name, repository, cast(null as varchar) from intermediate.all_runs
),
combinations as (
    select
        coalesce(lower(service), '') as service_key,
        coalesce(lower(component), '') as component_key,
        coalesce(lower(repository), '') as repository_key,
        coalesce(team, '') as team_key,
        min(service) as service,
        min(repository) as repository
    from seen
    group by 1, 2, 3, 4
),
-- Of several components the service that some of them are of counts, where it is one.
pieces as (
    select component_key, trim(unnest(string_split(component_key, '|'))) as component
    from (select distinct component_key from combinations where component_key like '%|%')
),
of_several as (
    select p.component_key, min(k.service) as service
    from pieces p
    inner join config.service_names k on k.kind in ('component', 'service') and k.value = p.component
    group by p.component_key
    having count(distinct k.service) = 1
),
named as (
    select
        c.service_key,
        c.component_key,
        c.repository_key,
        c.team_key,
        coalesce(s.service, r.service, p.service, k.service, j.service) as configured,
        -- A component may bear a service's own name, as on status pages.
        coalesce(m.service, o.service) as by_component,
        c.service as stated,
        c.repository
    from combinations c
    left join config.service_names s on s.kind = 'service' and s.value = c.service_key
    left join config.service_names r on r.kind = 'repository' and r.value = c.repository_key
    left join config.service_names p on p.kind = 'project' and p.value = c.repository_key
    left join config.service_names k on k.kind = 'component' and k.value = c.component_key
    left join config.service_names j on j.kind = 'job' and j.value = c.component_key
    left join config.service_names m on m.kind = 'service' and m.value = c.component_key
    left join of_several o on o.component_key = c.component_key
)
select
    cast(n.service_key as varchar) as service_key,
    cast(n.component_key as varchar) as component_key,
    cast(n.repository_key as varchar) as repository_key,
    cast(n.team_key as varchar) as team_key,
    cast(coalesce(n.configured, n.stated, n.by_component, n.repository) as varchar) as service,
    cast(
        case
            when n.configured is not null then 'configured'
            when n.stated is not null then 'stated'
            when n.by_component is not null then 'configured'
            when n.repository is not null then 'repository'
        end as varchar
    ) as service_basis,
    cast(coalesce(c.team, nullif(n.team_key, '')) as varchar) as team
from named n
left join config.services c on c.service = coalesce(n.configured, n.stated, n.by_component, n.repository)
