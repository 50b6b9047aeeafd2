-- description: One row per GitHub issue, as last seen; pull requests, which GitHub also lists as issues, are left out.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | owner/name#number.
-- column: url | Address of the record on the site.
-- column: updated_at | When the source last changed the record (UTC).
-- column: record_type | 'issue'.
-- column: title | Title.
-- column: description | Body text; unknown when empty.
-- column: change_type | Not stated by GitHub; always unknown here.
-- column: risk | Not stated by GitHub; always unknown here.
-- column: impact | Not stated by GitHub; always unknown here.
-- column: rollback_plan | Not stated by GitHub; always unknown here.
-- column: test_plan | Not stated by GitHub; always unknown here.
-- column: stakeholders | Not stated by GitHub; always unknown here.
-- column: conditions | Not stated by GitHub; always unknown here.
-- column: template | Not stated by GitHub; always unknown here.
-- column: template_version | Not stated by GitHub; always unknown here.
-- column: state | open or closed.
-- column: outcome | Why it was closed: completed, not_planned, duplicate or reopened.
-- column: is_draft | Not stated by GitHub; always unknown here.
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
-- column: merged_at | Not stated by GitHub; always unknown here.
-- column: merged_by | Not stated by GitHub; always unknown here.
-- column: merged_by_type | Not stated by GitHub; always unknown here.
-- column: closed_at | When it was closed (UTC); GitHub knows no other end of an incident kept as an issue.
-- column: base_branch | Not stated by GitHub; always unknown here.
-- column: head_branch | Not stated by GitHub; always unknown here.
-- column: base_revision | Not stated by GitHub; always unknown here.
-- column: head_revision | Not stated by GitHub; always unknown here.
-- column: merge_revision | Not stated by GitHub; always unknown here.
-- column: size_lines | Not stated by GitHub; always unknown here.
-- column: reverts_key | Not stated by GitHub; always unknown here.
-- column: post_review_at | Not stated by GitHub; always unknown here.
-- column: post_review_by | Not stated by GitHub; always unknown here.
-- column: severity | Not stated by GitHub; always unknown here.
-- column: started_at | Not stated by GitHub; always unknown here.
-- column: detected_at | Not stated by GitHub; always unknown here.
-- column: resolved_at | Not stated by GitHub; always unknown here.
-- not_null: source, source_event_id, key
-- unique: source, key
-- assert: state in ('open', 'closed')
-- order_by: source, key
with latest as (
    select source, record_key, payload,
        coalesce(payload->>'$.user.login', payload->>'$.author.login') as author_login,
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename') as author_account
    from raw.github_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':issues:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(coalesce(payload->>'$.html_url', payload->>'$.url') as varchar) as url,
    cast(try_cast(coalesce(payload->>'$.updated_at', payload->>'$.updatedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as updated_at,
    cast('issue' as varchar) as record_type,
    cast(nullif(payload->>'$.title', '') as varchar) as title,
    cast(nullif(payload->>'$.body', '') as varchar) as description,
    cast(null as varchar) as change_type,
    cast(null as varchar) as risk,
    cast(null as varchar) as impact,
    cast(null as varchar) as rollback_plan,
    cast(null as varchar) as test_plan,
    cast(null as varchar) as stakeholders,
    cast(null as varchar) as conditions,
    cast(null as varchar) as template,
    cast(null as varchar) as template_version,
    cast(lower(payload->>'$.state') as varchar) as state,
    cast(lower(coalesce(payload->>'$.state_reason', payload->>'$.stateReason')) as varchar) as outcome,
    cast(null as boolean) as is_draft,
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
    cast(null as timestamp) as merged_at,
    cast(null as varchar) as merged_by,
    cast(null as varchar) as merged_by_type,
    cast(try_cast(coalesce(payload->>'$.closed_at', payload->>'$.closedAt') as timestamptz) at time zone 'UTC'
        as timestamp) as closed_at,
    cast(null as varchar) as base_branch,
    cast(null as varchar) as head_branch,
    cast(null as varchar) as base_revision,
    cast(null as varchar) as head_revision,
    cast(null as varchar) as merge_revision,
    cast(null as bigint) as size_lines,
    cast(null as varchar) as reverts_key,
    cast(null as timestamp) as post_review_at,
    cast(null as varchar) as post_review_by,
    cast(null as varchar) as severity,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as detected_at,
    cast(null as timestamp) as resolved_at
from latest
where payload->>'$.pull_request' is null
