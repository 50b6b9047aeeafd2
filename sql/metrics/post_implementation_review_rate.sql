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
with judged as (
    select
        c.change_id, c.service, c.team, c.change_type, c.is_implemented,
        r.implemented_at, r.reviewed_at, r.reviewer, r.is_by_implementer, r.is_after_implementation, r.is_collectable,
        r.implemented_at + t.post_review_sla_days * interval '1 day' as due_at,
        b.as_of
    from marts.post_implementation_reviews r
    inner join marts.changes c on c.change_id = r.change_id
    cross join config.thresholds t
    cross join config.build b
)
select
    cast(change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(implemented_at as timestamp) as occurred_at,
    cast(coalesce(reviewed_at <= due_at and reviewer is not null and not is_by_implementer and is_after_implementation, false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when not is_implemented then 'not implemented'
            when due_at >= as_of then 'still within the limit'
            when not is_collectable then 'not collectable: the source states no reviews after implementation'
        end as varchar
    ) as exclusion_reason,
    cast(
        case
            when reviewed_at is null then 'no review recorded'
            when reviewer is null then 'reviewer unresolved'
            when is_by_implementer then 'reviewed by the implementer'
            when not is_after_implementation then 'reviewed before it took effect'
            when reviewed_at > due_at then 'reviewed late'
            else 'reviewed'
        end as varchar
    ) as detail
from judged
