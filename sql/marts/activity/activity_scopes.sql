-- description: The services with their teams that the activity log's events concern, numbered.
-- grain: scope_number
-- order_by: scope_number
-- column: scope_number | Number in this build.
-- column: service | Service; null when nothing names one.
-- column: team | Team; null when unknown.
-- not_null: scope_number
-- unique: scope_number
-- unique: service, team
with scopes as (
    select service, team from intermediate.int_changes
    union
    select service, team from intermediate.int_deployments
)
select
    cast(row_number() over (order by service, team) as integer) as scope_number,
    cast(service as varchar) as service,
    cast(team as varchar) as team
from scopes
