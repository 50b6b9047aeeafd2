-- description: Items of governance and release records classified by what they are about: an item on a governance record may be
--   release talk, and the reverse.
-- grain: item_id
-- order_by: team, occurred_at, item_id
-- column: item_id | The source event.
-- column: record_track | Track of the record it stands on: change_governance or release_execution.
-- column: topic | logistics or risk.
-- column: occurred_at | When, UTC.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_id | The change concerned.
-- column: is_misplaced | Whether the topic belongs to the other track.
-- column: title | Its words, shortened.
-- not_null: item_id, record_track, topic, is_misplaced
-- unique: item_id
-- assert: record_track in ('change_governance', 'release_execution')
select
    cast(e.source_event_id as varchar) as item_id,
    cast(
        case when e.kind in ('change', 'decision', 'conditional', 'policy') then 'change_governance' else 'release_execution' end
        as varchar
    ) as record_track,
    cast(t.topic as varchar) as topic,
    cast(e.occurred_at as timestamp) as occurred_at,
    cast(coalesce(c.service, d.service) as varchar) as service,
    cast(coalesce(c.team, d.team) as varchar) as team,
    cast(e.change_id as varchar) as change_id,
    cast(
        case when e.kind in ('change', 'decision', 'conditional', 'policy') then t.topic = 'logistics' else t.topic = 'risk' end
        as boolean
    ) as is_misplaced,
    cast(substr(e.title, 1, 300) as varchar) as title
from intermediate.int_source_events e
inner join intermediate.int_texts t on t.source_event_id = e.source_event_id
left join intermediate.int_changes c on c.change_id = e.change_id
left join intermediate.int_deployments d on d.deployment_id = e.deployment_id
where e.kind in ('change', 'decision', 'conditional', 'policy', 'release', 'deployment', 'run', 'gate')
    -- Releases kept as tracker items have no change of their own and count as release records.
    -- On a code review, talk about the code is the work itself; governance records are the ones that ask for approval of a release.
    and not coalesce(c.is_reviewed, false)
