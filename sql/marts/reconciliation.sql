-- description: Tickets, merged changes and production deployments as a three-way outer join: every bucket, the unmatched ones included.
-- grain: service, has_ticket, has_change, has_deployment
-- order_by: service, has_ticket, has_change, has_deployment
-- column: service | Service; null when nothing names one.
-- column: has_ticket | Whether a change request is part of it.
-- column: has_change | Whether a merged, reviewed change is part of it.
-- column: has_deployment | Whether a production deployment carried it.
-- column: records | How many: deployments where there is one, else changes, else tickets.
-- column: example_id | One of them.
-- not_null: has_ticket, has_change, has_deployment, records
with reviewed as (
    select c.change_id, c.service, c.ticket_id, c.first_deployment_id
    from marts.changes c
    where c.state = 'merged'
),
tickets as (
    select c.change_id, c.service, c.first_deployment_id
    from marts.changes c
    where c.state in ('merged', 'closed')
        and coalesce(lower(c.record_type), '') not in ('pull_request', 'merge_request', 'gerrit_change', 'review')
),
matched as (
    select service, ticket_id is not null as has_ticket, true as has_change, first_deployment_id is not null as has_deployment,
        change_id as record_id
    from reviewed
    union all
    select t.service, true, false, t.first_deployment_id is not null, t.change_id
    from tickets t
    where t.change_id not in (select ticket_id from reviewed where ticket_id is not null)
    union all
    select d.service, false, false, true, d.deployment_id
    from marts.deployments d
    where d.is_production and d.outcome = 'succeeded' and coalesce(d.changes_carried, 0) = 0
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
