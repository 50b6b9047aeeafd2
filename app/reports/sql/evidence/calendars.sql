-- description: Business hours and freezes that touch the period.
-- grain: kind, name, start_at
-- column: kind | business_hours or freeze.
-- column: name | The freeze's name, or the team whose hours they are; 'default' where a team has none of its own.
-- column: service | Service a freeze is for; empty for all.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive.
-- column: exempt_change_types | Change types a freeze lets through.
select 'business_hours' as kind, case when h.team = '' then 'default' else h.team end as name, cast(null as varchar) as service,
    h.first_start_at as start_at, h.first_end_at as end_at, cast(null as varchar) as exempt_change_types
from config.business_days h
cross join pack.question q
where h.first_start_at < q.end_at and h.first_end_at > q.start_at
union all
select 'business_hours', case when h.team = '' then 'default' else h.team end, cast(null as varchar), h.second_start_at,
    h.second_end_at, cast(null as varchar)
from config.business_days h
cross join pack.question q
where h.second_start_at < q.end_at and h.second_end_at > q.start_at
union all
select 'freeze', f.name, f.service, f.start_at, f.end_at, f.exempt_change_types
from config.freezes f
cross join pack.question q
where f.start_at < q.end_at and f.end_at > q.start_at
