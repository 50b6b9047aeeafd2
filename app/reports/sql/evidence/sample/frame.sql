-- description: The changes that were implemented in the period and in scope: what a sample is drawn from and what every test is
--   run on. A change that implements a change request counts as that request, so that nothing is drawn twice.
-- grain: change_id
-- column: change_id | The governing change.
-- column: stratum | standard, normal, emergency or not stated.
-- column: implemented_at | When it was first implemented in the period, UTC.
-- column: basis | deployment; merge where no production deployment of its service is on record; closure of a request that neither
--   code nor a deployment carries out.
-- column: deployments | Production deployments in the period that carried it; re-releases are not counted.
with deployed as (
    select
        x.governing_change_id as change_id,
        min(d.started_at) as implemented_at,
        count(distinct d.deployment_id) as deployments
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    cross join pack.question q
    where d.started_at >= q.start_at and d.started_at < q.end_at and not d.is_rerelease
        and (q.scope_kind = 'everything' or (q.scope_kind = 'team' and d.team = q.scope_name)
            or (q.scope_kind = 'service' and d.service = q.scope_name))
    group by x.governing_change_id
),
-- Where no production deployment of a service is on record, a merge is the implementation. A request that was closed as done
-- and that neither code nor a deployment carries out is a change without a release: its closure is the implementation.
otherwise as (
    select
        coalesce(c.ticket_id, c.change_id) as change_id,
        min(coalesce(c.merged_at, c.closed_at)) as implemented_at,
        min(case when c.merged_at is not null then 'merge' else 'closure' end) as basis
    from marts.changes c
    left join pack.services s on s.service = c.service
    cross join pack.question q
    where (
            (c.merged_at is not null and not coalesce(s.has_deployments, false))
            or (c.state = 'closed' and c.merged_at is null
                and not c.is_reviewed
                and c.change_id not in (select ticket_id from marts.changes where ticket_id is not null))
        )
        and coalesce(c.merged_at, c.closed_at) >= q.start_at and coalesce(c.merged_at, c.closed_at) < q.end_at
        and c.change_id not in (select change_id from marts.deployment_changes)
        and c.change_id not in (select governing_change_id from marts.deployment_changes)
        and (q.scope_kind = 'everything' or (q.scope_kind = 'team' and c.team = q.scope_name)
            or (q.scope_kind = 'service' and c.service = q.scope_name))
    group by coalesce(c.ticket_id, c.change_id)
)
select
    coalesce(d.change_id, o.change_id) as change_id,
    coalesce(c.change_type, 'not stated') as stratum,
    coalesce(d.implemented_at, o.implemented_at) as implemented_at,
    case when d.change_id is not null then 'deployment' else o.basis end as basis,
    coalesce(d.deployments, 0) as deployments
from deployed d
full outer join otherwise o on o.change_id = d.change_id
inner join marts.changes c on c.change_id = coalesce(d.change_id, o.change_id)
