-- description: One row per thing that happened to a pull request, an issue or a governing rule of GitHub. That a pull request
--   was opened is no row of its own: the pull request tells it.
-- grain: source, key
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | The source's key of the item; '/opened' after an issue's key for its opening.
-- column: url | Address of the record on the site.
-- column: updated_at | Not stated for events.
-- column: subject_kind | change, issue, rule or revision; unknown for an item of a single timeline that does not say.
-- column: subject_key | Record it happened to.
-- column: occurred_at | When it happened (UTC); for a rule of an organisation, when it was last changed.
-- column: actor | Login of who did it; bots end in [bot].
-- column: actor_type | human or bot, as GitHub types the account.
-- column: verb | opened, ready_for_review, converted_to_draft, review_requested, review_request_removed,
--   review_dismissed, pushed, force_pushed, merged, closed, reopened, labeled, unlabeled, assigned, commented,
--   field_changed, added_to_merge_queue, removed_from_merge_queue, deployed, rule_changed, rule_bypassed and so on.
-- column: field | What was changed: label, assignee, reviewer, review, title, base_branch, head_revision, a file path or a rule.
-- column: old_value | Value before.
-- column: new_value | Value after; for a review request who was asked, for a rule its enforcement or what was done to it.
-- column: text | Words that came with it: comment, dismissal message, commit headline.
-- column: revision | Commit it is about: the new head after a push, the merge commit, the commit a comment was made on.
-- column: time_quality | exact where occurred_at is known.
-- not_null: source, source_event_id, key
-- unique: source, key
-- assert: verb is not null
-- order_by: source, key
with items as (
    select source, record_key, payload, 'timeline_items:' || record_key as event, false as is_told
    from raw.github_timeline_items
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
    union all
    -- What a webhook told was done, shaped like the timeline.
    select source, record_key, payload, 'webhook_actions:' || record_key, true
    from raw.github_webhook_actions
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
),
timeline as (
    select
        source,
        event,
        is_told,
        record_key as key,
        payload->>'$.url' as url,
        case when payload->>'$.__typename' is not null or payload->'$.issue.pull_request' is not null then 'change'
            when payload->'$.issue' is not null then 'issue' end as subject_kind,
        split_part(record_key, '/event/', 1) as subject_key,
        try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt') as timestamptz) at time zone 'UTC'
            as occurred_at,
        coalesce(payload->>'$.actor.login', payload->>'$.sender.login') as login,
        coalesce(payload->>'$.actor.type', payload->>'$.actor.__typename', payload->>'$.sender.type',
            payload->>'$.sender.__typename') as account,
        case coalesce(payload->>'$.__typename', payload->>'$.event')
            when 'ReadyForReviewEvent' then 'ready_for_review'
            when 'ready_for_review' then 'ready_for_review'
            when 'ConvertToDraftEvent' then 'converted_to_draft'
            when 'convert_to_draft' then 'converted_to_draft'
            when 'converted_to_draft' then 'converted_to_draft'
            when 'ReviewRequestedEvent' then 'review_requested'
            when 'review_requested' then 'review_requested'
            when 'ReviewRequestRemovedEvent' then 'review_request_removed'
            when 'review_request_removed' then 'review_request_removed'
            when 'ReviewDismissedEvent' then 'review_dismissed'
            when 'review_dismissed' then 'review_dismissed'
            when 'MergedEvent' then 'merged'
            when 'merged' then 'merged'
            when 'ClosedEvent' then 'closed'
            when 'closed' then 'closed'
            when 'ReopenedEvent' then 'reopened'
            when 'reopened' then 'reopened'
            when 'HeadRefForcePushedEvent' then 'force_pushed'
            when 'head_ref_force_pushed' then 'force_pushed'
            when 'AddedToMergeQueueEvent' then 'added_to_merge_queue'
            when 'added_to_merge_queue' then 'added_to_merge_queue'
            when 'RemovedFromMergeQueueEvent' then 'removed_from_merge_queue'
            when 'removed_from_merge_queue' then 'removed_from_merge_queue'
            when 'LabeledEvent' then 'labeled'
            when 'UnlabeledEvent' then 'unlabeled'
            when 'AssignedEvent' then 'assigned'
            when 'UnassignedEvent' then 'unassigned'
            when 'CrossReferencedEvent' then 'cross_referenced'
            when 'cross-referenced' then 'cross_referenced'
            when 'DeployedEvent' then 'deployed'
            when 'RenamedTitleEvent' then 'field_changed'
            when 'renamed' then 'field_changed'
            when 'BaseRefChangedEvent' then 'field_changed'
            when 'base_ref_changed' then 'field_changed'
            when 'AutoMergeEnabledEvent' then 'auto_merge_enabled'
            when 'AutoMergeDisabledEvent' then 'auto_merge_disabled'
            when 'synchronize' then 'pushed'
            else lower(regexp_replace(coalesce(payload->>'$.__typename', payload->>'$.event'), 'Event$', '',
            'g')) end as verb,
        case
            when payload->'$.label' is not null then 'label'
            when payload->'$.assignee' is not null then 'assignee'
            when coalesce(payload->>'$.__typename', payload->>'$.event') in ('ReviewRequestedEvent',
            'ReviewRequestRemovedEvent', 'review_requested', 'review_request_removed') then 'reviewer'
            when coalesce(payload->>'$.__typename', payload->>'$.event') in ('ReviewDismissedEvent',
            'review_dismissed') then 'review'
            when coalesce(payload->>'$.__typename', payload->>'$.event') in ('RenamedTitleEvent', 'renamed')
            then 'title'
            when coalesce(payload->>'$.__typename', payload->>'$.event') in ('BaseRefChangedEvent',
            'base_ref_changed') then 'base_branch'
            when coalesce(payload->>'$.__typename', payload->>'$.event') in ('HeadRefForcePushedEvent',
            'synchronize') then 'head_revision'
        end as field,
        coalesce(
            case when coalesce(payload->>'$.__typename', payload->>'$.event') in ('HeadRefForcePushedEvent',
            'synchronize')
                then coalesce(payload->>'$.beforeCommit.oid', payload->>'$.before') end,
            payload->>'$.previousTitle', payload->>'$.rename.from',
            payload->>'$.previousRefName', lower(payload->>'$.previousReviewState'),
            lower(payload->>'$.dismissed_review.state')) as old_value,
        coalesce(
            payload->>'$.afterCommit.oid', payload->>'$.after', payload->>'$.currentTitle', payload->>'$.rename.to',
            payload->>'$.currentRefName', payload->>'$.label.name', payload->>'$.assignee.login',
            coalesce(payload->>'$.requestedReviewer.login', payload->>'$.requestedReviewer.slug',
            payload->>'$.requested_reviewer.login', payload->>'$.requested_team.slug'),
            case when coalesce(payload->>'$.__typename', payload->>'$.event') in ('ReviewDismissedEvent',
            'review_dismissed') then 'dismissed' end) as new_value,
        nullif(coalesce(
            payload->>'$.dismissalMessage', payload->>'$.dismissed_review.dismissal_message',
            payload->>'$.reason'), '') as text,
        coalesce(
            payload->>'$.afterCommit.oid', payload->>'$.after', payload->>'$.commit.oid', payload->>'$.commit_id',
            payload->>'$.pullRequestCommit.commit.oid') as revision
    from items
),
events as (
    select source, event, key, url, subject_kind, subject_key, occurred_at, login, account, verb, field, old_value, new_value,
        text, revision
    from timeline t
    -- The timeline has an id and the exact time of the same act; it comes first wherever it was read as well.
    where not is_told or not exists (
        select 1 from timeline s
        where s.source = t.source and s.subject_key = t.subject_key and s.verb = t.verb and not s.is_told
            and coalesce(s.new_value, '') = coalesce(t.new_value, '')
            and s.occurred_at between t.occurred_at - interval 10 second and t.occurred_at + interval 10 second
    )
    union all
    select
        source, 'issues:' || record_key, record_key || '/opened', coalesce(payload->>'$.html_url', payload->>'$.url'),
        'issue', record_key, try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt')
            as timestamptz) at time zone 'UTC',
        coalesce(payload->>'$.user.login', payload->>'$.author.login'),
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename'),
        'opened', cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as varchar),
            cast(null as varchar)
    from (
        select * from raw.github_issues
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    ) as issues
    where payload->'$.pull_request' is null
    union all
    select
        source, 'issue_comments:' || record_key, record_key, coalesce(payload->>'$.html_url', payload->>'$.url'),
        case when coalesce(payload->>'$.html_url', payload->>'$.url') like '%/pull/%' then 'change' else 'issue' end,
        split_part(record_key, '/comment/', 1), try_cast(coalesce(payload->>'$.created_at',
            payload->>'$.createdAt') as timestamptz) at time zone 'UTC',
        coalesce(payload->>'$.user.login', payload->>'$.author.login'),
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename'),
        'commented', cast(null as varchar), cast(null as varchar), cast(null as varchar), nullif(payload->>'$.body',
            ''), cast(null as varchar)
    from (
        select * from raw.github_issue_comments
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    ) as comments
    union all
    select
        source, 'pull_request_comments:' || record_key, record_key, coalesce(payload->>'$.html_url', payload->>'$.url'),
        'change', split_part(record_key, '/review_comment/', 1), try_cast(coalesce(payload->>'$.created_at',
            payload->>'$.createdAt') as timestamptz) at time zone 'UTC',
        coalesce(payload->>'$.user.login', payload->>'$.author.login'),
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename'),
        'commented', cast(null as varchar), cast(null as varchar), cast(null as varchar), nullif(payload->>'$.body',
            ''),
        coalesce(payload->>'$.original_commit_id', payload->>'$.originalCommit.oid')
    from (
        select * from raw.github_pull_request_comments
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    ) as review_comments
    union all
    -- A commit that touched a file which governs: code owners, workflows.
    select
        source, 'rule_files:' || record_key, record_key, payload->>'$.url',
        'rule', regexp_extract(record_key, '^(.*)@[^@]*$', 1), try_cast(coalesce(payload->>'$.committedDate',
            payload->>'$.timestamp') as timestamptz) at time zone 'UTC',
        coalesce(payload->>'$.author.user.login', payload->>'$.author.username',
            nullif(regexp_extract(payload->>'$.author.email', '^(?:[0-9]+\+)?([^@]+)@users\.noreply\.github\.com$',
            1), '')),
        case when payload->>'$.author.email' like '%[bot]@%' then 'Bot'
            when coalesce(payload->>'$.author.user.login', payload->>'$.author.username') is not null then 'User' end,
        'rule_changed', regexp_extract(record_key, '/file/(.*)@[^@]*$', 1), cast(null as varchar),
        coalesce(payload->>'$.oid', payload->>'$.id'),
        coalesce(payload->>'$.messageHeadline', nullif(split_part(payload->>'$.message', chr(10), 1), '')),
        coalesce(payload->>'$.oid', payload->>'$.id')
    from (
        select * from raw.github_rule_files
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    ) as rule_files
    union all
    -- Every state of a ruleset that we saw is a change of it, told once however often it was read; the API does not say
    -- whose change, a webhook does.
    select
        source, 'rulesets:' || record_key || ':' || payload_sha256, record_key || '@' || payload_sha256,
        payload->>'$._links.html.href',
        'rule', record_key, updated_at,
        coalesce(payload->>'$.twotrack.actor', max(payload->>'$.twotrack.actor') over same),
        coalesce(payload->>'$.twotrack.actor_type', max(payload->>'$.twotrack.actor_type') over same),
        'rule_changed', 'enforcement', cast(null as varchar),
        case when payload->>'$.twotrack.action' = 'deleted' then 'deleted' else payload->>'$.enforcement' end,
        payload->>'$.name', cast(null as varchar)
    from (
        select *, try_cast(payload->>'$.updated_at' as timestamptz) at time zone 'UTC' as updated_at
        from raw.github_rulesets
        where payload->'$.rules' is not null
    ) as rulesets
    window same as (partition by source, record_key, updated_at)
    qualify row_number() over (
        partition by source, record_key, coalesce(cast(updated_at as varchar), payload_sha256)
        order by fetched_at, payload_sha256
    ) = 1
    union all
    select
        source, 'environments:' || record_key || ':' || payload_sha256, record_key || '@' || payload_sha256,
        payload->>'$.html_url',
        'rule', record_key, try_cast(payload->>'$.updated_at' as timestamptz) at time zone 'UTC', cast(null
            as varchar), cast(null as varchar),
        'rule_changed', 'protection_rules', cast(null as varchar), payload->>'$.protection_rules',
            payload->>'$.name', cast(null as varchar)
    from raw.github_environments
    qualify row_number() over (partition by source, record_key, payload_sha256 order by fetched_at) = 1
    union all
    -- Classic branch protection; GitHub states neither when nor by whom it was changed.
    select
        source, 'branch_protections:' || record_key || ':' || payload_sha256, record_key || '@' || payload_sha256,
        cast(null as varchar),
        'rule', record_key, cast(null as timestamp), cast(null as varchar), cast(null as varchar),
        'rule_changed', 'required_reviews', cast(null as varchar),
        case when payload->>'$.requiresApprovingReviews' = 'true'
            then coalesce(payload->>'$.requiredApprovingReviewCount', '1') else '0' end,
        payload->>'$.pattern', cast(null as varchar)
    from raw.github_branch_protections
    qualify row_number() over (partition by source, record_key, payload_sha256 order by fetched_at) = 1
    union all
    -- The same, as webhooks tell of its changes: what was changed, and by whom.
    select
        source, 'branch_protection_changes:' || record_key || ':' || payload_sha256, record_key || '@' || payload_sha256,
        cast(null as varchar),
        'rule', record_key, try_cast(payload->>'$.updated_at' as timestamptz) at time zone 'UTC',
        payload->>'$.twotrack.actor', payload->>'$.twotrack.actor_type',
        'rule_changed', payload->>'$.twotrack.changed', cast(null as varchar), payload->>'$.twotrack.action', payload->>'$.name',
        cast(null as varchar)
    from raw.github_branch_protection_changes
    qualify row_number() over (partition by source, record_key, payload_sha256 order by fetched_at) = 1
    union all
    select
        source, 'rule_suites:' || record_key, record_key, cast(null as varchar),
        'revision', regexp_extract(record_key, '^(.*)/rule_suite/', 1) || '@' || (payload->>'$.after_sha'),
        try_cast(payload->>'$.pushed_at' as timestamptz) at time zone 'UTC', payload->>'$.actor_name',
        cast(null as varchar),
        case lower(payload->>'$.result') when 'bypass' then 'rule_bypassed' when 'fail' then 'rule_failed'
            else 'rule_passed' end,
        'ref', cast(null as varchar), payload->>'$.ref', cast(null as varchar), payload->>'$.after_sha'
    from (
        select * from raw.github_rule_suites
        qualify row_number() over (
            partition by source, record_key
            order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
        ) = 1
    ) as rule_suites
)
select
    cast(source as varchar) as source,
    cast(source || ':' || event as varchar) as source_event_id,
    cast(key as varchar) as key,
    cast(url as varchar) as url,
    cast(null as timestamp) as updated_at,
    cast(subject_kind as varchar) as subject_kind,
    cast(subject_key as varchar) as subject_key,
    cast(occurred_at as timestamp) as occurred_at,
    cast(login || case when account = 'Bot' and login not like '%[bot]' then '[bot]' else '' end as varchar) as actor,
    cast(case when account = 'Bot' or login like '%[bot]' then 'bot'
        when account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar) as actor_type,
    cast(verb as varchar) as verb,
    cast(field as varchar) as field,
    cast(old_value as varchar) as old_value,
    cast(new_value as varchar) as new_value,
    cast(text as varchar) as text,
    cast(revision as varchar) as revision,
    cast(case when occurred_at is not null then 'exact' end as varchar) as time_quality
from events
