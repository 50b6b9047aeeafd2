-- description: One row per GitLab issue or incident, as its latest version states it.
-- grain: issue of a project
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Project number, '#' and the issue's number.
-- column: url | Page of the issue.
-- column: updated_at | Last update that GitLab states, UTC.
-- column: record_type | issue, incident, task and so on.
-- column: title | Title.
-- column: description | Description.
-- column: change_type | The source does not state it; always null.
-- column: risk | The source does not state it; always null.
-- column: impact | The source does not state it; always null.
-- column: rollback_plan | The source does not state it; always null.
-- column: test_plan | The source does not state it; always null.
-- column: stakeholders | The source does not state it; always null.
-- column: conditions | The source does not state it; always null.
-- column: template | The source does not state it; always null.
-- column: template_version | The source does not state it; always null.
-- column: state | opened or closed.
-- column: outcome | The source does not state it; always null.
-- column: is_draft | The source does not state it; always null.
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
-- column: merged_at | The source does not state it; always null.
-- column: merged_by | The source does not state it; always null.
-- column: merged_by_type | The source does not state it; always null.
-- column: closed_at | When it was closed, UTC.
-- column: base_branch | The source does not state it; always null.
-- column: head_branch | The source does not state it; always null.
-- column: base_revision | The source does not state it; always null.
-- column: head_revision | The source does not state it; always null.
-- column: merge_revision | The source does not state it; always null.
-- column: size_lines | The source does not state it; always null.
-- column: reverts_key | The source does not state it; always null.
-- column: post_review_at | The source does not state it; always null.
-- column: post_review_by | The source does not state it; always null.
-- column: severity | Severity of an incident in lower case; null where unknown.
-- column: started_at | The source does not state it; always null.
-- column: detected_at | The source does not state it; always null.
-- column: resolved_at | When an incident was closed, UTC; null for other issues.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.gitlab_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':issue:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload ->> '$.web_url' as varchar) as url,
    cast(cast(payload ->> '$.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload ->> '$.issue_type' as varchar) as record_type,
    cast(payload ->> '$.title' as varchar) as title,
    cast(nullif(payload ->> '$.description', '') as varchar) as description,
    cast(null as varchar) as change_type,
    cast(null as varchar) as risk,
    cast(null as varchar) as impact,
    cast(null as varchar) as rollback_plan,
    cast(null as varchar) as test_plan,
    cast(null as varchar) as stakeholders,
    cast(null as varchar) as conditions,
    cast(null as varchar) as template,
    cast(null as varchar) as template_version,
    cast(payload ->> '$.state' as varchar) as state,
    cast(null as varchar) as outcome,
    cast(null as boolean) as is_draft,
    cast(null as varchar) as service,
    cast(null as varchar) as component,
    cast(null as varchar) as team,
    cast(null as varchar) as environment,
    cast(nullif(split_part(payload ->> '$.references.full', '#', 1), '') as varchar) as repository,
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
    cast(null as timestamp) as merged_at,
    cast(null as varchar) as merged_by,
    cast(null as varchar) as merged_by_type,
    cast(cast(payload ->> '$.closed_at' as timestamptz) at time zone 'UTC' as timestamp) as closed_at,
    cast(null as varchar) as base_branch,
    cast(null as varchar) as head_branch,
    cast(null as varchar) as base_revision,
    cast(null as varchar) as head_revision,
    cast(null as varchar) as merge_revision,
    cast(null as bigint) as size_lines,
    cast(null as varchar) as reverts_key,
    cast(null as timestamp) as post_review_at,
    cast(null as varchar) as post_review_by,
    cast(nullif(lower(payload ->> '$.severity'), 'unknown') as varchar) as severity,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as detected_at,
    cast(case when (payload ->> '$.issue_type') = 'incident'
        then cast(payload ->> '$.closed_at' as timestamptz) at time zone 'UTC' end as timestamp) as resolved_at
from latest
