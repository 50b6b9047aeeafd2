-- description: Share of overlapping pairs that became known only after the later approval, so that no decision could weigh them.
-- grain: record_id
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
    cast(window_a || '|' || window_b as varchar) as record_id,
    cast('window_pair' as varchar) as record_kind,
    cast(min(service) as varchar) as service,
    cast(min(team) as varchar) as team,
    cast(min(change_type) as varchar) as change_type,
    cast(min(overlap_start_at) as timestamp) as occurred_at,
    cast(not coalesce(bool_and(is_known_at_approval), true) as boolean) as in_numerator,
    cast(min(overlap_seconds) as double) as value,
    cast(case when bool_and(is_known_at_approval) is null then 'entry or approval unknown' end as varchar) as exclusion_reason,
    cast(
        'on ' || min(scope || ' ' || scope_value)
            || case when count(*) > 1 then ' and ' || cast(count(*) - 1 as varchar) || ' more' else '' end as varchar
    ) as detail
from marts.window_overlaps
where basis = 'planned' and scope in ('component', 'service', 'dependency')
-- Each unordered pair once, however many components, services and dependencies the two share.
group by window_a, window_b
