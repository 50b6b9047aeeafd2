-- description: Every emergency change, when it was in effect and the review after it: when, and whether by somebody who had no
--   hand in it.
-- grain: change_id
-- order_by: implemented_at, change_id
-- column: change_id | The emergency change.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: implemented_at | First deployment, else the end of its implementation, else merge, closing or creation, UTC.
-- column: reviewed_at | When its review was recorded, UTC; null when none is.
-- column: reviewer | Who reviewed; null while unresolved.
-- column: is_collectable | Whether its source states such reviews at all.
-- column: is_by_implementer | Whether the reviewer requested, merged, deployed or implemented it.
-- not_null: change_id, is_by_implementer, is_collectable
-- unique: change_id
with said as (
    select source || ':' || subject_key as change_id, arg_min(lower(trim(actor)), occurred_at) as login, min(occurred_at) as reviewed_at
    from intermediate.all_events
    where verb = 'post_reviewed' and subject_kind in ('change', 'issue') and occurred_at is not null and actor is not null
    group by 1
),
implementers as (
    select change_id, requester as person from marts.changes where requester is not null
    union
    select change_id, merged_by from marts.changes where merged_by is not null
    union
    select c.change_id, d.deployer
    from marts.changes c
    inner join marts.deployments d on d.deployment_id = c.first_deployment_id
    where d.deployer is not null
    union
    select change_id, implementer from marts.windows where change_id is not null and implementer is not null
),
emergencies as (
    select
        c.*,
        -- The record is often closed by the review itself, so that its closing is the last sign of implementation to go by.
        coalesce(c.first_deployed_at, i.actual_end_at, c.merged_at, c.closed_at, c.created_at) as implemented_at,
        coalesce(i.post_review_at, s.reviewed_at) as reviewed_at,
        a.person_id as reviewer,
        coalesce(h.holds_post_reviews, false) as is_collectable
    from marts.changes c
    inner join intermediate.int_changes i on i.change_id = c.change_id
    left join said s on s.change_id = c.change_id
    left join intermediate.int_source_capabilities h on h.source = c.source
    left join intermediate.int_actors a
        on a.source = i.source and a.login = case when i.post_review_at is not null then i.post_review_by_login else s.login end
    where c.change_type = 'emergency'
)
select
    cast(e.change_id as varchar) as change_id,
    cast(e.service as varchar) as service,
    cast(e.team as varchar) as team,
    cast(e.implemented_at as timestamp) as implemented_at,
    cast(e.reviewed_at as timestamp) as reviewed_at,
    cast(e.reviewer as varchar) as reviewer,
    cast(e.is_collectable as boolean) as is_collectable,
    cast(p.person is not null as boolean) as is_by_implementer
from emergencies e
left join implementers p on p.change_id = e.change_id and p.person = e.reviewer
