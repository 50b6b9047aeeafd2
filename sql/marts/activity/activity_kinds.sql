-- description: What the activity log says of an event in words, one row per distinct combination and track: read together with
--   the events by marts.activities, which spells out both.
-- grain: kind_number, track
-- order_by: kind_number, track
-- column: kind_number | Number of the combination in this build.
-- column: source | Name of the source instance.
-- column: kind | What kind of record it happened to, as rules name it.
-- column: verb | What happened.
-- column: sign | The text that the rule's pattern was matched with.
-- column: subject_kind | change, deployment, run, release, incident, window, issue or repository.
-- column: time_quality | exact, bounded or inferred.
-- column: track | change_governance, release_execution, neither or unclassified.
-- column: activity | The activity within the track.
-- column: is_dual | Whether the same source event is in both tracks.
-- column: rule_id | The rule that decided; 'unclassified' if none did.
-- column: reason | Why, in the rule's words.
-- not_null: kind_number, source, kind, verb, sign, track, activity, is_dual, rule_id
-- unique: kind_number, track
-- assert: track in ('change_governance', 'release_execution', 'neither', 'unclassified')
select
    cast(a.kind_number as integer) as kind_number,
    cast(a.source as varchar) as source,
    cast(a.kind as varchar) as kind,
    cast(a.verb as varchar) as verb,
    cast(a.sign as varchar) as sign,
    cast(a.subject_kind as varchar) as subject_kind,
    cast(a.time_quality as varchar) as time_quality,
    cast(s.track as varchar) as track,
    cast(s.activity as varchar) as activity,
    cast(s.is_dual as boolean) as is_dual,
    cast(s.rule_id as varchar) as rule_id,
    cast(s.reason as varchar) as reason
from intermediate.int_acts a
left join intermediate.int_signs s on s.source = a.source and s.kind = a.kind and s.verb = a.verb and s.sign = a.sign
