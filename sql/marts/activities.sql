-- description: The activity log: every source event, classified into the two tracks with the rule that decided. An event that
--   decides and executes at once has two rows with one source_event_id.
-- grain: activity_id
-- column: activity_id | Source event, act and track, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event; shared by the two rows of an event that is both.
-- column: occurred_at | When, UTC; null when unknown.
-- column: actor | Person or automation; null while unresolved.
-- column: actor_type | human or bot.
-- column: verb | What happened.
-- column: track | change_governance, release_execution, neither or unclassified.
-- column: activity | The activity within the track.
-- column: is_dual | Whether the same source event is in both tracks.
-- column: rule_id | The rule that decided; 'unclassified' if none did.
-- column: reason | Why, in the rule's words.
-- column: subject_kind | change, deployment, run, release, incident, window, issue or repository.
-- column: subject_id | Which one.
-- column: change_id | The change concerned, if any.
-- column: deployment_id | The deployment concerned, if any.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: title | Short text for people.
-- column: sign | The text that the rule's pattern was matched with.
-- column: url | The source's own page.
-- column: time_quality | exact, bounded or inferred.
-- not_null: activity_id, source, source_event_id, verb, track, activity, rule_id, is_dual
-- unique: activity_id
-- assert: track in ('change_governance', 'release_execution', 'neither', 'unclassified')
select
    cast(e.source_event_id || ':' || e.verb || ':' || s.track as varchar) as activity_id,
    cast(e.source as varchar) as source,
    cast(e.source_event_id as varchar) as source_event_id,
    cast(e.occurred_at as timestamp) as occurred_at,
    cast(a.person_id as varchar) as actor,
    cast(a.actor_type as varchar) as actor_type,
    cast(e.verb as varchar) as verb,
    cast(s.track as varchar) as track,
    cast(s.activity as varchar) as activity,
    cast(s.is_dual as boolean) as is_dual,
    cast(s.rule_id as varchar) as rule_id,
    cast(s.reason as varchar) as reason,
    cast(e.subject_kind as varchar) as subject_kind,
    cast(e.subject_id as varchar) as subject_id,
    cast(e.change_id as varchar) as change_id,
    cast(e.deployment_id as varchar) as deployment_id,
    cast(coalesce(c.service, d.service) as varchar) as service,
    cast(coalesce(c.team, d.team) as varchar) as team,
    cast(e.title as varchar) as title,
    cast(e.sign as varchar) as sign,
    cast(e.url as varchar) as url,
    cast(e.time_quality as varchar) as time_quality
from intermediate.int_source_events e
inner join intermediate.int_signs s
    on s.source = e.source and s.kind = e.kind and s.verb = e.verb and s.sign = e.sign
left join intermediate.int_actors a on a.source = e.source and a.login = e.actor_login
left join intermediate.int_changes c on c.change_id = e.change_id
left join intermediate.int_deployments d on d.deployment_id = e.deployment_id
