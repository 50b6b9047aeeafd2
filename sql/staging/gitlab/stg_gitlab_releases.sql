-- description: One row per GitLab release.
-- grain: release of a project
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Project and tag.
-- column: url | Page of the release.
-- column: updated_at | The source does not state it; always null.
-- column: service | The source does not state it; always null.
-- column: repository | Path of the project.
-- column: version | Tag.
-- column: title | Name.
-- column: notes | Release notes.
-- column: plan | The source does not state it; always null.
-- column: revision | Commit of the tag.
-- column: artifact_digest | The source does not state it; always null.
-- column: status | upcoming or released.
-- column: created_by | Login of who made it.
-- column: created_by_type | The source does not state it; always null.
-- column: cut_at | When it was made, UTC.
-- column: planned_at | Its date while that lies ahead, UTC.
-- column: released_at | Its date once reached, UTC.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.gitlab_releases
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':release:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$._links.self' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(null as varchar) as service,
    cast(nullif(regexp_extract(payload ->> '$._links.self', '^https?://[^/]+/(.+?)(?:/-)?/releases/', 1), '') as varchar) as repository,
    cast(payload ->> '$.tag_name' as varchar) as version,
    cast(payload ->> '$.name' as varchar) as title,
    cast(nullif(payload ->> '$.description', '') as varchar) as notes,
    cast(null as varchar) as plan,
    cast(payload ->> '$.commit.id' as varchar) as revision,
    cast(null as varchar) as artifact_digest,
    cast(case when (payload ->> '$.upcoming_release') = 'true' then 'upcoming' else 'released' end as varchar) as status,
    cast(payload ->> '$.author.username' as varchar) as created_by,
    cast(null as varchar) as created_by_type,
    cast(cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as cut_at,
    cast(case when (payload ->> '$.upcoming_release') = 'true'
        then cast(payload ->> '$.released_at' as timestamptz) at time zone 'UTC' end as timestamp) as planned_at,
    cast(case when coalesce(payload ->> '$.upcoming_release', 'false') <> 'true'
        then cast(payload ->> '$.released_at' as timestamptz) at time zone 'UTC' end as timestamp) as released_at
from latest
