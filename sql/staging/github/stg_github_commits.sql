-- description: One row per commit of a GitHub pull request; the same commit in two pull requests is two rows.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name#number/commit/sha.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: change_key | Pull request the commit belongs to.
-- column: revision | Commit SHA.
-- column: repository | owner/name.
-- column: author | Login of the author: GitHub's account, else the login in a GitHub no-reply address; unknown otherwise.
-- column: author_email | E-mail address in the commit.
-- column: author_type | human or bot, as GitHub types the account.
-- column: committer | Login of the committer; 'web-flow' is GitHub itself.
-- column: committer_email | E-mail address of the committer.
-- column: co_authors | E-mail addresses of Co-authored-by trailers, joined by |.
-- column: authored_at | When it was authored (UTC), by the author's clock.
-- column: committed_at | When it was committed (UTC), by the committer's clock; not when it was pushed.
-- column: message | Commit message.
-- not_null: source, source_event_id, key
-- unique: source, key
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.github_pull_request_commits
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':pull_request_commits:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.html_url', payload->>'$.commit.url', payload->>'$.url') as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(split_part(record_key, '/commit/', 1) as varchar) as change_key,
    cast(split_part(record_key, '/commit/', 2) as varchar) as revision,
    cast(split_part(record_key, '#', 1) as varchar) as repository,
    cast(coalesce(coalesce(payload->>'$.author.login', payload->>'$.commit.author.user.login'),
        -- Few addresses are of that kind: the others are not searched for a login.
        case when coalesce(payload->>'$.commit.author.email', payload->>'$.author.email') like '%@users.noreply.github.com'
            then nullif(regexp_extract(coalesce(payload->>'$.commit.author.email', payload->>'$.author.email'),
                '^(?:[0-9]+\+)?([^@]+)@users\.noreply\.github\.com$', 1), '') end) as varchar) as author,
    cast(coalesce(payload->>'$.commit.author.email', payload->>'$.author.email') as varchar) as author_email,
    cast(case when payload->>'$.author.type' = 'Bot' or coalesce(payload->>'$.commit.author.email',
        '') like '%[bot]@%' then 'bot'
        when payload->>'$.author.type' = 'User' or payload->>'$.commit.author.user.login' is not null
            then 'human' end as varchar) as author_type,
    cast(coalesce(coalesce(payload->>'$.committer.login', payload->>'$.commit.committer.user.login'),
        -- Few addresses are of that kind: the others are not searched for a login.
        case when coalesce(payload->>'$.commit.committer.email', payload->>'$.committer.email') like '%@users.noreply.github.com'
            then nullif(regexp_extract(coalesce(payload->>'$.commit.committer.email', payload->>'$.committer.email'),
                '^(?:[0-9]+\+)?([^@]+)@users\.noreply\.github\.com$', 1), '') end) as varchar) as committer,
    cast(coalesce(payload->>'$.commit.committer.email', payload->>'$.committer.email') as varchar) as committer_email,
    cast(nullif(regexp_replace(regexp_replace(regexp_replace(
        case when lower(coalesce(payload->>'$.commit.message', payload->>'$.message')) like '%co-authored-by:%'
            then coalesce(payload->>'$.commit.message', payload->>'$.message') end,
        '^[\s\S]*?[Cc]o-[Aa]uthored-[Bb]y:[^<\n]*<', '', 'g'),
        '>[\s\S]*?[Cc]o-[Aa]uthored-[Bb]y:[^<\n]*<', '|', 'g'), '>[\s\S]*$', '', 'g'), '') as varchar) as co_authors,
    cast(try_cast(coalesce(payload->>'$.commit.author.date', payload->>'$.commit.authoredDate',
        payload->>'$.author.date') as timestamptz) at time zone 'UTC' as timestamp) as authored_at,
    cast(try_cast(coalesce(payload->>'$.commit.committer.date', payload->>'$.commit.committedDate',
        payload->>'$.committer.date') as timestamptz) at time zone 'UTC' as timestamp) as committed_at,
    cast(coalesce(payload->>'$.commit.message', payload->>'$.message') as varchar) as message
from latest
