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
with several as (
    -- Each unordered pair once, however many components, services and dependencies the two share; most share one.
    select a.window_id as window_a, b.window_id as window_b
    from (
        select o.number_a, o.number_b
        from intermediate.int_window_pairs o
        inner join intermediate.int_window_places p on p.place = o.place
        where p.basis = 'planned' and p.scope in ('component', 'service', 'dependency')
        group by o.number_a, o.number_b
        having count(*) > 1
    ) s
    inner join intermediate.int_numbered_windows a on a.window_number = s.number_a
    inner join intermediate.int_numbered_windows b on b.window_number = s.number_b
),
pairs as (
    select o.window_a, o.window_b, o.service, o.team, o.change_type, o.overlap_start_at, o.overlap_seconds,
        o.is_known_at_approval, o.scope || ' ' || o.scope_value as place, 1 as places
    from marts.window_overlaps o
    left join several s on s.window_a = o.window_a and s.window_b = o.window_b
    where o.basis = 'planned' and o.scope in ('component', 'service', 'dependency') and s.window_a is null
    union all
    select o.window_a, o.window_b, min(o.service), min(o.team), min(o.change_type), min(o.overlap_start_at),
        min(o.overlap_seconds), bool_and(o.is_known_at_approval), min(o.scope || ' ' || o.scope_value), count(*)
    from marts.window_overlaps o
    inner join several s on s.window_a = o.window_a and s.window_b = o.window_b
    where o.basis = 'planned' and o.scope in ('component', 'service', 'dependency')
    group by o.window_a, o.window_b
)
select
    cast(window_a || '|' || window_b as varchar) as record_id,
    cast('window_pair' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(overlap_start_at as timestamp) as occurred_at,
    cast(not coalesce(is_known_at_approval, true) as boolean) as in_numerator,
    cast(overlap_seconds as double) as value,
    cast(case when is_known_at_approval is null then 'entry or approval unknown' end as varchar) as exclusion_reason,
    cast('on ' || place || case when places > 1 then ' and ' || cast(places - 1 as varchar) || ' more' else '' end as varchar)
        as detail
from pairs
