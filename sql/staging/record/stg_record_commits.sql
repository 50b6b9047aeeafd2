-- description: One row per commit from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: change_key | Key of the change it is part of; unknown for commits of a branch.
-- column: revision | Revision it is about.
-- column: repository | Repository as the source names it.
-- column: author | Who wrote it.
-- column: author_email | The author's e-mail address.
-- column: author_type | human or bot, where the source says so.
-- column: committer | Who committed it.
-- column: committer_email | The committer's e-mail address.
-- column: co_authors | Co-authors, joined by |.
-- column: authored_at | When it was written (UTC).
-- column: committed_at | When it was committed (UTC).
-- column: message | Commit message.
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_commits
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':commits:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.change_key' as varchar) as change_key,
    cast(payload->>'$.record.revision' as varchar) as revision,
    cast(payload->>'$.record.repository' as varchar) as repository,
    cast(payload->>'$.record.author' as varchar) as author,
    cast(payload->>'$.record.author_email' as varchar) as author_email,
    cast(payload->>'$.record.author_type' as varchar) as author_type,
    cast(payload->>'$.record.committer' as varchar) as committer,
    cast(payload->>'$.record.committer_email' as varchar) as committer_email,
    cast(payload->>'$.record.co_authors' as varchar) as co_authors,
    cast(cast(payload->>'$.record.authored_at' as timestamptz) at time zone 'UTC' as timestamp) as authored_at,
    cast(cast(payload->>'$.record.committed_at' as timestamptz) at time zone 'UTC' as timestamp) as committed_at,
    cast(payload->>'$.record.message' as varchar) as message
from latest
