-- description: Tickets, merged changes and production deployments as a three-way outer join: every bucket, the unmatched ones included.
-- grain: service, has_ticket, has_change, has_deployment
-- order_by: service, has_ticket, has_change, has_deployment
-- column: service | Service; null when nothing names one.
-- column: has_ticket | Whether a change request is part of it.
-- column: has_change | Whether a merged, reviewed change is part of it.
-- column: has_deployment | Whether a production deployment carried it.
-- column: records | How many: merged changes where there are any, else tickets, else deployments.
-- column: example_id | One of them.
-- not_null: has_ticket, has_change, has_deployment, records
with carried as (
    -- Whatever succeeded in production counts, also where no record says when it finished.
    select x.deployment_id, x.change_id, x.link_basis <> 'ticket' as is_direct
    from intermediate.int_deployment_changes x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    where d.is_production and d.outcome = 'succeeded'
),
deployed as (
    select change_id, bool_or(is_direct) as is_direct from carried group by change_id
),
records as (
    select c.change_id, c.service, c.ticket_id, c.state, s.change_id is not null as is_deployed,
        c.is_reviewed
    from marts.changes c
    left join deployed s on s.change_id = c.change_id
),
reviewed as (
    -- A change is deployed with its ticket, where a deployment names that; not because another change of the ticket is.
    select r.change_id, r.service, r.ticket_id, r.is_deployed or coalesce(s.is_direct, false) as is_deployed
    from records r
    left join deployed s on s.change_id = r.ticket_id
    where r.state = 'merged'
),
tickets as (
    select change_id, service, is_deployed
    from records
    where not is_reviewed and (state = 'closed' or (state <> 'merged' and is_deployed))
        and change_id not in (select ticket_id from reviewed where ticket_id is not null)
),
matched as (
    select service, ticket_id is not null as has_ticket, true as has_change, is_deployed as has_deployment,
        change_id as record_id
    from reviewed
    union all
    select service, true, false, is_deployed, change_id from tickets
    union all
    select d.service, false, false, true, d.deployment_id
    from marts.deployments d
    where d.is_production and d.outcome = 'succeeded' and d.deployment_id not in (
        -- What carries only changes that were never merged is matched with nothing.
        select x.deployment_id
        from carried x
        inner join (
            select change_id, false as needs_direct from reviewed
            union all
            select change_id, false from tickets
            union all
            select ticket_id, true from reviewed where ticket_id is not null
        ) k on k.change_id = x.change_id
        where x.is_direct or not k.needs_direct
    )
)
select
    cast(service as varchar) as service,
    cast(has_ticket as boolean) as has_ticket,
    cast(has_change as boolean) as has_change,
    cast(has_deployment as boolean) as has_deployment,
    cast(count(*) as bigint) as records,
    cast(min(record_id) as varchar) as example_id
from matched
group by service, has_ticket, has_change, has_deployment
