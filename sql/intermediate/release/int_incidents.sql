-- description: One row per incident, rollback record or hotfix record, from incident tools and from tracker items that are incidents.
-- grain: incident_id
-- column: incident_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key.
-- column: kind | incident, rollback or hotfix.
-- column: title | Title.
-- column: description | Text.
-- column: severity | Severity as stated.
-- column: url | The source's own page.
-- column: service | Service hit; null when nothing names one.
-- column: team | Its team.
-- column: environment | Environment as stated.
-- column: is_planned | Whether it is a planned reversal and so no failure.
-- column: deployment_key | Deployment it names as cause.
-- column: change_key | Change it names as cause.
-- column: revision | Commit it names.
-- column: version | Version it names.
-- column: opened_by | Person who opened it; null while unresolved.
-- column: opened_at | When it began: stated start, else detection, else creation; UTC.
-- column: detected_at | When it was noticed, UTC.
-- column: resolved_at | When service was restored, UTC; null while open or unknown.
-- not_null: incident_id, source, key, kind, is_planned
-- unique: incident_id
with gathered as (
    select source, source_event_id, key, coalesce(kind, 'incident') as kind, title, description, severity, url, service,
        component, cast(null as varchar) as repository, team, environment, is_planned, deployment_key, change_key, revision,
        version, opened_by, created_at, started_at, detected_at, resolved_at
    from intermediate.all_incidents
    union all
    select i.source, i.source_event_id, i.key, 'incident', i.title, i.description, i.severity, i.url, i.service,
        i.component, i.repository, i.team, i.environment,
        -- A label that calls the reversal planned is the record's own word for it.
        regexp_matches(lower(coalesce(i.labels, '')), '(^|[|])planned([-_ ]|[|]|$)'), cast(null as varchar),
        cast(null as varchar), cast(null as varchar), cast(null as varchar), i.requested_by, i.created_at, i.started_at,
        i.detected_at, coalesce(i.resolved_at, i.closed_at)
    from intermediate.all_issues i
    inner join intermediate.int_issue_kinds k
        on k.record_type = coalesce(lower(i.record_type), '') and k.labels = coalesce(lower(i.labels), '')
    where k.kind = 'incident'
)
select
    cast(g.source || ':' || g.key as varchar) as incident_id,
    cast(g.source as varchar) as source,
    cast(g.source_event_id as varchar) as source_event_id,
    cast(g.key as varchar) as key,
    cast(lower(g.kind) as varchar) as kind,
    cast(g.title as varchar) as title,
    cast(g.description as varchar) as description,
    cast(g.severity as varchar) as severity,
    cast(g.url as varchar) as url,
    cast(s.service as varchar) as service,
    cast(s.team as varchar) as team,
    cast(g.environment as varchar) as environment,
    cast(coalesce(g.is_planned, false) as boolean) as is_planned,
    cast(g.deployment_key as varchar) as deployment_key,
    cast(g.change_key as varchar) as change_key,
    cast(g.revision as varchar) as revision,
    cast(g.version as varchar) as version,
    cast(a.person_id as varchar) as opened_by,
    cast(coalesce(g.started_at, g.detected_at, g.created_at) as timestamp) as opened_at,
    cast(g.detected_at as timestamp) as detected_at,
    cast(g.resolved_at as timestamp) as resolved_at
from gathered g
left join intermediate.int_scopes s
    on s.service_key = coalesce(lower(g.service), '') and s.component_key = coalesce(lower(g.component), '')
    and s.repository_key = coalesce(lower(g.repository), '') and s.team_key = coalesce(g.team, '')
left join intermediate.int_actors a on a.source = g.source and a.login = lower(trim(g.opened_by))
