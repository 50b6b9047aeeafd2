-- description: Which deployment each incident is linked to, and on what basis; at most one.
-- grain: incident_id
-- column: incident_id | The incident.
-- column: deployment_id | The deployment.
-- column: link_basis | reference (the incident names it or its change), revision (same commit or version), or preceding
--   (latest successful production deployment of the same service that had finished, within the window).
-- not_null: incident_id, deployment_id, link_basis
-- unique: incident_id
-- assert: link_basis in ('reference', 'revision', 'preceding')
with production as (
    select deployment_id, source, key, service, revision, version, started_at, finished_at
    from intermediate.int_deployments
    where is_production and outcome = 'succeeded' and finished_at is not null
),
causes as (
    -- One cell may name several changes; the last of them that went before the incident is the one.
    select distinct incident_id, source, opened_at, trim(change_key) as change_key
    from (
        select incident_id, source, opened_at,
            unnest(string_split(regexp_replace(change_key, '[;,|\n]', '|', 'g'), '|')) as change_key
        from intermediate.int_incidents where change_key is not null
    )
    where trim(change_key) <> ''
),
named as (
    select i.incident_id, d.deployment_id, d.finished_at, d.started_at, 1 as preference
    from intermediate.int_incidents i
    inner join intermediate.int_deployments d on d.key = i.deployment_key
    -- A key is one of its own source where that has it, else one of another tool's: two sources may number alike.
    left join intermediate.int_deployments own on own.source = i.source and own.key = i.deployment_key
    -- Whatever deployment a record names, of staging too: what is stated is not replaced by a guess.
    where i.deployment_key is not null and (own.deployment_id is null or d.source = i.source)
        and (i.opened_at is null or d.started_at is null or i.opened_at >= d.started_at)
    union all
    select i.incident_id, d.deployment_id, d.finished_at, d.started_at, 1
    from intermediate.all_links l
    inner join intermediate.int_incidents i on i.key = l.from_key and i.source = l.source
    inner join intermediate.int_deployments d on d.key = l.to_key
    left join intermediate.int_deployments own on own.source = l.source and own.key = l.to_key
    where l.relation in ('caused_by', 'is_caused_by') and l.to_kind = 'deployment'
        and (own.deployment_id is null or d.source = l.source)
        and (i.opened_at is null or d.started_at is null or i.opened_at >= d.started_at)
    union all
    select i.incident_id, p.deployment_id, p.finished_at, p.started_at, 2
    from causes i
    inner join intermediate.int_changes c on c.key = i.change_key
    left join intermediate.int_changes own on own.source = i.source and own.key = i.change_key
    inner join intermediate.int_deployment_changes x on x.change_id = c.change_id
    inner join production p on p.deployment_id = x.deployment_id
    where (own.change_id is null or c.source = i.source) and (i.opened_at is null or i.opened_at >= coalesce(p.started_at, p.finished_at))
    union all
    select i.incident_id, p.deployment_id, p.finished_at, p.started_at, 2
    from intermediate.all_links l
    inner join intermediate.int_incidents i on i.key = l.from_key and i.source = l.source
    inner join intermediate.int_changes c on c.key = l.to_key
    left join intermediate.int_changes own on own.source = l.source and own.key = l.to_key
    inner join intermediate.int_deployment_changes x on x.change_id = c.change_id
    inner join production p on p.deployment_id = x.deployment_id
    where l.relation in ('caused_by', 'is_caused_by') and l.to_kind in ('change', 'issue')
        and (own.change_id is null or c.source = l.source)
        and (i.opened_at is null or i.opened_at >= coalesce(p.started_at, p.finished_at))
    union all
    select i.incident_id, p.deployment_id, p.finished_at, p.started_at, 3
    from intermediate.int_incidents i
    inner join production p on p.revision = i.revision
    where i.revision is not null and (i.opened_at is null or i.opened_at >= coalesce(p.started_at, p.finished_at))
    union all
    -- The first seven letters of a commit, or more, name it too.
    select i.incident_id, p.deployment_id, p.finished_at, p.started_at, 3
    from intermediate.int_incidents i
    inner join production p
        on substr(p.revision, 1, 7) = substr(i.revision, 1, 7) and length(p.revision) > length(i.revision) and starts_with(p.revision, i.revision)
    where length(i.revision) between 7 and 20 and regexp_matches(i.revision, '^[0-9a-f]*[a-f][0-9a-f]*$')
        and (i.opened_at is null or i.opened_at >= coalesce(p.started_at, p.finished_at))
    union all
    select i.incident_id, p.deployment_id, p.finished_at, p.started_at, 4
    from intermediate.int_incidents i
    inner join production p on p.version = i.version and p.service = i.service
    where i.version is not null and (i.opened_at is null or i.opened_at >= coalesce(p.started_at, p.finished_at))
),
explicit as (
    select incident_id, deployment_id, case when preference <= 2 then 'reference' else 'revision' end as link_basis
    from named
    qualify row_number() over (
        partition by incident_id order by preference, finished_at desc nulls last, coalesce(started_at, finished_at) desc nulls last, deployment_id desc
    ) = 1
),
elsewhere as (
    select lower(trim(environment)) as environment from intermediate.int_deployments where not is_production
    union
    select environment from config.stage_environments where environment not in (select environment from config.production_environments)
),
moments as (
    select service, finished_at as happened_at, coalesce(started_at, finished_at) as started_at, 0 as is_incident, deployment_id, cast(null as varchar) as incident_id from production
    where service is not null
    union all
    select service, opened_at, cast(null as timestamp), 1, cast(null as varchar), incident_id from intermediate.int_incidents
    where service is not null and opened_at is not null
        and incident_id not in (select incident_id from explicit)
        -- What happened in another environment than production is guessed of no production deployment.
        and coalesce(lower(trim(environment)), '') not in (select environment from elsewhere)
),
preceding as (
    select
        incident_id,
        happened_at,
        is_incident,
        last_value(deployment_id ignore nulls) over before_it as deployment_id,
        last_value(case when is_incident = 0 then happened_at end ignore nulls) over before_it as deployed_at
    from moments
    window before_it as (
        partition by service order by happened_at, is_incident, started_at, deployment_id, incident_id
        rows between unbounded preceding and current row
    )
)
select
    cast(incident_id as varchar) as incident_id,
    cast(deployment_id as varchar) as deployment_id,
    cast(link_basis as varchar) as link_basis
from explicit
union all
select p.incident_id, p.deployment_id, 'preceding'
from preceding p
cross join config.thresholds t
where p.is_incident = 1 and p.deployment_id is not null
    and (epoch_us(p.happened_at) - epoch_us(p.deployed_at)) <= t.incident_window_hours * 3600000000
