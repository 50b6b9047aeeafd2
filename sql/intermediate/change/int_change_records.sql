-- description: Everything that asks to modify production: change records, and tracker items that are change requests.
-- grain: source, key
-- unique: source, key
-- column: source | Name of the source instance the row came from.
-- column: source_event_id | The source event this row was read from.
-- column: key | As in the record kind Change.
-- column: url | As in the record kind Change.
-- column: updated_at | As in the record kind Change.
-- column: record_type | As in the record kind Change.
-- column: title | As in the record kind Change.
-- column: description | As in the record kind Change.
-- column: change_type | As in the record kind Change.
-- column: risk | As in the record kind Change.
-- column: impact | As in the record kind Change.
-- column: rollback_plan | As in the record kind Change.
-- column: test_plan | As in the record kind Change.
-- column: stakeholders | As in the record kind Change.
-- column: conditions | As in the record kind Change.
-- column: template | As in the record kind Change.
-- column: template_version | As in the record kind Change.
-- column: state | As in the record kind Change.
-- column: outcome | As in the record kind Change.
-- column: is_draft | As in the record kind Change.
-- column: service | As in the record kind Change.
-- column: component | As in the record kind Change.
-- column: team | As in the record kind Change.
-- column: environment | As in the record kind Change.
-- column: repository | As in the record kind Change.
-- column: labels | As in the record kind Change.
-- column: requested_by | As in the record kind Change.
-- column: requested_by_type | As in the record kind Change.
-- column: contributors | As in the record kind Change.
-- column: created_at | As in the record kind Change.
-- column: ready_at | As in the record kind Change.
-- column: requested_at | As in the record kind Change.
-- column: approved_at | As in the record kind Change.
-- column: approved_by | As in the record kind Change.
-- column: planned_start_at | As in the record kind Change.
-- column: planned_end_at | As in the record kind Change.
-- column: actual_start_at | As in the record kind Change.
-- column: actual_end_at | As in the record kind Change.
-- column: first_commit_at | As in the record kind Change.
-- column: merged_at | As in the record kind Change.
-- column: merged_by | As in the record kind Change.
-- column: merged_by_type | As in the record kind Change.
-- column: closed_at | As in the record kind Change.
-- column: base_branch | As in the record kind Change.
-- column: head_branch | As in the record kind Change.
-- column: base_revision | As in the record kind Change.
-- column: head_revision | As in the record kind Change.
-- column: merge_revision | As in the record kind Change.
-- column: size_lines | As in the record kind Change.
-- column: reverts_key | As in the record kind Change.
-- column: post_review_at | As in the record kind Change.
-- column: post_review_by | As in the record kind Change.
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
    post_review_by
from intermediate.all_changes
union all
select
    i.source,
    i.source_event_id,
    i.key,
    i.url,
    i.updated_at,
    i.record_type,
    i.title,
    i.description,
    i.change_type,
    i.risk,
    i.impact,
    i.rollback_plan,
    i.test_plan,
    i.stakeholders,
    i.conditions,
    i.template,
    i.template_version,
    i.state,
    i.outcome,
    i.is_draft,
    i.service,
    i.component,
    i.team,
    i.environment,
    i.repository,
    i.labels,
    i.requested_by,
    i.requested_by_type,
    i.contributors,
    i.created_at,
    i.ready_at,
    i.requested_at,
    i.approved_at,
    i.approved_by,
    i.planned_start_at,
    i.planned_end_at,
    i.actual_start_at,
    i.actual_end_at,
    i.first_commit_at,
    i.merged_at,
    i.merged_by,
    i.merged_by_type,
    i.closed_at,
    i.base_branch,
    i.head_branch,
    i.base_revision,
    i.head_revision,
    i.merge_revision,
    i.size_lines,
    i.reverts_key,
    i.post_review_at,
    i.post_review_by
from intermediate.all_issues i
inner join intermediate.int_issue_kinds k
    on k.record_type = coalesce(lower(i.record_type), '') and k.labels = coalesce(lower(i.labels), '')
where k.kind = 'change'
