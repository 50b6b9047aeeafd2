-- description: One row per tracker item from a file or a push, as last seen.
-- grain: source, key
-- column: source | Source named by the mapping or the sender.
-- column: source_event_id | The record of the source that the row was read from.
-- column: key | Identity of the record within its source and kind, as the mapping or the sender gave it.
-- column: url | Address of the record at its source.
-- column: updated_at | When the source last changed the record (UTC).
-- column: record_type | What the source calls such a record, for example change_request, pull_request, feature_flag.
-- column: title | Short name.
-- column: description | What it says about itself.
-- column: change_type | standard, normal or emergency where the source says so, else the source's own word.
-- column: risk | Risk as stated.
-- column: impact | Impact as stated.
-- column: rollback_plan | How it is taken back.
-- column: test_plan | How it is tested.
-- column: stakeholders | Who is affected or asked, joined by |.
-- column: conditions | Conditions attached to the approval.
-- column: template | Template or policy it was made from.
-- column: template_version | Version of that template or policy.
-- column: state | State in the source's own terms.
-- column: outcome | How it ended.
-- column: is_draft | Whether it was a draft when last seen.
-- column: service | Service as the source names it.
-- column: component | Component as the source names it.
-- column: team | Team as the source names it.
-- column: environment | Environment as the source names it.
-- column: repository | Repository as the source names it.
-- column: labels | Labels, joined by |.
-- column: requested_by | Who asked for it.
-- column: requested_by_type | human or bot, where the source says so.
-- column: contributors | Everyone who contributed, joined by |.
-- column: created_at | When the record was created (UTC).
-- column: ready_at | When it was marked as ready (UTC).
-- column: requested_at | When approval was asked for (UTC).
-- column: approved_at | When the source says it was approved (UTC).
-- column: approved_by | Who the source says approved it.
-- column: planned_start_at | Planned start (UTC).
-- column: planned_end_at | Planned end (UTC).
-- column: actual_start_at | Actual start (UTC).
-- column: actual_end_at | Actual end (UTC).
-- column: first_commit_at | When the first commit was authored (UTC).
-- column: merged_at | When it was merged (UTC).
-- column: merged_by | Who merged it.
-- column: merged_by_type | human or bot, where the source says so.
-- column: closed_at | When it was closed (UTC).
-- column: base_branch | Branch it goes to.
-- column: head_branch | Branch it comes from.
-- column: base_revision | Revision it starts from.
-- column: head_revision | Its last revision.
-- column: merge_revision | Revision that the merge made.
-- column: size_lines | Lines added and removed.
-- column: reverts_key | Key of the change it reverts.
-- column: post_review_at | When it was reviewed afterwards (UTC).
-- column: post_review_by | Who reviewed it afterwards.
-- column: severity | Severity as stated.
-- column: started_at | When it started (UTC).
-- column: detected_at | When it was noticed (UTC).
-- column: resolved_at | When it was resolved (UTC).
-- not_null: source, source_event_id, key
-- unique: source, key
-- unique: source_event_id
-- assert: key <> ''
-- order_by: source, key
with latest as (
    select source, record_key, payload
    from raw.record_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':issues:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(payload->>'$.record.url' as varchar) as url,
    cast(cast(payload->>'$.record.updated_at' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload->>'$.record.record_type' as varchar) as record_type,
    cast(payload->>'$.record.title' as varchar) as title,
    cast(payload->>'$.record.description' as varchar) as description,
    cast(payload->>'$.record.change_type' as varchar) as change_type,
    cast(payload->>'$.record.risk' as varchar) as risk,
    cast(payload->>'$.record.impact' as varchar) as impact,
    cast(payload->>'$.record.rollback_plan' as varchar) as rollback_plan,
    cast(payload->>'$.record.test_plan' as varchar) as test_plan,
    cast(payload->>'$.record.stakeholders' as varchar) as stakeholders,
    cast(payload->>'$.record.conditions' as varchar) as conditions,
    cast(payload->>'$.record.template' as varchar) as template,
    cast(payload->>'$.record.template_version' as varchar) as template_version,
    cast(payload->>'$.record.state' as varchar) as state,
    cast(payload->>'$.record.outcome' as varchar) as outcome,
    cast(payload->>'$.record.is_draft' as boolean) as is_draft,
    cast(payload->>'$.record.service' as varchar) as service,
    cast(payload->>'$.record.component' as varchar) as component,
    cast(payload->>'$.record.team' as varchar) as team,
    cast(payload->>'$.record.environment' as varchar) as environment,
    cast(payload->>'$.record.repository' as varchar) as repository,
    cast(payload->>'$.record.labels' as varchar) as labels,
    cast(payload->>'$.record.requested_by' as varchar) as requested_by,
    cast(payload->>'$.record.requested_by_type' as varchar) as requested_by_type,
    cast(payload->>'$.record.contributors' as varchar) as contributors,
    cast(cast(payload->>'$.record.created_at' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(cast(payload->>'$.record.ready_at' as timestamptz) at time zone 'UTC' as timestamp) as ready_at,
    cast(cast(payload->>'$.record.requested_at' as timestamptz) at time zone 'UTC' as timestamp) as requested_at,
    cast(cast(payload->>'$.record.approved_at' as timestamptz) at time zone 'UTC' as timestamp) as approved_at,
    cast(payload->>'$.record.approved_by' as varchar) as approved_by,
    cast(cast(payload->>'$.record.planned_start_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_start_at,
    cast(cast(payload->>'$.record.planned_end_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_end_at,
    cast(cast(payload->>'$.record.actual_start_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_start_at,
    cast(cast(payload->>'$.record.actual_end_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_end_at,
    cast(cast(payload->>'$.record.first_commit_at' as timestamptz) at time zone 'UTC' as timestamp) as first_commit_at,
    cast(cast(payload->>'$.record.merged_at' as timestamptz) at time zone 'UTC' as timestamp) as merged_at,
    cast(payload->>'$.record.merged_by' as varchar) as merged_by,
    cast(payload->>'$.record.merged_by_type' as varchar) as merged_by_type,
    cast(cast(payload->>'$.record.closed_at' as timestamptz) at time zone 'UTC' as timestamp) as closed_at,
    cast(payload->>'$.record.base_branch' as varchar) as base_branch,
    cast(payload->>'$.record.head_branch' as varchar) as head_branch,
    cast(payload->>'$.record.base_revision' as varchar) as base_revision,
    cast(payload->>'$.record.head_revision' as varchar) as head_revision,
    cast(payload->>'$.record.merge_revision' as varchar) as merge_revision,
    cast(payload->>'$.record.size_lines' as bigint) as size_lines,
    cast(payload->>'$.record.reverts_key' as varchar) as reverts_key,
    cast(cast(payload->>'$.record.post_review_at' as timestamptz) at time zone 'UTC' as timestamp) as post_review_at,
    cast(payload->>'$.record.post_review_by' as varchar) as post_review_by,
    cast(payload->>'$.record.severity' as varchar) as severity,
    cast(cast(payload->>'$.record.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload->>'$.record.detected_at' as timestamptz) at time zone 'UTC' as timestamp) as detected_at,
    cast(cast(payload->>'$.record.resolved_at' as timestamptz) at time zone 'UTC' as timestamp) as resolved_at
from latest
