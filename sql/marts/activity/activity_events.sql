-- description: The activity log as it is kept: every source event and act once, with numbers for what recurs. Read
--   marts.activities instead, which spells the numbers out. An event that is in both tracks has one row here.
-- grain: source_event_id, verb_number
-- column: source_event_id | The source event.
-- column: kind_number | What happened to what, in which source: row of marts.activity_kinds.
-- column: verb_number | What happened: no source event tells one act twice.
-- column: occurred_at | When, UTC; null when unknown.
-- column: actor_number | Who: row of marts.activity_actors; null where no record names anybody.
-- column: subject_id | What it happened to; null where that is the change concerned, or else the deployment.
-- column: change_id | The change concerned, if any.
-- column: deployment_id | The deployment concerned, if any.
-- column: change_scope | Service and team of that change: row of marts.activity_scopes.
-- column: deployment_scope | Service and team of that deployment: row of marts.activity_scopes.
-- column: title | Short text for people.
-- column: url | The source's own page.
-- not_null: source_event_id, kind_number, verb_number
-- unique: source_event_id, verb_number
with actors as (
    select a.source, a.login, n.actor_number
    from intermediate.int_actors a
    inner join marts.activity_actors n
        on n.actor is not distinct from a.person_id and n.actor_type is not distinct from a.actor_type
),
changes as (
    select c.change_id, n.scope_number
    from intermediate.int_changes c
    inner join marts.activity_scopes n on n.service is not distinct from c.service and n.team is not distinct from c.team
),
deployments as (
    select d.deployment_id, n.scope_number
    from intermediate.int_deployments d
    inner join marts.activity_scopes n on n.service is not distinct from d.service and n.team is not distinct from d.team
)
select
    cast(e.source_event_id as varchar) as source_event_id,
    cast(k.kind_number as integer) as kind_number,
    cast(k.verb_number as integer) as verb_number,
    cast(e.occurred_at as timestamp) as occurred_at,
    cast(a.actor_number as integer) as actor_number,
    cast(case when e.subject_id is distinct from coalesce(e.change_id, e.deployment_id) then e.subject_id end as varchar) as subject_id,
    cast(e.change_id as varchar) as change_id,
    cast(e.deployment_id as varchar) as deployment_id,
    cast(c.scope_number as integer) as change_scope,
    cast(d.scope_number as integer) as deployment_scope,
    cast(e.title as varchar) as title,
    cast(e.url as varchar) as url
from intermediate.int_source_events e
-- Whatever is missing is not lost here but refused by the promises above.
left join intermediate.int_acts k
    on k.source = e.source and k.kind = e.kind and k.verb = e.verb and k.sign = e.sign
    and k.subject_kind is not distinct from e.subject_kind and k.time_quality is not distinct from e.time_quality
left join actors a on a.source = e.source and a.login = e.actor_login
left join changes c on c.change_id = e.change_id
left join deployments d on d.deployment_id = e.deployment_id
