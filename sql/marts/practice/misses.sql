-- description: What slipped through: production deployments that needed intervention, and emergency fixes right after one, by the
--   kinds of what should have been caught; one row per failure and kind.
-- grain: evidence_id, kind
-- order_by: occurred_at, evidence_id, kind
-- column: evidence_id | The failed deployment, or the emergency change that mended what it brought.
-- column: process | Process that should have caught it; null when the kind is unknown.
-- column: kind | One of the ten kinds; null when no field, label or word tells it.
-- column: kind_basis | record when fields, labels or records tell the kind, words when only words do; null when unknown.
-- column: rule | The rule that made it a miss.
-- column: occurred_at | When the need became known, UTC.
-- column: service | Service deployed.
-- column: team | Its team.
-- column: change_id | The emergency change; null for other failures.
-- column: deployment_id | The deployment that failed.
-- column: text | Words of the incident.
-- not_null: evidence_id, rule, deployment_id
-- unique: evidence_id, process, kind
with failures as (
    select deployment_id as evidence_id, deployment_id, failed_at as occurred_at, service, team, cast(null as varchar) as change_id,
        artifact, environment, started_at, finished_at, unauthorised_reason, 'failure after deployment: ' || failure_reasons as rule
    from marts.deployments
    where is_failed
),
repairs as (
    -- An emergency change that went to the service of a deployment soon after it, which nothing else calls a failure.
    select x.change_id, d.deployment_id as repair_id, d.service, lower(d.environment) as environment, d.started_at
    from marts.deployment_changes x
    inner join marts.changes c on c.change_id = x.change_id
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    where c.change_type = 'emergency' and d.is_production and d.outcome = 'succeeded' and not d.is_rerelease
        and d.service is not null and x.link_basis not in ('between', 'ticket')
),
mended as (
    select r.change_id as evidence_id, d.deployment_id, r.started_at as occurred_at, d.service, d.team, r.change_id, d.artifact,
        d.environment, d.started_at, d.finished_at, d.unauthorised_reason, 'emergency fix after deployment' as rule, d.is_failed
    from repairs r
    inner join marts.deployments d
        on d.service = r.service and lower(d.environment) = r.environment and d.deployment_id <> r.repair_id
        and d.outcome = 'succeeded' and d.finished_at <= r.started_at
    cross join config.thresholds t
    where epoch_us(r.started_at) - epoch_us(d.finished_at) <= t.incident_window_hours * 3600000000
    qualify row_number() over (partition by r.change_id order by d.finished_at desc, coalesce(d.started_at, d.finished_at) desc, d.deployment_id desc) = 1
),
missed as (
    select * from failures
    union all
    select evidence_id, deployment_id, occurred_at, service, team, change_id, artifact, environment, started_at, finished_at,
        unauthorised_reason, rule
    from mended where not coalesce(is_failed, false)
),
clashing as (
    -- Windows that shared time with another one of the service or of a neighbour, which was known when they were approved.
    select window_a as window_id
    from marts.window_overlaps
    where basis = 'planned' and scope in ('component', 'service', 'dependency') and not is_adjacent and coalesce(is_known_at_approval, true)
    union
    select window_b
    from marts.window_overlaps
    where basis = 'planned' and scope in ('component', 'service', 'dependency') and not is_adjacent and coalesce(is_known_at_approval, true)
),
shown as (
    -- Kinds that fields and records tell.
    select evidence_id, 'release_execution' as process, 'artifact differs from what was approved' as kind
    from missed where unauthorised_reason = 'other revision'
    union
    select m.evidence_id, 'release_execution', 'artifact differs from what was approved'
    from missed m
    inner join marts.rebuilt_deployments b on b.deployment_id = m.deployment_id
    union
    -- It hit a service of another team.
    select m.evidence_id, 'change_governance', 'cross-team dependency'
    from missed m
    inner join marts.incidents i on i.deployment_id = m.deployment_id and not i.is_planned
    where i.service <> m.service and i.team <> m.team
    union
    -- Deployed into a freeze, or while a window of another change of the service was open that was entered before.
    select m.evidence_id, 'change_governance', 'timing conflict'
    from missed m
    inner join marts.freeze_deployments f on f.deployment_id = m.deployment_id and not f.is_exempt
    union
    select m.evidence_id, 'change_governance', 'timing conflict'
    from missed m
    inner join marts.deployment_changes x on x.deployment_id = m.deployment_id and x.link_basis not in ('between', 'ticket')
    inner join intermediate.int_windows w on w.change_id = x.governing_change_id
    inner join clashing o on o.window_id = w.window_id
    union
    -- Whoever approved it was not entitled to.
    select m.evidence_id, 'change_governance', 'risk above the owner''s authority'
    from missed m
    inner join marts.deployment_changes x on x.deployment_id = m.deployment_id and x.link_basis not in ('between', 'ticket')
    inner join marts.change_separation s on s.change_id = x.governing_change_id and s.sod_8 = 'fail'
    union
    -- A condition of the approval was open when it started, so it was not ready to go.
    select m.evidence_id, 'release_execution', 'operational readiness'
    from missed m
    inner join marts.deployment_changes x on x.deployment_id = m.deployment_id and x.link_basis not in ('between', 'ticket')
    inner join marts.conditions k on k.change_id = x.governing_change_id and k.status in ('late', 'unmet')
    union
    -- The same artifact held once something that it depends on had come after it.
    select m.evidence_id, 'release_execution', 'sequencing'
    from missed m
    inner join intermediate.int_deployments again
        on again.service = m.service and again.artifact = m.artifact and lower(again.environment) = lower(m.environment)
        and again.outcome = 'succeeded' and again.started_at > m.finished_at
    inner join config.service_dependencies n on n.service = m.service
    inner join intermediate.int_deployments other
        on other.service = n.depends_on and lower(other.environment) = lower(m.environment) and other.outcome = 'succeeded'
        and other.finished_at > m.started_at and other.finished_at <= again.started_at
    inner join marts.deployments a on a.deployment_id = again.deployment_id and not coalesce(a.is_failed, false)
    union
    select m.evidence_id, l.process, l.kind
    from missed m
    inner join marts.incidents i on i.deployment_id = m.deployment_id and not i.is_planned
    inner join intermediate.all_issues s on s.source || ':' || s.key = i.incident_id and s.labels is not null
    inner join seeds.catch_labels l on regexp_matches(lower(s.labels), l.pattern)
),
texts as (
    select m.evidence_id, i.source_event_id, i.title as text
    from missed m
    inner join marts.incidents l on l.deployment_id = m.deployment_id and not l.is_planned
    inner join intermediate.int_incidents i on i.incident_id = l.incident_id
    union
    -- The change that took it back says why.
    select m.evidence_id, c.source_event_id, c.title
    from missed m
    inner join intermediate.int_deployment_failures f on f.deployment_id = m.deployment_id and f.reason = 'revert' and f.exclusion is null
    inner join intermediate.int_changes c on c.change_id = f.evidence_id
    union
    select m.evidence_id, c.source_event_id, c.title
    from missed m
    inner join intermediate.int_changes c on c.change_id = m.change_id
),
kinds as (
    select evidence_id, process, kind, 'record' as kind_basis from shown
    union
    select x.evidence_id, t.process, t.kind, 'words'
    from texts x
    inner join intermediate.int_catch_texts t on t.source_event_id = x.source_event_id
)
select
    cast(m.evidence_id as varchar) as evidence_id,
    cast(k.process as varchar) as process,
    cast(k.kind as varchar) as kind,
    cast(min(k.kind_basis) as varchar) as kind_basis,
    cast(min(m.rule) as varchar) as rule,
    cast(min(m.occurred_at) as timestamp) as occurred_at,
    cast(min(m.service) as varchar) as service,
    cast(min(m.team) as varchar) as team,
    cast(min(m.change_id) as varchar) as change_id,
    cast(min(m.deployment_id) as varchar) as deployment_id,
    cast(substr(min(x.text), 1, 300) as varchar) as text
from missed m
left join kinds k on k.evidence_id = m.evidence_id
left join (select evidence_id, min(text) as text from texts group by evidence_id) x on x.evidence_id = m.evidence_id
group by m.evidence_id, k.process, k.kind
