-- description: One row per Opsgenie alert, as the events that were pushed tell it.
-- grain: source, key
-- column: source | Name of the receiver the events were pushed to.
-- column: source_event_id | The first event that was told of it.
-- column: key | Opsgenie's id of the alert.
-- column: url | Not stated by Opsgenie; always unknown here.
-- column: updated_at | When the latest action told of it happened (UTC).
-- column: kind | 'incident': an alert that Opsgenie was told to push.
-- column: title | Message.
-- column: description | Description.
-- column: severity | Priority, P1 to P5.
-- column: status | open, acknowledged, closed or deleted, after the latest action that says so.
-- column: service | Not stated by Opsgenie; always unknown here.
-- column: component | Entity that the alert is about.
-- column: team | First team that it names.
-- column: environment | Not stated by Opsgenie; always unknown here.
-- column: is_planned | Not stated by Opsgenie; always unknown here.
-- column: deployment_key | Not stated by Opsgenie; always unknown here.
-- column: change_key | Not stated by Opsgenie; always unknown here.
-- column: revision | Not stated by Opsgenie; always unknown here.
-- column: version | Not stated by Opsgenie; always unknown here.
-- column: opened_by | Name of the user who created it, where one is told.
-- column: opened_by_type | Not stated by Opsgenie; always unknown here.
-- column: created_at | When it was created (UTC).
-- column: started_at | Not stated by Opsgenie; always unknown here.
-- column: detected_at | Not stated by Opsgenie; always unknown here.
-- column: resolved_at | When it was last closed or deleted (UTC); unknown while it is open.
-- not_null: source, source_event_id, key, kind
-- unique: source, key
-- order_by: source, key
with events as (
    select
        source,
        record_key,
        payload->>'$.alert.alertId' as key,
        payload->>'$.action' as action,
        try_cast(payload->>'$.twotrack.occurred_at' as timestamptz) at time zone 'UTC' as occurred_at,
        case payload->>'$.action'
            when 'Create' then 'open'
            when 'UnAcknowledge' then 'open'
            when 'Acknowledge' then 'acknowledged'
            when 'Close' then 'closed'
            when 'Delete' then 'deleted'
        end as status,
        payload
    from raw.opsgenie_events
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
told as (
    select
        *,
        -- Of two at one instant, what ends comes after what goes on.
        arg_max(
            status,
            epoch_us(occurred_at) * 10 + case status when 'deleted' then 4 when 'closed' then 3 when 'acknowledged' then 2 else 1 end
        ) filter (where status is not null) over alert as last_status,
        max(case when status in ('closed', 'deleted') then occurred_at end) over alert as closed_at,
        max(case when action = 'Create' then payload->>'$.alert.username' end) over alert as creator,
        min(record_key) over alert as first_event
    from events
    window alert as (partition by source, key)
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
    cast(null as varchar) as url,
    cast(occurred_at as timestamp) as updated_at,
    cast('incident' as varchar) as kind,
    cast(nullif(payload->>'$.alert.message', '') as varchar) as title,
    cast(nullif(payload->>'$.alert.description', '') as varchar) as description,
    cast(payload->>'$.alert.priority' as varchar) as severity,
    cast(last_status as varchar) as status,
    cast(null as varchar) as service,
    cast(nullif(payload->>'$.alert.entity', '') as varchar) as component,
    cast(coalesce(payload->>'$.alert.teams[0].name', nullif(payload->>'$.alert.team', '')) as varchar) as team,
    cast(null as varchar) as environment,
    cast(null as boolean) as is_planned,
    cast(null as varchar) as deployment_key,
    cast(null as varchar) as change_key,
    cast(null as varchar) as revision,
    cast(null as varchar) as version,
    cast(nullif(creator, '') as varchar) as opened_by,
    cast(null as varchar) as opened_by_type,
    cast(try_cast(payload->>'$.twotrack.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as detected_at,
    cast(case when last_status in ('closed', 'deleted') then closed_at end as timestamp) as resolved_at
from latest
