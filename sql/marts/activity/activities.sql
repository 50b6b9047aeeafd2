-- description: The activity log: every source event, classified into the two tracks with the rule that decided. An event that
--   decides and executes at once has two rows with one source_event_id.
--   Nothing of it is kept twice: that no act is told twice is promised by the events, and by the kinds that a track has one row.
-- materialized: view
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
select
    cast(e.source_event_id || ':' || k.verb || ':' || k.track as varchar) as activity_id,
    cast(k.source as varchar) as source,
    cast(e.source_event_id as varchar) as source_event_id,
    cast(e.occurred_at as timestamp) as occurred_at,
    cast(a.actor as varchar) as actor,
    cast(a.actor_type as varchar) as actor_type,
    cast(k.verb as varchar) as verb,
    cast(k.track as varchar) as track,
    cast(k.activity as varchar) as activity,
    cast(k.is_dual as boolean) as is_dual,
    cast(k.rule_id as varchar) as rule_id,
    cast(k.reason as varchar) as reason,
    cast(k.subject_kind as varchar) as subject_kind,
    cast(coalesce(e.subject_id, e.change_id, e.deployment_id) as varchar) as subject_id,
    cast(e.change_id as varchar) as change_id,
    cast(e.deployment_id as varchar) as deployment_id,
    cast(coalesce(c.service, d.service) as varchar) as service,
    cast(coalesce(c.team, d.team) as varchar) as team,
    cast(e.title as varchar) as title,
    cast(k.sign as varchar) as sign,
    cast(e.url as varchar) as url,
    cast(k.time_quality as varchar) as time_quality
from marts.activity_events e
inner join marts.activity_kinds k on k.kind_number = e.kind_number
left join marts.activity_actors a on a.actor_number = e.actor_number
left join marts.activity_scopes c on c.scope_number = e.change_scope
left join marts.activity_scopes d on d.scope_number = e.deployment_scope
