-- description: One row per Jira issue, as its latest version states it.
-- grain: issue of a source
-- order_by: source, key
-- column: source | Name of the configured source.
-- column: source_event_id | Identity of the source event the row comes from.
-- column: key | Jira's issue id, which survives a move to another project.
-- column: url | Page of the issue; ends with the key people read.
-- column: updated_at | Last update that Jira states, UTC.
-- column: record_type | Issue type as the site calls it.
-- column: title | Summary.
-- column: description | Description as plain text.
-- column: change_type | Change type, from the custom field that carries it by name; null where the field is not known.
-- column: risk | Risk, from the custom field that carries it by name; null where the field is not known.
-- column: impact | Impact, from the custom field that carries it by name; null where the field is not known.
-- column: rollback_plan | Back-out plan, from the custom field that carries it by name; null where the field is not
--   known.
-- column: test_plan | Test plan, from the custom field that carries it by name; null where the field is not known.
-- column: stakeholders | Stakeholders, joined by '|', from the custom field that carries it by name; null where the
--   field is not known.
-- column: conditions | Conditions set with the approval, from the custom field that carries it by name; null where the
--   field is not known.
-- column: template | Template of a standard change, from the custom field that carries it by name; null where the field
--   is not known.
-- column: template_version | Version of that template, from the custom field that carries it by name; null where the
--   field is not known.
-- column: state | Status name as the site calls it.
-- column: outcome | Outcome field where there is one, else the resolution's name.
-- column: is_draft | The source does not state it; always null.
-- column: service | Affected services, joined by '|', from the custom field that carries it by name; null where the
--   field is not known.
-- column: component | Components, joined by '|'.
-- column: team | Team, from the custom field that carries it by name; null where the field is not known.
-- column: environment | Environment, from the custom field that carries it by name; null where the field is not known.
-- column: repository | The source does not state it; always null.
-- column: labels | Labels, joined by '|'.
-- column: requested_by | Reporter: account id (Cloud) or login (Data Center).
-- column: requested_by_type | 'bot' for an app's account, 'human' for a person's; null on Data Center.
-- column: contributors | The source does not state it; always null.
-- column: created_at | When the issue was created, UTC.
-- column: ready_at | The source does not state it; always null.
-- column: requested_at | The source does not state it; always null.
-- column: approved_at | The source does not state it; always null.
-- column: approved_by | The source does not state it; always null.
-- column: planned_start_at | Planned start, UTC, from the custom field that carries it by name; null where the field is
--   not known.
-- column: planned_end_at | Planned end, UTC, from the custom field that carries it by name; null where the field is not
--   known.
-- column: actual_start_at | Actual start, UTC, from the custom field that carries it by name; null where the field is
--   not known.
-- column: actual_end_at | Actual end, UTC, from the custom field that carries it by name; null where the field is not
--   known.
-- column: first_commit_at | The source does not state it; always null.
-- column: merged_at | The source does not state it; always null.
-- column: merged_by | The source does not state it; always null.
-- column: merged_by_type | The source does not state it; always null.
-- column: closed_at | When the issue was resolved, UTC.
-- column: base_branch | The source does not state it; always null.
-- column: head_branch | The source does not state it; always null.
-- column: base_revision | The source does not state it; always null.
-- column: head_revision | The source does not state it; always null.
-- column: merge_revision | The source does not state it; always null.
-- column: size_lines | The source does not state it; always null.
-- column: reverts_key | The source does not state it; always null.
-- column: post_review_at | When the post-implementation review was done, UTC, from the custom field that carries it by
--   name; null where the field is not known.
-- column: post_review_by | Who did that review, from the custom field that carries it by name; null where the field is
--   not known.
-- column: severity | Severity, from the custom field that carries it by name; null where the field is not known.
-- column: started_at | Start of the incident, UTC, from the custom field that carries it by name; null where the field
--   is not known.
-- column: detected_at | Detection of the incident, UTC, from the custom field that carries it by name; null where the
--   field is not known.
-- column: resolved_at | End of the incident where a field says so, else the resolution date, UTC.
-- not_null: source, source_event_id, key
-- unique: source_event_id
-- unique: source, key
with latest as (
    select source, record_key, payload
    from raw.jira_issues
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':issue:' || record_key as varchar) as source_event_id,
    cast(record_key as varchar) as key,
    cast(regexp_extract(payload ->> '$.self', '^(.*?)/rest/', 1) || '/browse/' || (payload ->> '$.key') as varchar) as url,
    cast(cast(payload ->> '$.fields.updated' as timestamptz) at time zone 'UTC' as timestamp) as updated_at,
    cast(payload ->> '$.fields.issuetype.name' as varchar) as record_type,
    cast(payload ->> '$.fields.summary' as varchar) as title,
    cast(payload ->> '$.twotrack.description' as varchar) as description,
    cast(payload ->> '$.twotrack.change_type' as varchar) as change_type,
    cast(payload ->> '$.twotrack.risk' as varchar) as risk,
    cast(payload ->> '$.twotrack.impact' as varchar) as impact,
    cast(payload ->> '$.twotrack.rollback_plan' as varchar) as rollback_plan,
    cast(payload ->> '$.twotrack.test_plan' as varchar) as test_plan,
    cast(payload ->> '$.twotrack.stakeholders' as varchar) as stakeholders,
    cast(payload ->> '$.twotrack.conditions' as varchar) as conditions,
    cast(payload ->> '$.twotrack.template' as varchar) as template,
    cast(payload ->> '$.twotrack.template_version' as varchar) as template_version,
    cast(payload ->> '$.fields.status.name' as varchar) as state,
    cast(coalesce(payload ->> '$.twotrack.outcome', payload ->> '$.fields.resolution.name') as varchar) as outcome,
    cast(null as boolean) as is_draft,
    cast(payload ->> '$.twotrack.service' as varchar) as service,
    cast(payload ->> '$.twotrack.components' as varchar) as component,
    cast(payload ->> '$.twotrack.team' as varchar) as team,
    cast(payload ->> '$.twotrack.environment' as varchar) as environment,
    cast(null as varchar) as repository,
    cast(payload ->> '$.twotrack.labels' as varchar) as labels,
    cast(coalesce(
        nullif(payload ->> '$.fields.reporter.accountId', ''),
        nullif(regexp_extract(payload ->> '$.fields.reporter.self', 'accountId=([^&]+)', 1), ''),
        payload ->> '$.fields.reporter.name',
        payload ->> '$.fields.reporter.key'
    ) as varchar) as requested_by,
    cast(case payload ->> '$.fields.reporter.accountType'
        when 'app' then 'bot' when 'atlassian' then 'human' when 'customer' then 'human'
    end as varchar) as requested_by_type,
    cast(null as varchar) as contributors,
    cast(cast(payload ->> '$.fields.created' as timestamptz) at time zone 'UTC' as timestamp) as created_at,
    cast(null as timestamp) as ready_at,
    cast(null as timestamp) as requested_at,
    cast(null as timestamp) as approved_at,
    cast(null as varchar) as approved_by,
    cast(cast(payload ->> '$.twotrack.planned_start_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_start_at,
    cast(cast(payload ->> '$.twotrack.planned_end_at' as timestamptz) at time zone 'UTC' as timestamp) as planned_end_at,
    cast(cast(payload ->> '$.twotrack.actual_start_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_start_at,
    cast(cast(payload ->> '$.twotrack.actual_end_at' as timestamptz) at time zone 'UTC' as timestamp) as actual_end_at,
    cast(null as timestamp) as first_commit_at,
    cast(null as timestamp) as merged_at,
    cast(null as varchar) as merged_by,
    cast(null as varchar) as merged_by_type,
    cast(cast(payload ->> '$.fields.resolutiondate' as timestamptz) at time zone 'UTC' as timestamp) as closed_at,
    cast(null as varchar) as base_branch,
    cast(null as varchar) as head_branch,
    cast(null as varchar) as base_revision,
    cast(null as varchar) as head_revision,
    cast(null as varchar) as merge_revision,
    cast(null as bigint) as size_lines,
    cast(null as varchar) as reverts_key,
    cast(cast(payload ->> '$.twotrack.post_review_at' as timestamptz) at time zone 'UTC' as timestamp) as post_review_at,
    cast(payload ->> '$.twotrack.post_review_by' as varchar) as post_review_by,
    cast(payload ->> '$.twotrack.severity' as varchar) as severity,
    cast(cast(payload ->> '$.twotrack.started_at' as timestamptz) at time zone 'UTC' as timestamp) as started_at,
    cast(cast(payload ->> '$.twotrack.detected_at' as timestamptz) at time zone 'UTC' as timestamp) as detected_at,
    cast(cast(coalesce(payload ->> '$.twotrack.resolved_at', payload ->> '$.fields.resolutiondate') as timestamptz) at time zone 'UTC' as timestamp) as resolved_at
from latest
