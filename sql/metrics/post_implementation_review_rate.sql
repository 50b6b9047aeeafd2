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
select
    cast(c.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(c.service as varchar) as service,
    cast(c.team as varchar) as team,
    cast(c.change_type as varchar) as change_type,
    cast(coalesce(c.merged_at, c.closed_at, c.created_at) as timestamp) as occurred_at,
    cast(coalesce(i.post_review_at <= coalesce(c.merged_at, c.closed_at, c.created_at) + t.post_review_sla_days * interval '1 day' and a.person_id is not null and a.person_id <> coalesce(c.requester, '') and a.person_id <> coalesce(c.merged_by, ''), false) as boolean) as in_numerator,
    cast(null as double) as value,
    cast(
        case
            when c.state not in ('merged', 'closed') then 'not implemented'
            when coalesce(c.merged_at, c.closed_at, c.created_at) + t.post_review_sla_days * interval '1 day' > b.as_of and i.post_review_at is null
                then 'still within the limit'
        end as varchar) as exclusion_reason,
    cast(case when i.post_review_at is null then 'no review recorded' when a.person_id is null then 'reviewer unresolved' when a.person_id in (c.requester, c.merged_by) then 'reviewed by the implementer' else 'reviewed' end as varchar) as detail
from marts.changes c
inner join intermediate.int_changes i on i.change_id = c.change_id
cross join config.thresholds t
cross join config.build b
left join intermediate.int_actors a on a.source = i.source and a.login = i.post_review_by_login
where c.change_type = 'emergency'
