-- description: All commits of all sources, one shape. One commit of a change (or of a branch, when ``change_key`` is unknown).
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Commit.
-- column: url | As in the record kind Commit.
-- column: updated_at | As in the record kind Commit.
-- column: change_key | As in the record kind Commit.
-- column: revision | As in the record kind Commit.
-- column: repository | As in the record kind Commit.
-- column: author | As in the record kind Commit.
-- column: author_email | As in the record kind Commit.
-- column: author_type | As in the record kind Commit.
-- column: committer | As in the record kind Commit.
-- column: committer_email | As in the record kind Commit.
-- column: co_authors | As in the record kind Commit.
-- column: authored_at | As in the record kind Commit.
-- column: committed_at | As in the record kind Commit.
-- column: message | As in the record kind Commit.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    revision,
    repository,
    author,
    author_email,
    author_type,
    committer,
    committer_email,
    co_authors,
    authored_at,
    committed_at,
    message
from staging.stg_github_commits
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    change_key,
    revision,
    repository,
    author,
    author_email,
    author_type,
    committer,
    committer_email,
    co_authors,
    authored_at,
    committed_at,
    message
from staging.stg_gitlab_commits
union all
select
    -- Records of a file without changes of its own are of the changes that they name.
    cast(coalesce(n.owner, r.source) as varchar) as source,
    r.source_event_id,
    cast(case when coalesce(n.owner, r.source) = r.source then r.key else r.source || '/' || r.key end as varchar) as key,
    r.url,
    r.updated_at,
    cast(coalesce(n.key, r.change_key) as varchar) as change_key,
    r.revision,
    r.repository,
    r.author,
    r.author_email,
    r.author_type,
    r.committer,
    r.committer_email,
    r.co_authors,
    r.authored_at,
    r.committed_at,
    r.message
from staging.stg_record_commits r
left join intermediate.int_named_changes n on n.source = r.source and n.change_key = r.change_key
