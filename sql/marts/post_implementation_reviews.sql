-- description: Every emergency change, when it was in effect and the review after it: when, and whether by somebody who had no
--   hand in it.
-- grain: change_id
-- order_by: implemented_at, change_id
-- column: change_id | The emergency change.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: implemented_at | First deployment, else the end of its implementation, else merge, closing or creation, UTC.
-- column: reviewed_at | When it was reviewed, UTC; null when no review is recorded. Of several the first after it took effect by
--   somebody known who had no hand in it, else the first.
-- column: reviewer | Who reviewed; null while unresolved.
-- column: is_collectable | Whether its source states such reviews at all.
-- column: is_by_implementer | Whether the reviewer requested, merged, deployed or implemented it.
-- column: is_after_implementation | Whether the review came when the change was in effect; null without a review.
-- not_null: change_id, is_by_implementer, is_collectable
-- unique: change_id
with implementers as (
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
        c.change_id, c.service, c.team, i.source, i.post_review_at, i.post_review_by_login,
        coalesce(c.first_deployed_at, i.actual_end_at, c.merged_at) as in_effect_at,
        -- The record is often closed by the review itself, so that its closing is the last sign of implementation to go by.
        coalesce(c.first_deployed_at, i.actual_end_at, c.merged_at, c.closed_at, c.created_at) as implemented_at,
        coalesce(h.holds_post_reviews, false) as is_collectable
    from marts.changes c
    inner join intermediate.int_changes i on i.change_id = c.change_id
    left join intermediate.int_source_capabilities h on h.source = c.source
    where c.change_type = 'emergency'
),
said as (
    select change_id, source, post_review_at as reviewed_at, post_review_by_login as login
    from emergencies where post_review_at is not null
    union all
    select e.change_id, e.source, s.occurred_at, lower(trim(s.actor))
    from emergencies e
    inner join intermediate.all_events s on s.source || ':' || s.subject_key = e.change_id
    where s.verb = 'post_reviewed' and s.subject_kind in ('change', 'issue') and s.occurred_at is not null
        and s.actor is not null
),
reviews as (
    select
        s.change_id, s.reviewed_at, a.person_id as reviewer, p.person is not null as is_by_implementer,
        coalesce(s.reviewed_at >= e.in_effect_at, true) as is_after
    from said s
    inner join emergencies e on e.change_id = s.change_id
    left join intermediate.int_actors a on a.source = s.source and a.login = s.login
    left join implementers p on p.change_id = s.change_id and p.person = a.person_id
    qualify row_number() over (
        partition by s.change_id
        order by
            case when coalesce(s.reviewed_at >= e.in_effect_at, true) and a.person_id is not null and p.person is null
                then 0 else 1 end,
            s.reviewed_at, a.person_id nulls last
    ) = 1
)
select
    cast(e.change_id as varchar) as change_id,
    cast(e.service as varchar) as service,
    cast(e.team as varchar) as team,
    cast(e.implemented_at as timestamp) as implemented_at,
    cast(r.reviewed_at as timestamp) as reviewed_at,
    cast(r.reviewer as varchar) as reviewer,
    cast(e.is_collectable as boolean) as is_collectable,
    cast(coalesce(r.is_by_implementer, false) as boolean) as is_by_implementer,
    cast(r.is_after as boolean) as is_after_implementation
from emergencies e
left join reviews r on r.change_id = e.change_id
