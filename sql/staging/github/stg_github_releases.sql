-- description: One row per GitHub release, as last seen.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name/release/number.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: service | Not stated by GitHub; always unknown here.
-- column: repository | owner/name.
-- column: version | Tag name.
-- column: title | Title.
-- column: notes | Release notes.
-- column: plan | Not stated by GitHub; always unknown here.
-- column: revision | Commit of the tag, where GitHub names one (a branch name is not a commit).
-- column: artifact_digest | Not stated by GitHub; always unknown here.
-- column: status | draft, prerelease or published.
-- column: created_by | Login of the author.
-- column: created_by_type | human or bot, as GitHub types the account.
-- column: cut_at | Unknown: what GitHub calls the release's creation is its commit's date.
-- column: planned_at | Not stated by GitHub; always unknown here.
-- column: released_at | When it was published (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        payload->>'$.author.login' as author_login,
        coalesce(payload->>'$.author.type', payload->>'$.author.__typename') as author_account
    from raw.github_releases
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':releases:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.html_url', payload->>'$.url') as varchar) as url,
    cast(try_cast(coalesce(payload->>'$.updated_at', payload->>'$.updatedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as updated_at,
    cast(null as varchar) as service,
    cast(split_part(record_key, '/release/', 1) as varchar) as repository,
    cast(nullif(coalesce(payload->>'$.tag_name', payload->>'$.tagName'), '') as varchar) as version,
    cast(nullif(payload->>'$.name', '') as varchar) as title,
    cast(nullif(coalesce(payload->>'$.body', payload->>'$.description'), '') as varchar) as notes,
    cast(null as varchar) as plan,
    cast(coalesce(payload->>'$.tagCommit.oid',
        case when regexp_matches(coalesce(payload->>'$.target_commitish', ''), '^[0-9a-f]{40}$')
            then payload->>'$.target_commitish' end) as varchar) as revision,
    cast(null as varchar) as artifact_digest,
    cast(case when coalesce(payload->>'$.draft', payload->>'$.isDraft') = 'true' then 'draft'
        when coalesce(payload->>'$.prerelease', payload->>'$.isPrerelease') = 'true' then 'prerelease'
            else 'published' end as varchar) as status,
    cast(author_login || case when author_account = 'Bot' and author_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as created_by,
    cast(case when author_account = 'Bot' or author_login like '%[bot]' then 'bot'
        when author_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as created_by_type,
    cast(null as timestamp) as cut_at,
    cast(null as timestamp) as planned_at,
    cast(try_cast(coalesce(payload->>'$.published_at', payload->>'$.publishedAt') as timestamptz)
        at time zone 'UTC' as timestamp) as released_at
from latest
