-- description: Every decision on a change, deployment or run, whatever its form: review, vote, approval record, approval
--   field or status move. Entries that repeat an act are one.
-- grain: decision_id
-- column: decision_id | Source, form and key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event that was the decision.
-- column: basis | review, vote, field or status: the form in which the source keeps it.
-- column: change_id | The change decided on; null when the decision is on a deployment or run.
-- column: deployment_id | The deployment decided on.
-- column: run_id | The run decided on.
-- column: environment | Environment that it lets something go into, as stated; null for decisions on changes.
-- column: decided_at | When, UTC; null when the source does not say.
-- column: decided_by_login | Who, lower case.
-- column: decided_by | Person who decided; null while unresolved, as when it may be the requester under another spelling.
-- column: decided_by_type | human or bot.
-- column: verdict | approved, rejected, changes_requested, commented, dismissed, withdrawn or pending.
-- column: revision | Revision it was about, as stated.
-- column: vote | Label and value of a vote as cast, for example Code-Review+2; null for the other forms.
-- column: comment | Reason or remark given with it, in the person's words.
-- column: conditions | Conditions set with it.
-- column: authority | In what role, as stated.
-- column: policy | Named policy that decided, for automated decisions.
-- column: policy_version | Its version.
-- column: is_dismissed | Whether it was taken back later.
-- column: dismissed_at | When it was taken back; null when not, or when the time is unknown.
-- column: hides_verdict | Whether it was taken back and no record states what it was before.
-- column: time_quality | exact, bounded or inferred.
-- column: url | The source's own page.
-- column: is_of_change | Whether it decides on a change that is known; what follows tells of that change, so that it is not looked
--   up again for every question about its decisions.
-- column: change_service | The change's service.
-- column: change_team | Its team.
-- column: change_type | Its type.
-- column: change_risk | Its risk.
-- column: change_is_reviewed | Whether it is reviewed as code, and no change request.
-- column: change_author | Person who asked for it; null while unresolved.
-- column: is_by_author_login | Whether the requester's login decided.
-- column: names_shipped | Whether the revision decided on is the change's last one; null where either is not stated.
-- column: change_merged_at | When the change was merged, UTC.
-- column: change_closed_at | When it was closed, UTC.
-- not_null: decision_id, source, verdict, time_quality, is_of_change
-- unique: decision_id
-- assert: verdict in ('approved', 'rejected', 'changes_requested', 'commented', 'dismissed', 'withdrawn', 'pending')
-- assert: time_quality in ('exact', 'bounded', 'inferred')
with dismissed as (
    select distinct source, regexp_replace(key, ':[a-z_]+$', '', 'g') as review
    from intermediate.all_decisions
    where verdict = 'dismissed'
),
-- What it was before stands in a row of its own, where anything states that.
revealed as (
    select distinct d.source, o.review
    from intermediate.all_decisions d
    inner join dismissed o on o.source = d.source and o.review = regexp_replace(d.key, ':[a-z_]+$', '', 'g')
    where d.verdict not in ('dismissed', 'pending', 'commented', 'comment')
),
-- A record that was approved by nobody named and at no instant says what the approvals that are records of their own say.
vague as (
    select source, key, change_key, verdict from intermediate.all_decisions
    where decided_by is null and decided_at is null and policy is null and change_key is not null
),
restating as (
    select distinct v.source as of_source, v.key as of_key
    from vague v
    inner join intermediate.all_decisions o
        on o.source = v.source and o.change_key = v.change_key and o.verdict = v.verdict
    where o.decided_by is not null or o.decided_at is not null
),
reviews as (
    select
        d.source,
        source_event_id,
        'review' as basis,
        key,
        change_key,
        deployment_key,
        run_key,
        environment,
        decided_at,
        decided_by as login,
        case verdict
            when 'comment' then 'commented' when 'approve' then 'approved' when 'declined' then 'rejected'
            when 'conditional' then 'approved' when 'approved_with_conditions' then 'approved' else verdict
        end as verdict,
        revision,
        comment,
        conditions,
        authority,
        policy,
        policy_version,
        dismissed_at,
        time_quality,
        url,
        case when o.review is not null then 1 else 0 end as was_dismissed,
        cast(null as varchar) as vote,
        case when d.verdict = 'dismissed' and r.review is null then 1 else 0 end as hides_verdict
    from intermediate.all_decisions d
    left join dismissed o on o.source = d.source and o.review = regexp_replace(d.key, ':[a-z_]+$', '', 'g')
    left join revealed r on r.source = o.source and r.review = o.review
    left join restating x on x.of_source = d.source and x.of_key = d.key
    where x.of_key is null
),
votes as (
    select
        source,
        source_event_id,
        'vote' as basis,
        key,
        change_key,
        cast(null as varchar) as deployment_key,
        cast(null as varchar) as run_key,
        cast(null as varchar) as environment,
        voted_at as decided_at,
        voter as login,
        verdict,
        revision,
        comment,
        cast(null as varchar) as conditions,
        label as authority,
        cast(null as varchar) as policy,
        cast(null as varchar) as policy_version,
        cast(null as timestamp) as dismissed_at,
        'exact' as time_quality,
        url,
        0 as was_dismissed,
        vote,
        0 as hides_verdict
    from intermediate.int_votes
),
fields as (
    select
        source, source_event_id, 'field' as basis, key, key as change_key, cast(null as varchar) as deployment_key,
        cast(null as varchar) as run_key, cast(null as varchar) as environment, approved_at as decided_at, approved_by_login as login,
        -- A record that was refused holds in these fields when and by whom.
        case when c.status_meaning = 'rejected' then 'rejected' else 'approved' end as verdict,
        cast(null as varchar) as revision, cast(null as varchar) as comment, conditions,
        cast(null as varchar) as authority, cast(null as varchar) as policy, cast(null as varchar) as policy_version,
        cast(null as timestamp) as dismissed_at, 'exact' as time_quality, url, 0 as was_dismissed,
        cast(null as varchar) as vote, 0 as hides_verdict
    from intermediate.int_changes c
    where approved_at is not null
        -- The field and an entry of the same person at the same instant are one act; the entry says more.
        and not exists (
            select 1 from intermediate.all_decisions d
            where d.source = c.source and d.change_key = c.key and d.decided_at = c.approved_at
                and lower(trim(d.decided_by)) = c.approved_by_login and d.verdict like 'approve%'
        )
    union all
    -- Its status says that it was approved, or it went and names who approved; when, no record says. Where a source keeps
    -- decisions or moves of statuses, what they do not hold did not happen.
    select
        c.source, c.source_event_id, 'field', c.key, c.key, cast(null as varchar), cast(null as varchar), cast(null as varchar),
        cast(null as timestamp), c.approved_by_login, 'approved', cast(null as varchar), cast(null as varchar), c.conditions,
        cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as timestamp), 'inferred', c.url, 0,
        cast(null as varchar), 0
    from intermediate.int_changes c
    left join (
        select source from intermediate.all_decisions
        union
        select source from intermediate.int_votes
        union
        select source from intermediate.all_events where verb = 'status_changed'
    ) t on t.source = c.source
    where c.approved_at is null and t.source is null
        and (
            c.status_meaning = 'approved'
            or (c.approved_by_login is not null and c.status_meaning in ('implementing', 'in_review', 'done', 'unsuccessful'))
        )
        and not c.is_reviewed
),
moves as (
    select
        e.source, e.source_event_id, 'status' as basis, e.key, e.subject_key as change_key,
        cast(null as varchar) as deployment_key, cast(null as varchar) as run_key, cast(null as varchar) as environment,
        e.occurred_at as decided_at,
        e.actor as login, m.meaning as verdict, cast(null as varchar) as revision, e.text as comment,
        cast(null as varchar) as conditions, cast(null as varchar) as authority, cast(null as varchar) as policy,
        cast(null as varchar) as policy_version, cast(null as timestamp) as dismissed_at,
        coalesce(e.time_quality, 'exact') as time_quality, e.url, 0 as was_dismissed, cast(null as varchar) as vote,
        0 as hides_verdict
    from intermediate.all_events e
    inner join intermediate.int_status_meanings m on m.status = lower(e.new_value)
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'status_changed' and e.subject_kind in ('issue', 'change') and m.meaning in ('approved', 'rejected')
        -- An approval record of the same change tells who decided; the move that follows it is bookkeeping.
        and not exists (
            select 1 from intermediate.all_decisions d
            where d.source = e.source and d.change_key = e.subject_key and d.verdict in ('approved', 'rejected')
        )
),
all_forms as (
    select * from reviews
    union all select * from votes
    union all select * from fields
    union all select * from moves
),
-- Only what shares its instant with something can repeat it: the few are compared, and not millions of different decisions.
shared_instants as (
    select decided_at
    from (
        select decided_at from intermediate.all_decisions
        union all select voted_at from intermediate.int_votes
        union all select approved_at from intermediate.int_changes
        union all select occurred_at from intermediate.all_events where verb = 'status_changed'
    ) i
    where decided_at is not null
    group by decided_at
    having count(*) > 1
),
acts as (
    select f.*
    from all_forms f
    left join shared_instants i on i.decided_at = f.decided_at
    where i.decided_at is null
    union all
    -- An entry that repeats a decision (same person, record, revision and verdict, at the same instant) under another id, as
    -- from a second import or an export that lists it twice, is the same act. Without a person or an instant nothing says so.
    select f.*
    from all_forms f
    inner join shared_instants i on i.decided_at = f.decided_at
    qualify f.login is null or row_number() over (
        partition by f.source, f.change_key, f.deployment_key, f.run_key, lower(trim(f.login)), f.decided_at, f.verdict,
            coalesce(f.revision, ''), coalesce(f.authority, ''), coalesce(f.vote, ''), coalesce(f.environment, '')
        order by f.comment is null, f.conditions is null, f.basis, f.key
    ) = 1
)
select
    cast(f.source || ':' || f.basis || ':' || f.key as varchar) as decision_id,
    cast(f.source as varchar) as source,
    cast(f.source_event_id as varchar) as source_event_id,
    cast(f.basis as varchar) as basis,
    cast(f.source || ':' || f.change_key as varchar) as change_id,
    cast(f.source || ':' || f.deployment_key as varchar) as deployment_id,
    cast(f.source || ':' || f.run_key as varchar) as run_id,
    cast(f.environment as varchar) as environment,
    cast(f.decided_at as timestamp) as decided_at,
    cast(lower(trim(f.login)) as varchar) as decided_by_login,
    cast(case when k.person is null then a.person_id end as varchar) as decided_by,
    cast(a.actor_type as varchar) as decided_by_type,
    cast(coalesce(f.verdict, 'commented') as varchar) as verdict,
    cast(f.revision as varchar) as revision,
    cast(f.vote as varchar) as vote,
    cast(f.comment as varchar) as comment,
    cast(f.conditions as varchar) as conditions,
    cast(f.authority as varchar) as authority,
    -- Automation that approves names its policy in the field for it, or in what it writes: 'Approved by policy low-risk v4'.
    cast(
        coalesce(
            f.policy,
            case
                when a.actor_type = 'bot'
                    then nullif(regexp_extract(lower(f.comment), 'policy:? +["''`]?([a-z0-9][a-z0-9._/-]*[a-z0-9])', 1), '')
            end
        ) as varchar
    ) as policy,
    cast(
        coalesce(
            f.policy_version,
            case
                when a.actor_type = 'bot'
                    then nullif(regexp_extract(lower(f.comment), 'policy:? +[^ ]+ +(?:version +|v)([0-9][0-9.]*)', 1), '')
            end
        ) as varchar
    ) as policy_version,
    cast(f.was_dismissed = 1 or f.dismissed_at is not null as boolean) as is_dismissed,
    cast(f.dismissed_at as timestamp) as dismissed_at,
    cast(f.hides_verdict = 1 as boolean) as hides_verdict,
    cast(case when f.decided_at is null then 'inferred' else coalesce(f.time_quality, 'exact') end as varchar)
        as time_quality,
    cast(f.url as varchar) as url,
    cast(c.change_id is not null as boolean) as is_of_change,
    cast(c.service as varchar) as change_service,
    cast(c.team as varchar) as change_team,
    cast(c.change_type as varchar) as change_type,
    cast(c.risk as varchar) as change_risk,
    cast(c.is_reviewed as boolean) as change_is_reviewed,
    cast(c.author as varchar) as change_author,
    cast(lower(trim(f.login)) = c.author_login as boolean) as is_by_author_login,
    cast(
        case
            when f.revision is null or c.head_revision is null then null
            when f.revision = c.head_revision then true
            when length(f.revision) >= 7 and starts_with(c.head_revision, f.revision) then true
            when length(c.head_revision) >= 7 and starts_with(f.revision, c.head_revision) then true
            else false
        end as boolean
    ) as names_shipped,
    cast(c.merged_at as timestamp) as change_merged_at,
    cast(c.closed_at as timestamp) as change_closed_at
from acts f
left join intermediate.int_changes c on c.source = f.source and c.key = f.change_key
left join intermediate.int_actors a on a.source = f.source and a.login = lower(trim(f.login))
left join (
    -- By person: whom the configuration names under one of the spellings is known.
    select c.source, c.key, o.other_login as person
    from intermediate.int_alike_logins o
    inner join intermediate.int_changes c on c.author = o.login
) k on k.source = f.source and k.key = f.change_key and k.person = a.person_id
