-- description: One row per status that a GitHub deployment went through.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | Deployment key, then /status/ and the node id.
-- column: url | Address of the log, for deployments by a workflow its run.
-- column: updated_at | When the source last changed the record (UTC).
-- column: deployment_key | Deployment it belongs to.
-- column: status | pending, queued, in_progress, waiting, success, failure, error or inactive (superseded).
-- column: occurred_at | When the status was set (UTC).
-- column: actor | Login of who set it.
-- column: actor_type | human or bot, as GitHub types the account.
-- column: description | Description.
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        payload->>'$.creator.login' as creator_login,
        coalesce(payload->>'$.creator.type', payload->>'$.creator.__typename') as creator_account
    from raw.github_deployment_statuses
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':deployment_statuses:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.log_url', payload->>'$.logUrl') as varchar) as url,
    cast(try_cast(coalesce(payload->>'$.updated_at', payload->>'$.updatedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as updated_at,
    cast(split_part(record_key, '/status/', 1) as varchar) as deployment_key,
    cast(lower(payload->>'$.state') as varchar) as status,
    cast(try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt', payload->>'$.updatedAt')
        as timestamptz) at time zone 'UTC' as timestamp) as occurred_at,
    cast(creator_login || case when creator_account = 'Bot' and creator_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as actor,
    cast(case when creator_account = 'Bot' or creator_login like '%[bot]' then 'bot'
        when creator_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as actor_type,
    cast(nullif(payload->>'$.description', '') as varchar) as description
from latest
