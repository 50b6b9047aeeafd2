-- description: Share of overlapping pairs that became known only after the later approval, so that no decision could weigh them.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Conflicts that emerged later
-- unit: ratio
-- kind: rate
-- statistic: share
-- better: lower
-- minimum_sample: 10
-- dated_by: overlap start
-- source: Definitions, change windows
-- absent_reason: no overlapping pair whose approvals are known
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
    cast(o.basis || '|' || o.scope || '|' || o.scope_value || '|' || o.window_a || '|' || o.window_b as varchar) as record_id,
    cast('window_pair' as varchar) as record_kind,
    cast(w.service as varchar) as service,
    cast(w.team as varchar) as team,
    cast(w.change_type as varchar) as change_type,
    cast(o.overlap_start_at as timestamp) as occurred_at,
    cast(not coalesce(o.is_known_at_approval, true) as boolean) as in_numerator,
    cast(o.overlap_seconds as double) as value,
    cast(case when o.is_known_at_approval is null then 'entry or approval unknown' end as varchar) as exclusion_reason,
    cast(o.scope || ' ' || o.scope_value as varchar) as detail
from marts.window_overlaps o
inner join marts.windows w on w.window_id = o.window_a
where o.basis = 'planned' and o.scope in ('component', 'service', 'dependency')
