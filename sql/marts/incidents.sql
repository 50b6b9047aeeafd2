-- description: One row per incident, with the deployment it is linked to and the basis of the link.
-- grain: incident_id
-- order_by: service, opened_at, incident_id
-- column: incident_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: kind | incident, rollback or hotfix.
-- column: title | Title.
-- column: url | The source's own page.
-- column: severity | Severity as stated.
-- column: service | Service hit; null when nothing names one.
-- column: team | Its team.
-- column: is_planned | Whether it is a planned reversal and so no failure.
-- column: opened_at | When it began, UTC.
-- column: resolved_at | When service was restored, UTC.
-- column: deployment_id | Deployment it is linked to; null while unlinked.
-- column: link_basis | reference, revision or preceding; null while unlinked.
-- column: source_event_id | The source event this row was read from.
-- not_null: incident_id, source, kind, is_planned
-- unique: incident_id
select
    cast(i.incident_id as varchar) as incident_id,
    cast(i.source as varchar) as source,
    cast(i.kind as varchar) as kind,
    cast(i.title as varchar) as title,
    cast(i.url as varchar) as url,
    cast(i.severity as varchar) as severity,
    cast(i.service as varchar) as service,
    cast(i.team as varchar) as team,
    cast(i.is_planned as boolean) as is_planned,
    cast(i.opened_at as timestamp) as opened_at,
    cast(i.resolved_at as timestamp) as resolved_at,
    cast(l.deployment_id as varchar) as deployment_id,
    cast(l.link_basis as varchar) as link_basis,
    cast(i.source_event_id as varchar) as source_event_id
from intermediate.int_incidents i
left join intermediate.int_incident_deployments l on l.incident_id = i.incident_id
