-- description: Share of emergency changes older than the limit whose review after implementation was done in time by somebody who did not implement them.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Reviews after emergencies
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: higher
-- minimum_sample: 5
-- dated_by: implementation
-- source: Definitions, other rates
-- absent_reason: no emergency change is older than the limit
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
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
        a.person_id as reviewer
    from marts.changes c
    inner join intermediate.int_changes i on i.change_id = c.change_id
    left join said s on s.change_id = c.change_id
    left join intermediate.int_actors a
        on a.source = i.source and a.login = case when i.post_review_at is not null then i.post_review_by_login else s.login end
    where c.change_type = 'emergency'
),
judged as (
    select
        e.*,
        e.implemented_at + t.post_review_sla_days * interval '1 day' as due_at,
        b.as_of,
        p.person is not null as is_by_implementer
    from emergencies e
    cross join config.thresholds t
    cross join config.build b
    left join implementers p on p.change_id = e.change_id and p.person = e.reviewer
)
select
    cast(change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(implemented_at as timestamp) as occurred_at,
    cast(coalesce(reviewed_at <= due_at and reviewer is not null and not is_by_implementer, false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when state not in ('merged', 'closed') or coalesce(outcome, '') = 'cancelled' then 'not implemented'
            when due_at > as_of then 'still within the limit'
        end as varchar
    ) as exclusion_reason,
    cast(
        case
            when reviewed_at is null then 'no review recorded'
            when reviewer is null then 'reviewer unresolved'
            when is_by_implementer then 'reviewed by the implementer'
            when reviewed_at > due_at then 'reviewed late'
            else 'reviewed'
        end as varchar
    ) as detail
from judged
