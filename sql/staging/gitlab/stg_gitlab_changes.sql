-- description: One row per GitLab merge request, as its latest version states it.
-- grain: merge request of a project
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Project number, '!' and the merge request's number.
-- column: url | Page of the merge request.
-- column: updated_at | Last update that GitLab states, UTC.
-- column: record_type | Always 'merge_request'.
-- column: title | Title.
-- column: description | Description.
-- column: change_type | The source does not state it; always null.
-- column: risk | The source does not state it; always null.
-- column: impact | The source does not state it; always null.
-- column: rollback_plan | The source does not state it; always null.
-- column: test_plan | The source does not state it; always null.
-- column: stakeholders | Requested reviewers, joined by '|'.
-- column: conditions | The source does not state it; always null.
-- column: template | The source does not state it; always null.
-- column: template_version | The source does not state it; always null.
-- column: state | opened, closed, merged or locked.
-- column: outcome | The source does not state it; always null.
-- column: is_draft | Whether it was marked as a draft at its last update.
-- column: service | The source does not state it; always null.
-- column: component | The source does not state it; always null.
-- column: team | The source does not state it; always null.
-- column: environment | The source does not state it; always null.
-- column: repository | Path of the project.
-- column: labels | Labels, joined by '|'.
-- column: requested_by | Login of the author.
-- column: requested_by_type | The source does not state it; always null.
-- column: contributors | The source does not state it; always null.
-- column: created_at | When it was opened, UTC.
-- column: ready_at | The source does not state it; always null.
-- column: requested_at | The source does not state it; always null.
-- column: approved_at | The source does not state it; always null.
-- column: approved_by | The source does not state it; always null.
-- column: planned_start_at | The source does not state it; always null.
-- column: planned_end_at | The source does not state it; always null.
-- column: actual_start_at | The source does not state it; always null.
-- column: actual_end_at | The source does not state it; always null.
-- column: first_commit_at | The source does not state it; always null.
-- column: merged_at | When it was merged, UTC.
-- column: merged_by | Login of who merged.
-- column: merged_by_type | The source does not state it; always null.
-- column: closed_at | When it was merged or closed, UTC.
-- column: base_branch | Target branch.
-- column: head_branch | Source branch.
-- column: base_revision | Commit it was based on; null in lists.
-- column: head_revision | Last commit of the source branch.
-- column: merge_revision | Commit that brought it into the target branch: merge commit, squashed commit, or the head
--   itself when fast-forwarded.
-- column: size_lines | The source does not state it; always null.
-- column: reverts_key | Merge request of the same project that the description says it reverts.
-- column: post_review_at | The source does not state it; always null.
-- column: post_review_by | The source does not state it; always null.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
-- assert: state in ('opened', 'closed', 'merged', 'locked')
with latest as (
    select source, record_key, payload
    from raw.gitlab_merge_requests
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':merge_request:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.web_url' as varchar) as url,
    cast(cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast('merge_request' as varchar) as record_type,
    cast(payload ->> '$.title' as varchar) as title,
    cast(nullif(payload ->> '$.description', '') as varchar) as description,
    cast(null as varchar) as change_type,
    cast(null as varchar) as risk,
    cast(null as varchar) as impact,
    cast(null as varchar) as rollback_plan,
    cast(null as varchar) as test_plan,
    cast(payload ->> '$.twotrack.reviewers' as varchar) as stakeholders,
    cast(null as varchar) as conditions,
    cast(null as varchar) as template,
    cast(null as varchar) as template_version,
    cast(payload ->> '$.state' as varchar) as state,
    cast(null as varchar) as outcome,
    cast(coalesce(payload ->> '$.draft', payload ->> '$.work_in_progress') as boolean) as is_draft,
    cast(null as varchar) as service,
    cast(null as varchar) as component,
    cast(null as varchar) as team,
    cast(null as varchar) as environment,
    cast(nullif(split_part(payload ->> '$.references.full', '!', 1), '') as varchar) as repository,
    cast(payload ->> '$.twotrack.labels' as varchar) as labels,
    cast(payload ->> '$.author.username' as varchar) as requested_by,
    cast(null as varchar) as requested_by_type,
    cast(null as varchar) as contributors,
    cast(cast(payload ->> '$.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(null as timestamp) as ready_at,
    cast(null as timestamp) as requested_at,
    cast(null as timestamp) as approved_at,
    cast(null as varchar) as approved_by,
    cast(null as timestamp) as planned_start_at,
    cast(null as timestamp) as planned_end_at,
    cast(null as timestamp) as actual_start_at,
    cast(null as timestamp) as actual_end_at,
    cast(null as timestamp) as first_commit_at,
    cast(cast(payload ->> '$.merged_at' as timestamptz) at time zone 'UTC' as timestamp) as merged_at,
    cast(coalesce(payload ->> '$.merge_user.username', payload ->> '$.merged_by.username') as varchar) as merged_by,
    cast(null as varchar) as merged_by_type,
    cast(cast(coalesce(payload ->> '$.closed_at', payload ->> '$.merged_at') as timestamptz) at time zone 'UTC' as timestamp) as closed_at,
    cast(payload ->> '$.target_branch' as varchar) as base_branch,
    cast(payload ->> '$.source_branch' as varchar) as head_branch,
    cast(payload ->> '$.diff_refs.base_sha' as varchar) as base_revision,
    cast(payload ->> '$.sha' as varchar) as head_revision,
    cast(case when (payload ->> '$.state') = 'merged' then coalesce(
        payload ->> '$.merge_commit_sha', payload ->> '$.squash_commit_sha', payload ->> '$.sha'
    ) end as varchar) as merge_revision,
    cast(null as bigint) as size_lines,
    cast(split_part(record_key, '!', 1) || '!'
        || nullif(regexp_extract(payload ->> '$.description', 'This reverts merge request !([0-9]+)', 1), '') as varchar) as reverts_key,
    cast(null as timestamp) as post_review_at,
    cast(null as varchar) as post_review_by
from latest
