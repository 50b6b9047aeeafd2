-- description: Every freeze of the settings and of the calendars, and what it holds: everything that it names, and nothing else.
-- grain: name, service, start_at, end_at
-- materialized: view
-- column: name | Name, as configured, else the window's title.
-- column: start_at | Start, UTC.
-- column: end_at | End, UTC, exclusive.
-- column: service | Service that it holds, lower case; null when it names none.
-- column: team | Team whose deployments it holds, lower case, where it names no service; null when it names none.
-- column: environment | Environment that it holds, lower case; null for production.
-- column: is_of_production | Whether it holds production: it names no environment, or one that is production.
-- column: component | Components that it holds, lower case, joined by '|'; null when it names none.
-- column: exempt_change_types | Types of change that may go all the same, joined by '|'.
-- column: known_since | When it was entered, UTC; null when unknown, and for those of the settings.
-- not_null: name, start_at, end_at, is_of_production, exempt_change_types
-- assert: end_at > start_at
with stated as (
    select name, start_at, end_at, service, cast(null as varchar) as team, cast(null as varchar) as environment,
        cast(null as varchar) as component, exempt_change_types, cast(null as timestamp) as known_since
    from config.freezes
    union all
    select coalesce(title, window_id), planned_start_at, planned_end_at, service, case when service is null then lower(trim(team)) end,
        lower(trim(environment)), lower(component), 'emergency', created_at
    from intermediate.int_windows
    where kind = 'freeze' and not is_withdrawn and planned_start_at is not null and planned_end_at > planned_start_at
)
select
    cast(s.name as varchar) as name,
    cast(s.start_at as timestamp) as start_at,
    cast(s.end_at as timestamp) as end_at,
    cast(lower(trim(s.service)) as varchar) as service,
    cast(s.team as varchar) as team,
    cast(s.environment as varchar) as environment,
    -- Production may bear several names.
    cast(s.environment is null or p.environment is not null as boolean) as is_of_production,
    cast(s.component as varchar) as component,
    cast(s.exempt_change_types as varchar) as exempt_change_types,
    cast(s.known_since as timestamp) as known_since
from stated s
left join config.production_environments p on p.environment = s.environment
