-- description: One row per state that a pull request review was ever seen in, and per approval of a run's environment.
-- grain: source, key; a review that was approved and later dismissed gives two rows, ':approved' and ':dismissed'
-- column: source | Name of the source the record was read from.
-- column: source_event_id | Identity of the source's own record or act that this row came from.
-- column: key | Review key and verdict, owner/name#number/review/id:verdict, or the key of the environment approval.
-- column: url | Address of the record on the site.
-- column: updated_at | When the review last changed (UTC), where GitHub says so.
-- column: change_key | Pull request that was reviewed.
-- column: deployment_key | Not stated by GitHub; always unknown here.
-- column: run_key | Run whose deployment was approved or rejected.
-- column: environment | Environment the approval opens.
-- column: decided_at | When the review was submitted (UTC); for an environment's approval, when its webhook came, as no API states it.
-- column: decided_by | Login of the reviewer (also in a dismissed row: whose review it was).
-- column: decided_by_type | human or bot, as GitHub types the account.
-- column: verdict | approved, changes_requested, rejected, commented, dismissed or pending.
-- column: revision | Commit the review looked at.
-- column: comment | The review's text.
-- column: conditions | Not stated by GitHub; always unknown here.
-- column: authority | The reviewer's association with the repository, such as owner, member or contributor.
-- column: policy | Not stated by GitHub; always unknown here.
-- column: policy_version | Not stated by GitHub; always unknown here.
-- column: dismissed_at | When the review was dismissed (UTC), from the dismissal in the timeline.
-- column: dismissed_by | Login of who dismissed it.
-- column: time_quality | exact where decided_at is stated, bounded where it is when a webhook came; unknown with decided_at.
-- not_null: source, source_event_id, key
-- unique: source, key
-- assert: verdict in ('approved', 'changes_requested', 'rejected', 'commented', 'dismissed', 'pending')
-- order_by: source, key
with seen as (
    -- Every version of a review that we ever saw: a later DISMISSED overwrites APPROVED at the source, not here.
    select
        source,
        record_key as review_key,
        lower(payload->>'$.state') as verdict,
        try_cast(coalesce(payload->>'$.submitted_at', payload->>'$.submittedAt') as timestamptz)
            at time zone 'UTC' as decided_at,
        coalesce(payload->>'$.user.login', payload->>'$.author.login') as login,
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename', payload->>'$.author.type',
            payload->>'$.author.__typename') as account,
        coalesce(payload->>'$.commit_id', payload->>'$.commit.oid') as revision,
        nullif(payload->>'$.body', '') as comment,
        lower(coalesce(payload->>'$.author_association', payload->>'$.authorAssociation')) as authority,
        coalesce(payload->>'$.html_url', payload->>'$.url') as url,
        try_cast(payload->>'$.updatedAt' as timestamptz) at time zone 'UTC' as updated_at,
        cast(null as timestamp) as dismissed_at,
        cast(null as varchar) as dismisser_login,
        cast(null as varchar) as dismisser_account,
        1 as preference,
        fetched_at,
        payload_sha256
    from raw.github_reviews
    union all
    -- What a dismissal says the review was before; the only trace of an approval that we never saw while it stood.
    select
        source,
        split_part(record_key, '/event/', 1) || '/review/' || coalesce(
            payload->>'$.review.fullDatabaseId', payload->>'$.review.databaseId',
            payload->>'$.dismissed_review.review_id'),
        lower(coalesce(payload->>'$.previousReviewState', payload->>'$.dismissed_review.state')),
        try_cast(payload->>'$.review.submittedAt' as timestamptz) at time zone 'UTC',
        payload->>'$.review.author.login',
        payload->>'$.review.author.__typename',
        payload->>'$.review.commit.oid',
        nullif(payload->>'$.review.body', ''),
        lower(payload->>'$.review.authorAssociation'),
        payload->>'$.review.url',
        cast(null as timestamp),
        try_cast(coalesce(payload->>'$.createdAt', payload->>'$.created_at') as timestamptz) at time zone 'UTC',
        payload->>'$.actor.login',
        coalesce(payload->>'$.actor.type', payload->>'$.actor.__typename'),
        2,
        fetched_at,
        payload_sha256
    from (
        select source, record_key, payload, fetched_at, payload_sha256 from raw.github_timeline_items
        union all
        -- A webhook tells who dismissed and when, but not what the review was before.
        select source, record_key, payload, fetched_at, payload_sha256 from raw.github_webhook_actions
    ) as acts
    where coalesce(payload->>'$.__typename', payload->>'$.event') in ('ReviewDismissedEvent', 'review_dismissed')
),
-- Most reviews were seen in one state only; what another state knows is sought where there are several.
several as (
    select source, review_key from seen where review_key is not null group by source, review_key having count(*) > 1
),
repeated as (
    select
        s.source, s.review_key,
        max(s.decided_at) as decided_at, max(s.login) as login, max(s.account) as account, max(s.revision) as revision,
        max(s.dismissed_at) as dismissed_at, max(s.dismisser_login) as dismisser_login,
        max(s.dismisser_account) as dismisser_account
    from seen s
    inner join several v on v.source = s.source and v.review_key = s.review_key
    group by s.source, s.review_key
),
once as (
    select
        s.source, s.review_key, s.verdict, s.comment, s.authority, s.url, s.updated_at, s.decided_at, s.login, s.account,
        s.revision, s.dismissed_at, s.dismisser_login, s.dismisser_account
    from seen s
    left join several v on v.source = s.source and v.review_key = s.review_key
    where s.review_key is not null and v.review_key is null
    union all
    select * from (
        select
            s.source, s.review_key, s.verdict, s.comment, s.authority, s.url, s.updated_at,
            coalesce(s.decided_at, r.decided_at) as decided_at,
            coalesce(s.login, r.login) as login,
            coalesce(s.account, r.account) as account,
            coalesce(s.revision, r.revision) as revision,
            coalesce(r.dismissed_at, s.dismissed_at) as dismissed_at,
            coalesce(r.dismisser_login, s.dismisser_login) as dismisser_login,
            coalesce(r.dismisser_account, s.dismisser_account) as dismisser_account
        from seen s
        inner join repeated r on r.source = s.source and r.review_key = s.review_key
        qualify row_number() over (
            partition by s.source, s.review_key, s.verdict order by s.preference, s.fetched_at desc, s.payload_sha256 desc
        ) = 1
    ) as told
),
decisions as (
    select
        source,
        'reviews:' || review_key || ':' || verdict as event,
        review_key || ':' || verdict as key,
        split_part(review_key, '/review/', 1) as change_key,
        cast(null as varchar) as run_key,
        cast(null as varchar) as environment,
        url, updated_at, decided_at, login, account, verdict, revision, comment, authority,
        dismissed_at, dismisser_login, dismisser_account, cast(null as varchar) as time_quality
    from once
    where verdict is not null
    union all
    select
        source,
        'deployment_reviews:' || record_key,
        record_key,
        cast(null as varchar),
        split_part(record_key, '/approval/', 1),
        nullif(split_part(record_key, '/environment/', 2), ''),
        cast(null as varchar),
        cast(null as timestamp),
        -- No API tells when; a webhook told us right after, and later readings do not undo that.
        coalesce(
            try_cast(coalesce(payload->>'$.created_at', payload->>'$.createdAt') as timestamptz) at time zone 'UTC',
            min(try_cast(payload->>'$.twotrack.told_at' as timestamptz) at time zone 'UTC') over same),
        payload->>'$.user.login',
        coalesce(payload->>'$.user.type', payload->>'$.user.__typename'),
        lower(payload->>'$.state'),
        cast(null as varchar),
        nullif(payload->>'$.comment', ''),
        cast(null as varchar),
        cast(null as timestamp),
        cast(null as varchar),
        cast(null as varchar),
        case when coalesce(payload->>'$.created_at', payload->>'$.createdAt') is null
            and max(payload->>'$.twotrack.told_at') over same is not null then 'bounded' end
    from raw.github_deployment_reviews
    window same as (partition by source, record_key)
    qualify row_number() over (
        partition by source, record_key
        order by coalesce(version_at, timestamp '0001-01-01') desc, fetched_at desc, payload_sha256 desc
    ) = 1
)
select
    cast(source as varchar) as source,
    cast(source || ':' || event as varchar) as source_event_id,
    cast(key as varchar) as key,
    cast(url as varchar) as url,
    cast(updated_at as timestamp) as updated_at,
    cast(change_key as varchar) as change_key,
    cast(null as varchar) as deployment_key,
    cast(run_key as varchar) as run_key,
    cast(environment as varchar) as environment,
    cast(decided_at as timestamp) as decided_at,
    cast(login || case when account = 'Bot' and login not like '%[bot]' then '[bot]' else '' end as varchar)
        as decided_by,
    cast(case when account = 'Bot' or login like '%[bot]' then 'bot'
        when account in ('User', 'Mannequin', 'EnterpriseUserAccount') then 'human' end as varchar) as decided_by_type,
    cast(verdict as varchar) as verdict,
    cast(revision as varchar) as revision,
    cast(comment as varchar) as comment,
    cast(null as varchar) as conditions,
    cast(authority as varchar) as authority,
    cast(null as varchar) as policy,
    cast(null as varchar) as policy_version,
    cast(dismissed_at as timestamp) as dismissed_at,
    cast(dismisser_login || case when dismisser_account = 'Bot' and dismisser_login not like '%[bot]'
        then '[bot]' else '' end as varchar) as dismissed_by,
    cast(case when decided_at is not null then coalesce(time_quality, 'exact') end as varchar) as time_quality
from decisions
