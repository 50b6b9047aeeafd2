-- description: What each process caught and missed: acts that stopped, changed or delayed something, and failures after
--   deployment with the process that should have caught them. One row per record and kind.
-- grain: catch_id
-- order_by: process, occurred_at, catch_id
-- column: catch_id | Process, evidence, outcome and kind, joined by ':'.
-- column: process | change_governance or release_execution; null for a miss of unknown kind.
-- column: outcome | catch or miss.
-- column: kind | One of the ten kinds, or 'kind unknown'. A record may be of more than one.
-- column: kind_basis | record when fields, labels or records tell the kind, words when only words do; null when unknown.
-- column: rule | The rule over records that made it a catch or a miss.
-- column: occurred_at | When, UTC.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_id | The change concerned.
-- column: deployment_id | The deployment concerned.
-- column: evidence_id | The record that shows it.
-- column: text | Its words, shortened.
-- not_null: catch_id, outcome, kind, rule, evidence_id
-- unique: catch_id
-- assert: outcome in ('catch', 'miss')
-- assert: kind_basis in ('record', 'words')
with gathered as (
    select 'change_governance' as process, 'catch' as outcome, kind, kind_basis, rule, occurred_at, service, team, change_id,
        cast(null as varchar) as deployment_id, evidence_id, text
    from marts.governance_catches
    union all
    select 'release_execution', 'catch', kind, kind_basis, rule, occurred_at, service, team, null, deployment_id, evidence_id, text
    from marts.release_catches
    union all
    select process, 'miss', kind, kind_basis, rule, occurred_at, service, team, change_id, deployment_id, evidence_id, text
    from marts.misses
)
-- Each of the three has one row per record and kind. A change and a deployment may bear one number, so that the process tells
-- their rows apart.
select
    cast(coalesce(process, 'unknown') || ':' || evidence_id || ':' || outcome || ':' || coalesce(kind, 'kind unknown') as varchar)
        as catch_id,
    cast(process as varchar) as process,
    cast(outcome as varchar) as outcome,
    cast(coalesce(kind, 'kind unknown') as varchar) as kind,
    cast(kind_basis as varchar) as kind_basis,
    cast(rule as varchar) as rule,
    cast(occurred_at as timestamp) as occurred_at,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id,
    cast(evidence_id as varchar) as evidence_id,
    cast(text as varchar) as text
from gathered
