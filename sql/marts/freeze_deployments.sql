-- description: Every production deployment that started inside a freeze, and whether an exemption allowed it.
-- grain: deployment_id, freeze_name
-- order_by: started_at, deployment_id, freeze_name
-- column: deployment_id | The deployment.
-- column: freeze_name | Name of the freeze.
-- column: service | Service deployed.
-- column: team | Its team.
-- column: started_at | When the deployment started, UTC.
-- column: freeze_start_at | Start of the freeze, UTC.
-- column: freeze_end_at | End of the freeze, UTC, exclusive.
-- column: is_exempt | Whether every change in it is of an exempt type, or it takes a release back.
-- column: reason | What exempts it; null when nothing does.
-- not_null: deployment_id, freeze_name, started_at, freeze_start_at, freeze_end_at, is_exempt
-- unique: deployment_id, freeze_name
with carried as (
    -- Code is of the type of the change request that governs it. What was merged in between goes along, whatever it is.
    select x.deployment_id, coalesce(c.change_type, 'unknown') as change_type
    from marts.deployment_changes x
    inner join marts.changes c on c.change_id = x.governing_change_id
),
inside as (
    -- A freeze holds what it names, production by any of its names; a team or component that nothing states is not held.
    select d.deployment_id, f.name, d.service, d.team, d.started_at, f.start_at, f.end_at, f.exempt_change_types, d.is_rollback
    from marts.deployments d
    inner join intermediate.int_freezes f
        on d.started_at >= f.start_at and d.started_at < f.end_at and (f.service is null or f.service = lower(d.service))
        and (f.team is null or f.team = lower(trim(d.team)))
    left join intermediate.all_deployments r
        on f.component is not null and d.basis = 'deployment' and r.source = d.source and r.key = d.key
    where d.is_production and d.outcome <> 'cancelled'
        and (f.is_of_production or f.environment = lower(trim(d.environment)))
        and (
            f.component is null
            or contains(
                '|' || regexp_replace(f.component, ' *[|] *', '|', 'g') || '|', '|' || lower(trim(r.component)) || '|'
            )
        )
),
judged as (
    select
        i.deployment_id, i.name, i.service, i.team, i.started_at, min(i.start_at) as start_at, max(i.end_at) as end_at,
        bool_or(i.is_rollback) as is_rollback,
        count(c.change_type) as typed,
        count(*) filter (
            where c.change_type is not null
                and '|' || i.exempt_change_types || '|' not like '%|' || c.change_type || '|%'
        ) as not_exempt
    from inside i
    left join carried c on c.deployment_id = i.deployment_id
    group by i.deployment_id, i.name, i.service, i.team, i.started_at
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(name as varchar) as freeze_name,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(started_at as timestamp) as started_at,
    cast(start_at as timestamp) as freeze_start_at,
    cast(end_at as timestamp) as freeze_end_at,
    cast(is_rollback or (typed > 0 and not_exempt = 0) as boolean) as is_exempt,
    cast(
        case
            when is_rollback then 'takes a release back'
            when typed > 0 and not_exempt = 0 then 'all its changes are of an exempt type'
        end as varchar
    ) as reason
from judged
