-- description: One row per release, with its service resolved.
-- grain: release_id
-- column: release_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key.
-- column: service | Service it is of; null when nothing names one.
-- column: team | Its team.
-- column: repository | Repository, lower case.
-- column: version | Version or tag.
-- column: title | Title.
-- column: notes | Release notes.
-- column: plan | Release plan.
-- column: revision | Commit it is made of.
-- column: artifact_digest | Digest of its artifact.
-- column: created_by | Person who made it; null while unresolved.
-- column: created_by_type | human or bot.
-- column: cut_at | When its content was fixed, UTC.
-- column: planned_at | When it was planned for, UTC.
-- column: released_at | When it was released, UTC.
-- column: url | The source's own page.
-- not_null: release_id, source, key
-- unique: release_id
select
    cast(r.source || ':' || r.key as varchar) as release_id,
    cast(r.source as varchar) as source,
    cast(r.source_event_id as varchar) as source_event_id,
    cast(r.key as varchar) as key,
    cast(s.service as varchar) as service,
    cast(s.team as varchar) as team,
    cast(lower(r.repository) as varchar) as repository,
    cast(r.version as varchar) as version,
    cast(r.title as varchar) as title,
    cast(r.notes as varchar) as notes,
    cast(r.plan as varchar) as plan,
    cast(r.revision as varchar) as revision,
    cast(r.artifact_digest as varchar) as artifact_digest,
    cast(a.person_id as varchar) as created_by,
    cast(a.actor_type as varchar) as created_by_type,
    cast(r.cut_at as timestamp) as cut_at,
    cast(r.planned_at as timestamp) as planned_at,
    cast(r.released_at as timestamp) as released_at,
    cast(r.url as varchar) as url
from intermediate.all_releases r
left join intermediate.int_scopes s
    on s.service_key = coalesce(lower(r.service), '') and s.component_key = ''
    and s.repository_key = coalesce(lower(r.repository), '') and s.team_key = ''
left join intermediate.int_actors a on a.source = r.source and a.login = lower(trim(r.created_by))
