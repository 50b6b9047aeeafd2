-- description: What change governance stopped, changed or delayed, by kind: one row per act and kind. Fields and labels tell kinds
--   first, then the words of decisions, conditions and comments.
-- grain: evidence_id, kind
-- order_by: occurred_at, evidence_id, kind
-- column: evidence_id | The record that shows it: a decision, an event, a run or the change itself.
-- column: kind | One of governance's five kinds; null when no field, label or word tells it.
-- column: kind_basis | record when fields or labels tell the kind, words when only words do; null when unknown.
-- column: rule | The rule that made it a catch.
-- column: occurred_at | When, UTC.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_id | The change concerned.
-- column: text | The act's words, or the field that was changed.
-- not_null: evidence_id, rule, change_id
-- unique: evidence_id, kind
with decisions as (
    select d.decision_id as evidence_id, d.source_event_id, d.decided_at as occurred_at, d.change_service as service,
        d.change_team as team, d.change_id, coalesce(d.comment, d.conditions) as text,
        case
            when d.verdict = 'rejected' then 'governance declined it'
            when d.verdict = 'changes_requested' then 'governance asked for changes'
            else 'governance set a condition'
        end as rule
    from intermediate.int_decisions d
    left join marts.conditioned_decisions k on k.decision_id = d.decision_id and k.basis = 'decision'
    where d.is_of_change and (d.verdict in ('rejected', 'changes_requested') or k.decision_id is not null)
),
withdrawn as (
    select c.change_id as evidence_id, c.source_event_id, c.closed_at as occurred_at, c.service, c.team, c.change_id, c.title as text,
        'withdrawn after review' as rule
    from marts.changes c
    -- A ticket that is done was not withdrawn, whoever approved it; a request that was closed unmerged was.
    where c.merged_at is null and c.first_response_at is not null and c.effective_approval_at is null
        and (
            c.state = 'withdrawn' or (c.state = 'closed' and c.outcome = 'cancelled')
            or (
                c.state = 'closed' and c.outcome is null
                and c.is_reviewed
            )
        )
        and c.change_id not in (select change_id from decisions)
),
conditioned as (
    -- Conditions that stand in a field of the change or in a comment, and in no decision.
    select change_id as evidence_id, source_event_id, coalesce(approved_at, created_at) as occurred_at, service, team, change_id,
        conditions as text, 'governance set a condition' as rule
    from intermediate.int_changes
    where trim(coalesce(conditions, '')) <> ''
        and change_id not in (select change_id from decisions where rule = 'governance set a condition')
    union all
    select e.source_event_id, e.source_event_id, e.occurred_at, c.service, c.team, c.change_id, e.text, 'governance set a condition'
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'commented' and regexp_matches(lower(e.text), 'approved with conditions?')
        and trim(coalesce(c.conditions, '')) = ''
        and c.change_id not in (select change_id from decisions where rule = 'governance set a condition')
),
happened as (
    select e.source_event_id, e.source, e.occurred_at, e.verb, lower(coalesce(e.field, '')) as field, e.old_value, e.new_value,
        coalesce(e.text, nullif(e.field, '') || ': ' || coalesce(e.old_value, '') || ' → ' || coalesce(e.new_value, ''), e.new_value) as text,
        lower(trim(e.actor)) as login, c.change_id, c.service, c.team, c.author_login,
        coalesce(m.first_deployed_at, m.merged_at, m.closed_at) as went_at,
        coalesce(m.effective_approval_at, m.merged_at, m.closed_at) as decided_at
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    inner join marts.changes m on m.change_id = c.change_id
    where e.verb in ('field_changed', 'escalated', 'review_requested', 'reviewer_added', 'approval_requested', 'labeled')
),
assessing as (
    -- While it was assessed: before what decided, or before it went or ended without a decision.
    select * from happened where coalesce(occurred_at <= decided_at, true)
),
moved as (
    select source_event_id as evidence_id, source_event_id, occurred_at, service, team, change_id, text,
        'rescheduled before the start' as rule, try_cast(old_value as timestamp) as moved_from
    from happened
    where verb = 'field_changed' and regexp_matches(field, 'planned start|start date|change start')
        and old_value is not null and new_value is not null
),
instants as (
    -- The start that was given up: moved, or declined.
    select evidence_id, service, team, change_id, moved_from as start_at, occurred_at from moved where moved_from is not null
    union all
    select d.evidence_id, c.service, c.team, d.change_id, c.planned_start_at, d.occurred_at
    from decisions d
    inner join intermediate.int_changes c on c.change_id = d.change_id
    where d.rule = 'governance declined it' and c.planned_start_at is not null
),
taken as (
    -- What a time of a service can be taken by, one row per day that it touches, so that days are joined by equality.
    select w.change_id, w.service, w.planned_start_at as start_at, w.planned_end_at as end_at, w.created_at,
        w.first_day + o.bucket_offset as day
    from (
        select *, cast(floor(epoch_us(planned_start_at) / 86400000000.0) as bigint) as first_day,
            cast(floor(epoch_us(planned_end_at) / 86400000000.0) as bigint) as last_day
        from intermediate.int_windows
        where not is_withdrawn and service is not null and kind <> 'freeze' and planned_end_at > planned_start_at
    ) w
    inner join config.bucket_offsets o on o.span = w.last_day - w.first_day
),
clashing as (
    select i.evidence_id
    from (select *, cast(floor(epoch_us(start_at) / 86400000000.0) as bigint) as day from instants) i
    inner join taken w on w.service = i.service and w.day = i.day
    where i.start_at >= w.start_at and i.start_at < w.end_at and coalesce(w.change_id, '') <> i.change_id
        and coalesce(w.created_at <= i.occurred_at, true)
    union
    select i.evidence_id
    from instants i
    inner join intermediate.int_freezes f
        on i.start_at >= f.start_at and i.start_at < f.end_at and (f.service is null or f.service = lower(i.service))
        and (f.team is null or f.team = lower(trim(i.team)))
    inner join intermediate.int_changes c on c.change_id = i.change_id
    -- Present then, for what the change names: what was entered later could not be weighed.
    where coalesce(f.known_since <= i.occurred_at, true)
        and (f.is_of_production or f.environment = lower(trim(c.environment)))
        and (
            f.component is null
            or contains(
                '|' || regexp_replace(f.component, ' *[|] *', '|', 'g') || '|', '|' || lower(trim(c.component)) || '|'
            )
        )
),
known as (
    -- Whom settings name need not have acted yet.
    select member as login, min(team) as team from config.team_members group by member
    union
    select l.login, min(p.team)
    from config.person_logins l
    inner join config.people p on p.person = l.person
    where p.team is not null and l.login not in (select member from config.team_members)
    group by l.login
),
asked as (
    -- Who else was asked to review or approve, by somebody other than the requester; automation asks without a name.
    select a.*, coalesce(p.team, k.team, t.team) as asked_team, lower(trim(a.new_value)) as asked_login
    from happened a
    left join intermediate.int_actors p on p.source = a.source and p.login = lower(trim(a.new_value))
    left join known k on k.login = lower(trim(a.new_value))
    left join config.teams t
        on regexp_replace(lower(t.team), '[^a-z0-9]+', '-', 'g')
            = regexp_replace(regexp_replace(lower(trim(a.new_value)), '^.*/', '', 'g'), '[^a-z0-9]+', '-', 'g')
    where (
            a.verb in ('review_requested', 'reviewer_added', 'approval_requested')
            or (a.verb = 'field_changed' and regexp_matches(a.field, 'approver|reviewer') and a.new_value is not null)
        )
        and coalesce(a.login, '') <> coalesce(a.author_login, '')
        and coalesce(a.occurred_at <= a.went_at, true)
),
demanded as (
    select source_event_id as evidence_id, source_event_id, occurred_at, service, team, change_id, 'asked of ' || new_value as text,
        'another team''s review demanded' as rule, 'cross-team dependency' as kind
    from asked
    where team is not null and asked_team <> team
    union all
    select source_event_id, source_event_id, occurred_at, service, team, change_id, 'asked of ' || new_value,
        'review of a compliance group demanded', 'compliance or regulation'
    from asked
    where regexp_matches(
        lower(coalesce(asked_team, '') || ' ' || coalesce(new_value, '')), '(^|[^a-z])(security|privacy|licen[sc]e|licen[sc]ing|audit|compliance|legal|gdpr)([^a-z]|$)'
    )
    union all
    -- Somebody who had not decided is asked after a first approval was there.
    select a.source_event_id, a.source_event_id, a.occurred_at, a.service, a.team, a.change_id,
        coalesce('asked of ' || a.new_value, a.text), 'a second approver added', 'risk above the owner''s authority'
    from asked a
    inner join (
        select change_id, min(decided_at) as first_at from intermediate.int_decisions where verdict = 'approved' group by change_id
    ) f on f.change_id = a.change_id and f.first_at < a.occurred_at
    left join (
        select change_id, decided_by_login, min(decided_at) as decided_at
        from intermediate.int_decisions where verdict in ('approved', 'rejected', 'changes_requested', 'commented')
        group by change_id, decided_by_login
    ) o on o.change_id = a.change_id and o.decided_by_login = a.asked_login and o.decided_at < a.occurred_at
    where o.change_id is null
),
pieces as (
    select source_event_id, occurred_at, service, team, change_id, text, lower(coalesce(old_value, '')) as old_value,
        unnest(string_split(regexp_replace(lower(new_value), ' *[,;|] *', '|', 'g'), '|')) as piece
    from assessing
    where verb = 'field_changed' and new_value is not null and team is not null
        and regexp_matches(field, 'affected|(^|[^a-z])(services?|components?|configuration items?|cis?)([^a-z]|$)')
),
widened as (
    select p.source_event_id as evidence_id, p.source_event_id, p.occurred_at, p.service, p.team, p.change_id, p.text,
        'a service of another team added' as rule, 'cross-team dependency' as kind
    from pieces p
    inner join config.service_names n on n.kind in ('service', 'component') and n.value = p.piece
    inner join config.services s on s.service = n.service
    where s.team <> p.team
        and not list_contains(string_split(regexp_replace(p.old_value, ' *[,;|] *', '|', 'g'), '|'), p.piece)
),
approvers as (
    -- Approvals of medium and high risk, and whether who approved was entitled to it then.
    select d.decision_id, d.change_id, d.source_event_id, d.decided_at, d.comment,
        coalesce(
            bool_or(
                p.person is not null and coalesce(d.decided_at >= p.start_at, true) and coalesce(d.decided_at < p.end_at, true)
                and coalesce(p.up_to_risk, 'high') in ('high', c.risk)
            ), false
        ) as is_entitled
    from intermediate.int_decisions d
    inner join intermediate.int_changes c on c.change_id = d.change_id
    left join config.person_entitlements p
        on p.person = d.decided_by and lower(p.entitled_to) in (lower(c.service), lower(c.team), '*', 'all')
    where d.verdict = 'approved' and d.decided_by_type = 'human' and d.decided_by is not null and d.decided_at is not null
        and c.risk in ('medium', 'high') and (select count(*) from config.person_entitlements) > 0
    group by d.decision_id, d.change_id, d.source_event_id, d.decided_at, d.comment
),
again as (
    select a.decision_id as evidence_id, a.source_event_id, a.decided_at as occurred_at, m.service, m.team, a.change_id, a.comment as text,
        'approved again by somebody entitled to it' as rule, 'risk above the owner''s authority' as kind
    from approvers a
    inner join (
        select change_id, min(decided_at) filter (where is_entitled) as entitled_at, min(decided_at) filter (where not is_entitled) as other_at
        from approvers group by change_id
    ) f on f.change_id = a.change_id and f.entitled_at = a.decided_at and f.other_at < f.entitled_at
    inner join marts.changes m on m.change_id = a.change_id
    where a.is_entitled and coalesce(a.decided_at <= coalesce(m.first_deployed_at, m.merged_at, m.closed_at), true)
),
scanned as (
    -- A scan that failed on the change before it went.
    select r.source || ':' || r.key as evidence_id, r.source_event_id, coalesce(r.finished_at, r.started_at, r.created_at) as occurred_at,
        c.service, c.team, c.change_id, coalesce(r.name, r.workflow) as text, 'a scan failed on it' as rule,
        'compliance or regulation' as kind
    from intermediate.all_runs r
    inner join intermediate.int_run_purposes p on p.name = lower(coalesce(r.name, r.workflow)) and p.purpose = 'scan'
    inner join intermediate.int_changes c on c.source = r.source and c.key = r.change_key
    where lower(coalesce(r.outcome, r.status)) in ('failure', 'failed')
),
assessed as (
    select source_event_id as evidence_id, source_event_id, occurred_at, service, team, change_id, text,
        case
            when verb = 'escalated' then 'escalated'
            when regexp_matches(field, 'customer.{0,3}impact') then 'customer impact corrected'
            else 'risk raised during assessment'
        end as rule,
        case when verb <> 'escalated' and regexp_matches(field, 'customer.{0,3}impact') then 'customer-visible behaviour' else 'risk above the owner''s authority' end
            as kind
    from assessing
    where verb = 'escalated'
        or (verb = 'field_changed' and old_value is not null and regexp_matches(field, 'customer.{0,3}impact'))
        or (
            verb = 'field_changed' and regexp_matches(field, '(^|[^a-z])risk([^a-z]|$)')
            and ((lower(old_value) like '%low%' and regexp_matches(lower(new_value), 'medium|high|critical'))
                or (lower(old_value) like '%medium%' and regexp_matches(lower(new_value), 'high|critical')))
        )
),
blocked as (
    -- An item of another team that has to come first.
    select c.change_id as evidence_id, c.source_event_id, coalesce(l.updated_at, c.created_at) as occurred_at, c.service, c.team,
        c.change_id, o.title as text, 'blocked by an item of another team' as rule, 'cross-team dependency' as kind
    from intermediate.all_links l
    inner join intermediate.int_changes c
        on c.source = l.source and c.key = case when l.relation = 'blocks' then l.to_key else l.from_key end
    inner join intermediate.int_changes o
        on o.source = l.source and o.key = case when l.relation = 'blocks' then l.from_key else l.to_key end
    where l.relation in ('blocks', 'is_blocked_by', 'blocked_by', 'depends_on') and o.team <> c.team
    qualify row_number() over (partition by c.change_id order by coalesce(l.updated_at, c.created_at), o.change_id) = 1
),
untold as (
    select * from decisions
    union all select * from withdrawn
    union all select * from conditioned
    union all select evidence_id, source_event_id, occurred_at, service, team, change_id, text, rule from moved
),
told as (
    -- Kinds that fields and labels tell: who decided, for whom, by which rule, what somebody else marked the change as.
    select d.evidence_id, 'cross-team dependency' as kind
    from decisions d
    inner join intermediate.int_decisions i on i.decision_id = d.evidence_id
    inner join intermediate.int_person_teams a on a.person_id = i.decided_by
    where d.team is not null and a.team <> d.team
    union
    select d.evidence_id, 'compliance or regulation'
    from decisions d
    inner join intermediate.int_decisions i on i.decision_id = d.evidence_id
    left join intermediate.int_person_teams a on a.person_id = i.decided_by
    where regexp_matches(
        lower(coalesce(i.authority, '') || ' ' || coalesce(i.policy, '') || ' ' || coalesce(a.team, '')),
        'security|privacy|licen[sc]e|audit|compliance|legal|gdpr'
    )
    union
    select evidence_id, 'timing conflict' from clashing
    union
    select u.evidence_id, l.kind
    from untold u
    inner join assessing a on a.change_id = u.change_id and a.verb = 'labeled' and a.login <> a.author_login
    inner join seeds.catch_labels l on l.process = 'change_governance' and regexp_matches(lower(a.new_value), l.pattern)
),
kinds as (
    select evidence_id, kind, 'record' as kind_basis from told
    union all
    select u.evidence_id, t.kind, 'words'
    from untold u
    inner join intermediate.int_catch_texts t on t.source_event_id = u.source_event_id and t.process = 'change_governance'
),
gathered as (
    select u.evidence_id, k.kind, k.kind_basis, u.rule, u.occurred_at, u.service, u.team, u.change_id, u.text
    from untold u
    left join kinds k on k.evidence_id = u.evidence_id
    union all
    select evidence_id, kind, 'record', rule, occurred_at, service, team, change_id, text
    from (
        select * from demanded
        union all select * from widened
        union all select * from again
        union all select * from scanned
        union all select * from assessed
        union all select * from blocked
    )
)
select
    cast(evidence_id as varchar) as evidence_id,
    cast(kind as varchar) as kind,
    cast(min(kind_basis) as varchar) as kind_basis,
    cast(min(rule) as varchar) as rule,
    cast(min(occurred_at) as timestamp) as occurred_at,
    cast(min(service) as varchar) as service,
    cast(min(team) as varchar) as team,
    cast(min(change_id) as varchar) as change_id,
    cast(substr(min(text), 1, 300) as varchar) as text
from gathered
group by evidence_id, kind
