-- description: One row per change, with people, service, type, risk and state resolved; nothing judged yet.
-- grain: change_id
-- column: change_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: key | The source's own key.
-- column: record_type | pull_request, or the tracker's type.
-- column: is_reviewed | Whether it is reviewed as code and merged: a pull request, merge request or the like. Everything else is a
--   change request.
-- column: title | Title.
-- column: url | The source's own page.
-- column: description | What is asked for, as text.
-- column: service | Service it belongs to; null when nothing names one.
-- column: team | Team of the service, or as stated; null when unknown.
-- column: component | Component as stated.
-- column: repository | Repository as stated.
-- column: environment | Environment as stated.
-- column: labels | Labels joined by '|'.
-- column: change_type | standard, normal or emergency; null when nothing says.
-- column: change_type_rule | Rule that decided the type.
-- column: risk | low, medium or high; null when nothing says.
-- column: status | Status as the source words it.
-- column: status_meaning | What that status means.
-- column: outcome | How it ended, from a closure code that says how, else from a final status that does, else from one that says
--   that it ended; null when nothing says.
-- column: impact | Impact as stated.
-- column: rollback_plan | Back-out plan as stated.
-- column: test_plan | Test evidence or plan as stated.
-- column: stakeholders | Stakeholders as stated, joined by '|'.
-- column: conditions | Conditions of the approval as stated on the record.
-- column: template | Standard-change template or policy named.
-- column: template_version | Its version.
-- column: is_draft | Whether it is a draft now.
-- column: author_login | Requester's login in lower case.
-- column: author | Person who asked for it; null while unresolved.
-- column: author_type | human or bot.
-- column: created_at | When it was created, UTC.
-- column: ready_at | When it was marked ready, as stated on the record.
-- column: requested_at | When approval was asked for, as stated on the record.
-- column: approved_at | Approval instant as stated on the record.
-- column: approved_by_login | Approver as stated on the record, lower case.
-- column: planned_start_at | Start of the planned window, UTC.
-- column: planned_end_at | End of the planned window, UTC.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC.
-- column: first_commit_at | First commit, as stated on the record.
-- column: merged_at | When it was merged, UTC.
-- column: merged_by_login | Who merged, lower case.
-- column: closed_at | When it was closed, UTC.
-- column: base_branch | Branch it went to.
-- column: head_branch | Branch it came from.
-- column: head_revision | Last revision of the change itself.
-- column: merge_revision | Revision it became on the base branch.
-- column: size_lines | Lines added and deleted.
-- column: reverts_key | Key of the change it takes back.
-- column: post_review_at | When its review after implementation was done.
-- column: post_review_by_login | Who did that review, lower case.
-- not_null: change_id, source, key, is_reviewed
-- unique: change_id
select
    cast(r.source || ':' || r.key as varchar) as change_id,
    cast(r.source as varchar) as source,
    cast(r.source_event_id as varchar) as source_event_id,
    cast(r.key as varchar) as key,
    cast(r.record_type as varchar) as record_type,
    cast(coalesce(lower(r.record_type), '') in ('pull_request', 'merge_request', 'gerrit_change', 'review') as boolean) as is_reviewed,
    cast(r.title as varchar) as title,
    cast(r.url as varchar) as url,
    cast(r.description as varchar) as description,
    cast(s.service as varchar) as service,
    cast(s.team as varchar) as team,
    cast(r.component as varchar) as component,
    cast(r.repository as varchar) as repository,
    cast(r.environment as varchar) as environment,
    cast(r.labels as varchar) as labels,
    cast(k.change_type as varchar) as change_type,
    cast(k.change_type_rule as varchar) as change_type_rule,
    cast(k.risk as varchar) as risk,
    cast(r.state as varchar) as status,
    cast(m.meaning as varchar) as status_meaning,
    cast(
        -- What is open again has not ended, whatever its closing of before says.
        case when m.meaning = 'open' and r.merged_at is null then null else coalesce(
            -- "Done" says that it ended, as trackers resolve whatever ends; a final status that says how tells more.
            case when lower(trim(r.outcome)) not in ('done', 'fixed', 'resolved', 'complete', 'completed', 'closed') then o.outcome end,
            case
                -- "Closed" says that it ended, "Closed - Rolled Back" also how.
                when m.meaning in ('done', 'unsuccessful')
                    and regexp_matches(
                        lower(r.state),
                        'success|fail|back(ed)?[ _-]?out|roll(ed)?[ _-]?back|partial|with (issue|problem|error)|incomplete|成功|失败|回滚'
                    )
                    then e.outcome
            end,
            o.outcome
        ) end as varchar
    ) as outcome,
    cast(r.impact as varchar) as impact,
    cast(r.rollback_plan as varchar) as rollback_plan,
    cast(r.test_plan as varchar) as test_plan,
    cast(r.stakeholders as varchar) as stakeholders,
    cast(r.conditions as varchar) as conditions,
    cast(r.template as varchar) as template,
    cast(r.template_version as varchar) as template_version,
    cast(r.is_draft as boolean) as is_draft,
    cast(lower(trim(r.requested_by)) as varchar) as author_login,
    cast(a.person_id as varchar) as author,
    cast(a.actor_type as varchar) as author_type,
    cast(r.created_at as timestamp) as created_at,
    cast(r.ready_at as timestamp) as ready_at,
    cast(r.requested_at as timestamp) as requested_at,
    cast(r.approved_at as timestamp) as approved_at,
    cast(lower(trim(r.approved_by)) as varchar) as approved_by_login,
    cast(r.planned_start_at as timestamp) as planned_start_at,
    cast(r.planned_end_at as timestamp) as planned_end_at,
    cast(r.actual_start_at as timestamp) as actual_start_at,
    cast(r.actual_end_at as timestamp) as actual_end_at,
    cast(r.first_commit_at as timestamp) as first_commit_at,
    cast(r.merged_at as timestamp) as merged_at,
    cast(lower(trim(r.merged_by)) as varchar) as merged_by_login,
    -- Closed once and opened again: what stayed in the record is no end.
    cast(case when m.meaning = 'open' and r.merged_at is null then null else r.closed_at end as timestamp) as closed_at,
    cast(r.base_branch as varchar) as base_branch,
    cast(r.head_branch as varchar) as head_branch,
    cast(r.head_revision as varchar) as head_revision,
    cast(r.merge_revision as varchar) as merge_revision,
    cast(r.size_lines as bigint) as size_lines,
    cast(r.reverts_key as varchar) as reverts_key,
    cast(r.post_review_at as timestamp) as post_review_at,
    cast(lower(trim(r.post_review_by)) as varchar) as post_review_by_login
from intermediate.int_change_records r
left join intermediate.int_scopes s
    on s.service_key = coalesce(lower(r.service), '') and s.component_key = coalesce(lower(r.component), '')
    and s.repository_key = coalesce(lower(r.repository), '') and s.team_key = coalesce(r.team, '')
left join intermediate.int_change_kinds k
    on k.record_type = coalesce(lower(r.record_type), '') and k.stated_type = coalesce(lower(r.change_type), '')
    and k.stated_risk = coalesce(lower(r.risk), '') and k.labels = coalesce(lower(r.labels), '')
left join intermediate.int_status_meanings m on m.status = lower(r.state)
left join intermediate.int_outcome_meanings o on o.stated = lower(r.outcome)
left join intermediate.int_outcome_meanings e on e.stated = lower(r.state)
left join intermediate.int_actors a on a.source = r.source and a.login = lower(trim(r.requested_by))
