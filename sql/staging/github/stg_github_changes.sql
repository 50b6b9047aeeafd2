-- description: One row per GitHub pull request, as last seen.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name#number.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: record_type | 'pull_request'.
-- column: title | Title.
-- column: description | Body text; unknown when empty.
-- column: change_type | Not stated by GitHub; always unknown here.
-- column: risk | Not stated by GitHub; always unknown here.
-- column: impact | Not stated by GitHub; always unknown here.
-- column: rollback_plan | Not stated by GitHub; always unknown here.
-- column: test_plan | Not stated by GitHub; always unknown here.
-- column: stakeholders | Reviewers (logins, team slugs) whose review is still asked for, joined by |; GitHub takes a reviewer off once they review.
-- column: conditions | Not stated by GitHub; always unknown here.
-- column: template | Not stated by GitHub; always unknown here.
-- column: template_version | Not stated by GitHub; always unknown here.
-- column: state | open, closed or merged.
-- column: outcome | Not stated by GitHub; always unknown here.
-- column: is_draft | Whether it is still a draft.
-- column: service | Not stated by GitHub; always unknown here.
-- column: component | Not stated by GitHub; always unknown here.
-- column: team | Not stated by GitHub; always unknown here.
-- column: environment | Not stated by GitHub; always unknown here.
-- column: repository | owner/name.
-- column: labels | Label names joined by |.
-- column: requested_by | Login of the author; bots end in [bot].
-- column: requested_by_type | human or bot, as GitHub types the account.
-- column: contributors | Not stated by GitHub; always unknown here.
-- column: created_at | When it was opened (UTC).
-- column: ready_at | Not stated by GitHub; always unknown here.
-- column: requested_at | Not stated by GitHub; always unknown here.
-- column: approved_at | Not stated by GitHub; always unknown here.
-- column: approved_by | Not stated by GitHub; always unknown here.
-- column: planned_start_at | Not stated by GitHub; always unknown here.
-- column: planned_end_at | Not stated by GitHub; always unknown here.
-- column: actual_start_at | Not stated by GitHub; always unknown here.
-- column: actual_end_at | Not stated by GitHub; always unknown here.
-- column: first_commit_at | Not stated by GitHub; always unknown here.
-- column: merged_at | When it was merged (UTC); unknown if it was not.
-- column: merged_by | Login of who merged; lists of REST leave it out.
-- column: merged_by_type | human or bot, as GitHub types the account.
-- column: closed_at | When it was closed or merged (UTC).
-- column: base_branch | Branch it goes into.
-- column: head_branch | Branch it comes from.
-- column: base_revision | Head of the base branch when last seen.
-- column: head_revision | Head of the pull request: the revision that a review must cover.
-- column: merge_revision | Commit that the merge made; unknown until merged (before that GitHub names a trial merge).
-- column: size_lines | Lines added plus lines deleted.
-- column: reverts_key | Pull request that this one says it reverts ('Reverts owner/name#12' as GitHub's revert button writes it).
-- column: post_review_at | Not stated by GitHub; always unknown here.
-- column: post_review_by | Not stated by GitHub; always unknown here.
-- not_null: source, source_event_id, key
-- unique: source, key
-- assert: state in ('open', 'closed', 'merged')
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        coalesce(payload->>'$.user.login', payload->>'$.author.login') as author_login,
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename') as author_account,
        coalesce(payload->>'$.merged_by.login', payload->>'$.mergedBy.login') as merger_login,
        coalesce(payload->>'$.merged_by.type', payload->>'$.merged_by.__typename', payload->>'$.mergedBy.type',
            payload->>'$.mergedBy.__typename') as merger_account
    from raw.github_pull_requests
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':pull_requests:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.html_url', payload->>'$.url') as varchar) as url,
    cast(try_cast(coalesce(payload->>'$.updated_at', payload->>'$.updatedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as updated_at,
    cast('pull_request' as varchar) as record_type,
    cast(nullif(payload->>'$.title', '') as varchar) as title,
    cast(nullif(payload->>'$.body', '') as varchar) as description,
    cast(null as varchar) as change_type,
    cast(null as varchar) as risk,
    cast(null as varchar) as impact,
    cast(null as varchar) as rollback_plan,
    cast(null as varchar) as test_plan,
    cast(nullif(concat_ws('|',
        replace(regexp_replace(regexp_replace(regexp_replace(
        replace(case when coalesce(payload->>'$.reviewRequests.nodes',
            payload->>'$.requested_reviewers') like '%"login":"%'
            then coalesce(payload->>'$.reviewRequests.nodes', payload->>'$.requested_reviewers') end, '\"', chr(31)),
        '^[\s\S]*?"login":"', '', 'g'), '"[,}][\s\S]*?"login":"', '|', 'g'), '"[,}][\s\S]*$', '', 'g'),
        chr(31), '"'),
        replace(regexp_replace(regexp_replace(regexp_replace(
        replace(case when coalesce(payload->>'$.reviewRequests.nodes', payload->>'$.requested_teams') like '%"slug":"%'
            then coalesce(payload->>'$.reviewRequests.nodes', payload->>'$.requested_teams') end, '\"', chr(31)),
        '^[\s\S]*?"slug":"', '', 'g'), '"[,}][\s\S]*?"slug":"', '|', 'g'), '"[,}][\s\S]*$', '', 'g'),
        chr(31), '"')), '') as varchar) as stakeholders,
    cast(null as varchar) as conditions,
    cast(null as varchar) as template,
    cast(null as varchar) as template_version,
    cast(case when coalesce(payload->>'$.merged_at', payload->>'$.mergedAt') is not null then 'merged'
        else lower(payload->>'$.state') end as varchar) as state,
    cast(null as varchar) as outcome,
    try_cast(coalesce(payload->>'$.draft', payload->>'$.isDraft') as boolean) as is_draft,
    cast(null as varchar) as service,
    cast(null as varchar) as component,
    cast(null as varchar) as team,
    cast(null as varchar) as environment,
    cast(split_part(record_key, '#', 1) as varchar) as repository,
    cast(nullif(replace(regexp_replace(regexp_replace(regexp_replace(
        replace(case when coalesce(payload->>'$.labels.nodes', payload->>'$.labels') like '%"name":"%'
            then coalesce(payload->>'$.labels.nodes', payload->>'$.labels') end, '\"', chr(31)),
        '^[\s\S]*?"name":"', '', 'g'), '"[,}][\s\S]*?"name":"', '|', 'g'), '"[,}][\s\S]*$', '', 'g'),
        chr(31), '"'), '') as varchar) as labels,
    cast(author_login || case when author_account = 'Bot' and author_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as requested_by,
    cast(case when author_account = 'Bot' or author_login like '%[bot]' then 'bot'
        when author_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as requested_by_type,
    cast(null as varchar) as contributors,
    cast(try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt') as timestamptz) at time zone 'UTC'
        as timestamp) as created_at,
    cast(null as timestamp) as ready_at,
    cast(null as timestamp) as requested_at,
    cast(null as timestamp) as approved_at,
    cast(null as varchar) as approved_by,
    cast(null as timestamp) as planned_start_at,
    cast(null as timestamp) as planned_end_at,
    cast(null as timestamp) as actual_start_at,
    cast(null as timestamp) as actual_end_at,
    cast(null as timestamp) as first_commit_at,
    cast(try_cast(coalesce(payload->>'$.merged_at', payload->>'$.mergedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as merged_at,
    cast(merger_login || case when merger_account = 'Bot' and merger_login not like '%[bot]' then '[bot]'
        else '' end as varchar) as merged_by,
    cast(case when merger_account = 'Bot' or merger_login like '%[bot]' then 'bot'
        when merger_account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar)
            as merged_by_type,
    cast(try_cast(coalesce(payload->>'$.closed_at', payload->>'$.closedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as closed_at,
    cast(coalesce(payload->>'$.base.ref', payload->>'$.baseRefName') as varchar) as base_branch,
    cast(coalesce(payload->>'$.head.ref', payload->>'$.headRefName') as varchar) as head_branch,
    cast(coalesce(payload->>'$.base.sha', payload->>'$.baseRefOid') as varchar) as base_revision,
    cast(coalesce(payload->>'$.head.sha', payload->>'$.headRefOid') as varchar) as head_revision,
    cast(case when coalesce(payload->>'$.merged_at', payload->>'$.mergedAt') is not null
        then coalesce(payload->>'$.mergeCommit.oid', payload->>'$.merge_commit_sha') end as varchar) as merge_revision,
    try_cast(try_cast(payload->>'$.additions' as bigint) + try_cast(payload->>'$.deletions' as bigint) as bigint)
        as size_lines,
    cast(case when payload->>'$.body' like '%Reverts %' then coalesce(
        nullif(regexp_extract(payload->>'$.body', 'Reverts ([\w.-]+/[\w.-]+#[0-9]+)', 1), ''),
        split_part(record_key, '#', 1) || nullif(regexp_extract(payload->>'$.body',
            '(?:^|\s)Reverts (#[0-9]+)', 1), '')) end as varchar) as reverts_key,
    cast(null as timestamp) as post_review_at,
    cast(null as varchar) as post_review_by
from latest
