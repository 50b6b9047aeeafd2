-- description: One row per PagerDuty incident, as the events that were pushed tell it.
-- grain: source, key
-- column: source | Name of the receiver the events were pushed to.
-- column: source_event_id | The first event that was told of it.
-- column: key | PagerDuty's id of the incident.
-- column: url | Address of the incident.
-- column: updated_at | When the latest event told of it happened (UTC).
-- column: kind | 'incident'.
-- column: title | Title.
-- column: description | Not stated by PagerDuty; always unknown here.
-- column: severity | Name of its priority, else its urgency.
-- column: status | triggered, acknowledged or resolved, after the latest event.
-- column: service | Name of its service.
-- column: component | Not stated by PagerDuty; always unknown here.
-- column: team | First team that it names.
-- column: environment | Not stated by PagerDuty; always unknown here.
-- column: is_planned | Not stated by PagerDuty; always unknown here.
-- column: deployment_key | Not stated by PagerDuty; always unknown here.
-- column: change_key | Not stated by PagerDuty; always unknown here.
-- column: revision | Not stated by PagerDuty; always unknown here.
-- column: version | Not stated by PagerDuty; always unknown here.
-- column: opened_by | Name of the person who triggered it, where one did.
-- column: opened_by_type | human where a person triggered it; unknown otherwise.
-- column: created_at | When it was created (UTC).
-- column: started_at | Not stated by PagerDuty; always unknown here.
-- column: detected_at | Not stated by PagerDuty; always unknown here.
-- column: resolved_at | When it was last resolved (UTC); unknown while it is open, or open again.
-- not_null: source, source_event_id, key, kind
-- unique: source, key
-- order_by: source, key
with events as (
    select
        source,
        record_key,
        payload->>'$.data.id' as key,
        payload->>'$.event_type' as event_type,
        try_cast(payload->>'$.occurred_at' as timestamptz) at time zone 'UTC' as occurred_at,
        payload
    from raw.pagerduty_events
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
told as (
    select
        *,
        max(case when event_type = 'incident.resolved' then occurred_at end) over incident as resolved_at,
        max(case when event_type = 'incident.triggered' and payload->>'$.agent.type' like 'user%'
            then payload->>'$.agent.summary' end) over incident as trigger_person,
        min(record_key) over incident as first_event
    from events
    window incident as (partition by source, key)
),
latest as (
    select * from told
    qualify row_number() over (
        partition by source, key order by coalesce(occurred_at, timestamp '0001-01-01') desc, record_key desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':events:' || first_event as varchar) as source_event_id,
    cast(key as varchar) as key,
    cast(payload->>'$.data.html_url' as varchar) as url,
    cast(occurred_at as timestamp) as updated_at,
    cast('incident' as varchar) as kind,
    cast(nullif(payload->>'$.data.title', '') as varchar) as title,
    cast(null as varchar) as description,
    cast(coalesce(payload->>'$.data.priority.summary', payload->>'$.data.urgency') as varchar) as severity,
    cast(payload->>'$.data.status' as varchar) as status,
    cast(payload->>'$.data.service.summary' as varchar) as service,
    cast(null as varchar) as component,
    cast(payload->>'$.data.teams[0].summary' as varchar) as team,
    cast(null as varchar) as environment,
    cast(null as boolean) as is_planned,
    cast(null as varchar) as deployment_key,
    cast(null as varchar) as change_key,
    cast(null as varchar) as revision,
    cast(null as varchar) as version,
    cast(trigger_person as varchar) as opened_by,
    cast(case when trigger_person is not null then 'human' end as varchar) as opened_by_type,
    cast(try_cast(payload->>'$.data.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as detected_at,
    cast(case when payload->>'$.data.status' = 'resolved' then resolved_at end as timestamp) as resolved_at
from latest
