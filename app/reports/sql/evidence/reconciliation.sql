-- description: Change requests, code reviews and production deployments joined both ways, so that what has no counterpart shows.
-- grain: ticket_id, change_id, deployment_id
-- column: bucket | Which of the three are there.
-- column: ticket_id | Change request.
-- column: change_id | Code review.
-- column: deployment_id | Production deployment.
-- column: link_basis | By what code and deployment are known to belong together.
-- column: note | What an empty place means here.
with population as (
    select c.* from marts.changes c inner join pack.members m on m.change_id = c.change_id
),
code as (
    select change_id, ticket_id, state, service from population
    where is_reviewed
),
tickets as (
    select change_id as ticket_id, state, service from population
    where not is_reviewed
),
production as (
    select deployment_id, is_rerelease, changes_carried from evidence.population_deployments
    where is_production and is_started_in_period and outcome <> 'cancelled'
),
carried as (
    select x.deployment_id, x.change_id, min(x.link_basis) as link_basis
    from marts.deployment_changes x
    inner join production p on p.deployment_id = x.deployment_id
    group by x.deployment_id, x.change_id
),
asked as (
    select coalesce(t.ticket_id, c.ticket_id) as ticket_id, c.change_id, coalesce(c.state, t.state) as state,
        coalesce(c.service, t.service) as service
    from tickets t
    full outer join code c on c.ticket_id = t.ticket_id
),
joined as (
    select
        a.ticket_id, a.change_id, coalesce(k.deployment_id, p.deployment_id) as deployment_id, k.link_basis, a.state,
        a.service, p.is_rerelease, p.changes_carried
    from asked a
    left join carried k on k.change_id = coalesce(a.change_id, a.ticket_id)
    full outer join production p on p.deployment_id = k.deployment_id
)
select
    case
        when j.ticket_id is not null and j.change_id is not null and j.deployment_id is not null then 'request, code and deployment'
        when j.ticket_id is not null and j.deployment_id is not null then 'request and deployment, no code'
        when j.change_id is not null and j.deployment_id is not null then 'code and deployment, no request'
        when j.ticket_id is not null and j.change_id is not null then 'request and code, no deployment'
        when j.deployment_id is not null and j.is_rerelease then 'deployment only: re-release'
        when j.deployment_id is not null and j.changes_carried is null then 'deployment only: no change records of its service'
        when j.deployment_id is not null then 'deployment only'
        when j.ticket_id is not null then 'request only'
        else 'code only'
    end as bucket,
    j.ticket_id, j.change_id, j.deployment_id, j.link_basis,
    case
        when j.deployment_id is null and not coalesce(s.has_deployments, false) then 'no deployment of its service is on record at all'
        when j.deployment_id is null and j.state = 'open' then 'still open'
        when j.deployment_id is null and j.state in ('rejected', 'withdrawn') then 'ended without going'
        when j.deployment_id is null and j.change_id is not null and j.state = 'closed' then 'closed without a merge'
    end as note
from joined j
left join pack.services s on s.service = j.service
