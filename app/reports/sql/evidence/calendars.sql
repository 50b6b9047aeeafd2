-- description: Business hours and freezes that touch the period.
-- grain: kind, name, start_at
-- column: kind | business_hours or freeze.
-- column: name | The freeze's name, or the team whose hours they are; 'default' where a team has none of its own.
-- column: service | Service a freeze is for; empty for all.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive.
-- column: exempt_change_types | Change types a freeze lets through.
select 'business_hours' as kind, case when h.is_default then 'default' else h.team end as name, cast(null as varchar) as service,
    h.start_at, h.end_at, cast(null as varchar) as exempt_change_types
from config.business_hours h
cross join pack.question q
where h.start_at < q.end_at and h.end_at > q.start_at
union all
select 'freeze', f.name, f.service, f.start_at, f.end_at, f.exempt_change_types
from config.freezes f
cross join pack.question q
where f.start_at < q.end_at and f.end_at > q.start_at
