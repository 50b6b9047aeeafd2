-- description: All issues of all sources, one shape. A tracker's item before it is known whether it is a change, an incident or development work.
-- grain: source, key
-- materialized: view
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Issue.
-- column: url | As in the record kind Issue.
-- column: updated_at | As in the record kind Issue.
-- column: record_type | As in the record kind Issue.
-- column: title | As in the record kind Issue.
-- column: description | As in the record kind Issue.
-- column: change_type | As in the record kind Issue.
-- column: risk | As in the record kind Issue.
-- column: impact | As in the record kind Issue.
-- column: rollback_plan | As in the record kind Issue.
-- column: test_plan | As in the record kind Issue.
-- column: stakeholders | As in the record kind Issue.
-- column: conditions | As in the record kind Issue.
-- column: template | As in the record kind Issue.
-- column: template_version | As in the record kind Issue.
-- column: state | As in the record kind Issue.
-- column: outcome | As in the record kind Issue.
-- column: is_draft | As in the record kind Issue.
-- column: service | As in the record kind Issue.
-- column: component | As in the record kind Issue.
-- column: team | As in the record kind Issue.
-- column: environment | As in the record kind Issue.
-- column: repository | As in the record kind Issue.
-- column: labels | As in the record kind Issue.
-- column: requested_by | As in the record kind Issue.
-- column: requested_by_type | As in the record kind Issue.
-- column: contributors | As in the record kind Issue.
-- column: created_at | As in the record kind Issue.
-- column: ready_at | As in the record kind Issue.
-- column: requested_at | As in the record kind Issue.
-- column: approved_at | As in the record kind Issue.
-- column: approved_by | As in the record kind Issue.
-- column: planned_start_at | As in the record kind Issue.
-- column: planned_end_at | As in the record kind Issue.
-- column: actual_start_at | As in the record kind Issue.
-- column: actual_end_at | As in the record kind Issue.
-- column: first_commit_at | As in the record kind Issue.
-- column: merged_at | As in the record kind Issue.
-- column: merged_by | As in the record kind Issue.
-- column: merged_by_type | As in the record kind Issue.
-- column: closed_at | As in the record kind Issue.
-- column: base_branch | As in the record kind Issue.
-- column: head_branch | As in the record kind Issue.
-- column: base_revision | As in the record kind Issue.
-- column: head_revision | As in the record kind Issue.
-- column: merge_revision | As in the record kind Issue.
-- column: size_lines | As in the record kind Issue.
-- column: reverts_key | As in the record kind Issue.
-- column: post_review_at | As in the record kind Issue.
-- column: post_review_by | As in the record kind Issue.
-- column: severity | As in the record kind Issue.
-- column: started_at | As in the record kind Issue.
-- column: detected_at | As in the record kind Issue.
-- column: resolved_at | As in the record kind Issue.
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    record_type,
    title,
    description,
    change_type,
    risk,
    impact,
    rollback_plan,
    test_plan,
    stakeholders,
    conditions,
    template,
    template_version,
    state,
    outcome,
    is_draft,
    service,
    component,
    team,
    environment,
    repository,
    labels,
    requested_by,
    requested_by_type,
    contributors,
    created_at,
    ready_at,
    requested_at,
    approved_at,
    approved_by,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    first_commit_at,
    merged_at,
    merged_by,
    merged_by_type,
    closed_at,
    base_branch,
    head_branch,
    base_revision,
    head_revision,
    merge_revision,
    size_lines,
    reverts_key,
    post_review_at,
    post_review_by,
    severity,
    started_at,
    detected_at,
    resolved_at
from staging.stg_github_issues
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    record_type,
    title,
    description,
    change_type,
    risk,
    impact,
    rollback_plan,
    test_plan,
    stakeholders,
    conditions,
    template,
    template_version,
    state,
    outcome,
    is_draft,
    service,
    component,
    team,
    environment,
    repository,
    labels,
    requested_by,
    requested_by_type,
    contributors,
    created_at,
    ready_at,
    requested_at,
    approved_at,
    approved_by,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    first_commit_at,
    merged_at,
    merged_by,
    merged_by_type,
    closed_at,
    base_branch,
    head_branch,
    base_revision,
    head_revision,
    merge_revision,
    size_lines,
    reverts_key,
    post_review_at,
    post_review_by,
    severity,
    started_at,
    detected_at,
    resolved_at
from staging.stg_gitlab_issues
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    record_type,
    title,
    description,
    change_type,
    risk,
    impact,
    rollback_plan,
    test_plan,
    stakeholders,
    conditions,
    template,
    template_version,
    state,
    outcome,
    is_draft,
    service,
    component,
    team,
    environment,
    repository,
    labels,
    requested_by,
    requested_by_type,
    contributors,
    created_at,
    ready_at,
    requested_at,
    approved_at,
    approved_by,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    first_commit_at,
    merged_at,
    merged_by,
    merged_by_type,
    closed_at,
    base_branch,
    head_branch,
    base_revision,
    head_revision,
    merge_revision,
    size_lines,
    reverts_key,
    post_review_at,
    post_review_by,
    severity,
    started_at,
    detected_at,
    resolved_at
from staging.stg_jira_issues
union all
select
    source,
    source_event_id,
    key,
    url,
    updated_at,
    record_type,
    title,
    description,
    change_type,
    risk,
    impact,
    rollback_plan,
    test_plan,
    stakeholders,
    conditions,
    template,
    template_version,
    state,
    outcome,
    is_draft,
    service,
    component,
    team,
    environment,
    repository,
    labels,
    requested_by,
    requested_by_type,
    contributors,
    created_at,
    ready_at,
    requested_at,
    approved_at,
    approved_by,
    planned_start_at,
    planned_end_at,
    actual_start_at,
    actual_end_at,
    first_commit_at,
    merged_at,
    merged_by,
    merged_by_type,
    closed_at,
    base_branch,
    head_branch,
    base_revision,
    head_revision,
    merge_revision,
    size_lines,
    reverts_key,
    post_review_at,
    post_review_by,
    severity,
    started_at,
    detected_at,
    resolved_at
from staging.stg_record_issues
