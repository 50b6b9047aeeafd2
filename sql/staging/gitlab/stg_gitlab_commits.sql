-- description: One row per commit of a GitLab merge request; the same commit in two merge requests is two rows.
-- grain: commit of a merge request
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Key of the merge request, '/' and the commit.
-- column: url | Page of the commit.
-- column: updated_at | The source does not state it; always null.
-- column: change_key | Key of the merge request.
-- column: revision | The commit.
-- column: repository | Path of the project.
-- column: author | Login, where the author's address is GitLab's own; GitLab states only name and address.
-- column: author_email | Address of the author.
-- column: author_type | The source does not state it; always null.
-- column: committer | Login, where the committer's address is GitLab's own.
-- column: committer_email | Address of the committer.
-- column: co_authors | Addresses of co-authors in the message's trailers, joined by '|'.
-- column: authored_at | When it was written, UTC.
-- column: committed_at | When it was committed, UTC.
-- column: message | Commit message.
-- not_null: source, source_event_id, key, change_key, revision
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.gitlab_merge_request_commits
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':commit:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.web_url' as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(payload ->> '$.parent.key' as varchar) as change_key,
    cast(payload ->> '$.id' as varchar) as revision,
    cast(nullif(regexp_extract(payload ->> '$.web_url', '^https?://[^/]+/(.+?)(?:/-)?/commit/', 1), '') as varchar) as repository,
    cast(nullif(regexp_extract(payload ->> '$.author_email', '^[0-9]+-([^@]+)@users[.]noreply[.]', 1), '') as varchar) as author,
    cast(payload ->> '$.author_email' as varchar) as author_email,
    cast(null as varchar) as author_type,
    cast(nullif(regexp_extract(payload ->> '$.committer_email', '^[0-9]+-([^@]+)@users[.]noreply[.]', 1), '') as varchar) as committer,
    cast(payload ->> '$.committer_email' as varchar) as committer_email,
    cast(payload ->> '$.twotrack.co_authors' as varchar) as co_authors,
    cast(cast(payload ->> '$.authored_date' as timestamptz) at time zone 'UTC' as timestamp) as authored_at,
    cast(cast(payload ->> '$.committed_date' as timestamptz) at time zone 'UTC' as timestamp) as committed_at,
    cast(payload ->> '$.message' as varchar) as message
from latest
