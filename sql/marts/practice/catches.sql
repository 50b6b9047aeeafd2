-- description: What each process caught and missed: acts that stopped, changed or delayed something, and failures after
--   deployment with the process that should have caught them. One row per record and kind.
-- grain: catch_id
-- order_by: process, occurred_at, catch_id
-- column: catch_id | Evidence, outcome and kind, joined by ':'.
-- column: process | change_governance or release_execution; null for a miss of unknown kind.
-- column: outcome | catch or miss.
-- column: kind | One of the ten kinds, or 'kind unknown'.
-- column: rule | The rule over records that made it a catch or a miss. The kind comes from fields and labels where they tell, and
--   from the words as well.
-- column: occurred_at | When, UTC.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: change_id | The change concerned.
-- column: deployment_id | The deployment concerned.
-- column: evidence_id | The record that shows it.
-- column: text | Its words, shortened.
-- not_null: catch_id, outcome, kind, rule, evidence_id
-- unique: catch_id
-- assert: outcome in ('catch', 'miss')
with decisions as (
    select d.decision_id as evidence_id, d.source_event_id, d.decided_at as occurred_at, c.service, c.team, d.change_id,
        coalesce(d.comment, d.conditions) as text,
        case
            when d.verdict = 'rejected' then 'governance declined it'
            when d.verdict = 'changes_requested' then 'governance asked for changes'
            else 'governance set a condition'
        end as rule
    from intermediate.int_decisions d
    inner join intermediate.int_changes c on c.change_id = d.change_id
    where d.verdict in ('rejected', 'changes_requested') or (d.verdict = 'approved' and d.conditions is not null)
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
                and coalesce(lower(c.record_type), '') in ('pull_request', 'merge_request', 'gerrit_change', 'review')
            )
        )
        and c.change_id not in (select change_id from decisions)
),
moved as (
    select e.source_event_id as evidence_id, e.source_event_id, e.occurred_at, c.service, c.team, c.change_id,
        e.field || ': ' || coalesce(e.old_value, '') || ' → ' || coalesce(e.new_value, '') as text,
        'rescheduled before the start' as rule, try_cast(e.old_value as timestamp) as moved_from
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'field_changed' and regexp_matches(lower(coalesce(e.field, '')), 'planned start|start date|change start')
        and e.old_value is not null and e.new_value is not null
),
instants as (
    -- The start that was given up: moved, or declined.
    select evidence_id, service, change_id, moved_from as start_at, occurred_at from moved where moved_from is not null
    union all
    select d.evidence_id, c.service, d.change_id, c.planned_start_at, d.occurred_at
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
        where not is_withdrawn and service is not null and planned_end_at > planned_start_at
    ) w
    inner join config.bucket_offsets o on o.span = w.last_day - w.first_day
),
frozen as (
    select service, start_at, end_at from config.freezes
    union all
    select service, planned_start_at, planned_end_at
    from intermediate.int_windows
    where kind = 'freeze' and not is_withdrawn and service is null and planned_end_at > planned_start_at
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
    inner join frozen f on i.start_at >= f.start_at and i.start_at < f.end_at and (f.service is null or f.service = i.service)
),
scanned as (
    -- A scan that failed on the change before it went.
    select r.source || ':' || r.key as evidence_id, r.source_event_id, coalesce(r.finished_at, r.started_at, r.created_at) as occurred_at,
        c.service, c.team, c.change_id, coalesce(r.name, r.workflow) as text, 'a scan failed on it' as rule
    from intermediate.all_runs r
    inner join intermediate.int_run_purposes p on p.name = lower(coalesce(r.name, r.workflow)) and p.purpose = 'scan'
    inner join intermediate.int_changes c on c.source = r.source and c.key = r.change_key
    where lower(coalesce(r.outcome, r.status)) in ('failure', 'failed')
),
assessed as (
    select e.source_event_id as evidence_id, e.source_event_id, e.occurred_at, c.service, c.team, c.change_id,
        coalesce(e.text, e.field || ': ' || coalesce(e.old_value, '') || ' → ' || coalesce(e.new_value, '')) as text,
        case when e.verb = 'escalated' then 'escalated' else 'customer impact corrected' end as rule,
        case when e.verb = 'escalated' then 'risk above the owner''s authority' else 'customer-visible behaviour' end as kind
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'escalated'
        or (e.verb = 'field_changed' and regexp_matches(lower(coalesce(e.field, '')), 'customer.{0,3}impact') and e.old_value is not null)
),
blocked as (
    -- An item of another team that has to come first.
    select c.change_id as evidence_id, c.source_event_id, coalesce(l.updated_at, c.created_at) as occurred_at, c.service, c.team,
        c.change_id, o.title as text, 'blocked by an item of another team' as rule
    from intermediate.all_links l
    inner join intermediate.int_changes c
        on c.source = l.source and c.key = case when l.relation = 'blocks' then l.to_key else l.from_key end
    inner join intermediate.int_changes o
        on o.source = l.source and o.key = case when l.relation = 'blocks' then l.from_key else l.to_key end
    where l.relation in ('blocks', 'is_blocked_by', 'blocked_by', 'depends_on') and o.team <> c.team
    qualify row_number() over (partition by c.change_id order by coalesce(l.updated_at, c.created_at), o.change_id) = 1
),
told as (
    -- Kinds that fields tell: who decided, for whom, by which rule.
    select d.evidence_id, 'cross-team dependency' as kind
    from decisions d
    inner join intermediate.int_decisions i on i.decision_id = d.evidence_id
    inner join (select person_id, min(team) as team from intermediate.int_actors where team is not null group by person_id) a
        on a.person_id = i.decided_by
    where d.team is not null and a.team <> d.team
    union
    select d.evidence_id, 'compliance or regulation'
    from decisions d
    inner join intermediate.int_decisions i on i.decision_id = d.evidence_id
    where regexp_matches(
        lower(coalesce(i.authority, '') || ' ' || coalesce(i.policy, '')), 'security|privacy|licen[sc]e|audit|compliance|legal|gdpr'
    )
    union
    select evidence_id, 'timing conflict' from clashing
),
raised as (
    select e.source_event_id as evidence_id, e.source_event_id, e.occurred_at, c.service, c.team, c.change_id,
        e.field || ': ' || coalesce(e.old_value, '') || ' → ' || coalesce(e.new_value, '') as text,
        'risk raised during assessment' as rule
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'field_changed' and regexp_matches(lower(coalesce(e.field, '')), '(^|[^a-z])risk([^a-z]|$)')
        and ((lower(e.old_value) like '%low%' and regexp_matches(lower(e.new_value), 'medium|high|critical'))
            or (lower(e.old_value) like '%medium%' and regexp_matches(lower(e.new_value), 'high|critical')))
),
governance as (
    select g.evidence_id, g.source_event_id, g.occurred_at, g.service, g.team, g.change_id, g.text, g.rule, k.kind
    from (
        select * from decisions
        union all select * from withdrawn
        union all select evidence_id, source_event_id, occurred_at, service, team, change_id, text, rule from moved
    ) g
    left join (
        select t.source_event_id, g.evidence_id, t.kind
        from intermediate.int_catch_texts t
        inner join (select evidence_id, source_event_id from decisions union select evidence_id, source_event_id from withdrawn) g
            on g.source_event_id = t.source_event_id
        where t.process = 'change_governance'
        union
        select null, evidence_id, kind from told
    ) k on k.evidence_id = g.evidence_id
    union all
    select *, 'risk above the owner''s authority' from raised
    union all
    select *, 'compliance or regulation' from scanned
    union all
    select * from assessed
    union all
    select *, 'cross-team dependency' from blocked
),
attempts as (
    select * from intermediate.int_deployments where outcome in ('failed', 'cancelled')
),
passed as (
    select service, artifact, lower(environment) as environment, min(finished_at) as finished_at
    from intermediate.int_deployments
    where outcome = 'succeeded' and artifact is not null and service is not null and environment is not null
    group by service, artifact, lower(environment)
),
status_texts as (
    select source || ':' || deployment_key as deployment_id, max(source_event_id) as source_event_id, max(description) as text
    from intermediate.all_deployment_statuses
    where description is not null and lower(status) in ('failure', 'error', 'failed')
    group by 1
),
release as (
    select a.deployment_id as evidence_id, coalesce(s.source_event_id, a.source_event_id) as source_event_id,
        coalesce(a.finished_at, a.started_at) as occurred_at, a.service, a.team, a.deployment_id,
        coalesce(s.text, a.title) as text,
        case when a.outcome = 'failed' then 'deployment failed before it finished' else 'deployment stopped' end as rule
    from attempts a
    left join status_texts s on s.deployment_id = a.deployment_id
),
acts as (
    -- What was said on the way: a readiness check that failed, a release held or aborted; and a refusal at the gate.
    select e.source_event_id as evidence_id, e.source_event_id, e.occurred_at, coalesce(d.service, c.service, r.service) as service,
        coalesce(d.team, c.team, r.team) as team, d.deployment_id, e.text,
        case e.verb when 'readiness_failed' then 'a readiness check failed' when 'held' then 'release held' else 'release aborted' end
            as rule,
        case
            when e.verb = 'readiness_failed' then 'operational readiness'
            when a.team <> coalesce(d.team, c.team, r.team) then 'coordination'
        end as kind
    from intermediate.all_events e
    left join intermediate.int_deployments d on e.subject_kind = 'deployment' and d.source = e.source and d.key = e.subject_key
    left join intermediate.int_changes c on e.subject_kind in ('change', 'issue') and c.source = e.source and c.key = e.subject_key
    left join intermediate.int_releases r on e.subject_kind = 'release' and r.source = e.source and r.key = e.subject_key
    left join intermediate.int_actors a on a.source = e.source and a.login = lower(trim(e.actor))
    where e.verb in ('readiness_failed', 'held', 'aborted')
    union all
    select i.decision_id, i.source_event_id, i.decided_at, d.service, d.team, d.deployment_id, i.comment, 'refused at the gate',
        case when a.team <> d.team then 'coordination' end
    from intermediate.int_decisions i
    inner join intermediate.int_deployments d on d.deployment_id = i.deployment_id
    left join intermediate.int_actors a on a.source = i.source and a.login = i.decided_by_login
    where i.verdict = 'rejected' and i.change_id is null
),
shown as (
    -- Kinds that records tell of an attempt: what passed elsewhere, what was approved, who stopped it, what it had to wait for.
    -- The same artifact had passed in another environment and failed in this one; what was stopped has not failed.
    select d.deployment_id as evidence_id, 'environment difference' as kind
    from attempts d
    inner join passed p
        on p.service = d.service and p.artifact = d.artifact and p.environment <> lower(d.environment)
        and p.finished_at <= d.started_at
    where d.outcome = 'failed'
    union
    select deployment_id, 'artifact differs from what was approved' from marts.deployments
    where outcome in ('failed', 'cancelled') and unauthorised_reason = 'other revision'
    union
    select s.source || ':' || s.deployment_key, 'coordination'
    from intermediate.all_deployment_statuses s
    inner join intermediate.int_deployment_states m
        on m.status = regexp_replace(lower(s.status), '[ _-]+', '', 'g') and m.outcome = 'cancelled'
    inner join intermediate.int_deployments d on d.deployment_id = s.source || ':' || s.deployment_key
    inner join intermediate.int_actors a on a.source = s.source and a.login = lower(trim(s.actor))
    where a.team <> d.team
    union
    select f.deployment_id, 'sequencing'
    from attempts f
    inner join intermediate.int_deployments again
        on again.service = f.service and again.artifact = f.artifact and lower(again.environment) = lower(f.environment)
        and again.outcome = 'succeeded' and again.started_at >= coalesce(f.finished_at, f.started_at)
    inner join config.service_dependencies n on n.service = f.service
    inner join intermediate.int_deployments other
        on other.service = n.depends_on and lower(other.environment) = lower(f.environment) and other.outcome = 'succeeded'
        and other.finished_at > f.started_at and other.finished_at <= again.started_at
    where f.outcome = 'failed'
),
release_kinds as (
    select r.evidence_id, r.occurred_at, r.service, r.team, r.deployment_id, r.text, r.rule, k.kind
    from release r
    left join (
        select r.evidence_id, t.kind
        from release r
        inner join intermediate.int_catch_texts t on t.source_event_id = r.source_event_id and t.process = 'release_execution'
        union
        select evidence_id, kind from shown
    ) k on k.evidence_id = r.evidence_id
    union all
    select a.evidence_id, a.occurred_at, a.service, a.team, a.deployment_id, a.text, a.rule, coalesce(a.kind, t.kind)
    from acts a
    left join intermediate.int_catch_texts t on t.source_event_id = a.source_event_id and t.process = 'release_execution'
),
misses as (
    select d.deployment_id as evidence_id, d.failed_at as occurred_at, d.service, d.team, d.deployment_id, i.title as text,
        'failure after deployment: ' || d.failure_reasons as rule, t.process, t.kind
    from marts.deployments d
    left join (
        select deployment_id, min(incident_id) as incident_id from marts.incidents
        where deployment_id is not null and not is_planned group by deployment_id
    ) l on l.deployment_id = d.deployment_id
    left join intermediate.int_incidents i on i.incident_id = l.incident_id
    left join (
        select source_event_id, process, kind from intermediate.int_catch_texts
        qualify row_number() over (partition by source_event_id order by terms desc, process, kind) = 1
    ) t on t.source_event_id = i.source_event_id
    where d.is_failed
),
gathered as (
    select 'change_governance' as process, 'catch' as outcome, coalesce(kind, 'kind unknown') as kind, rule, occurred_at,
        service, team, change_id, cast(null as varchar) as deployment_id, evidence_id, text
    from governance
    union all
    select 'release_execution', 'catch', coalesce(kind, 'kind unknown'), rule, occurred_at, service, team, null, deployment_id,
        evidence_id, text
    from release_kinds
    union all
    select process, 'miss', coalesce(kind, 'kind unknown'), rule, occurred_at, service, team, null, deployment_id, evidence_id, text
    from misses
)
select
    cast(evidence_id || ':' || outcome || ':' || kind as varchar) as catch_id,
    cast(min(process) as varchar) as process,
    cast(outcome as varchar) as outcome,
    cast(kind as varchar) as kind,
    cast(min(rule) as varchar) as rule,
    cast(min(occurred_at) as timestamp) as occurred_at,
    cast(min(service) as varchar) as service,
    cast(min(team) as varchar) as team,
    cast(min(change_id) as varchar) as change_id,
    cast(min(deployment_id) as varchar) as deployment_id,
    cast(evidence_id as varchar) as evidence_id,
    cast(substr(min(text), 1, 300) as varchar) as text
from gathered
group by evidence_id, outcome, kind
