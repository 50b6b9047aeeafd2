-- description: What each process caught and missed: acts that stopped, changed or delayed something, and failures after
--   deployment with the process that should have caught them. One row per record and kind.
-- grain: catch_id
-- order_by: process, occurred_at, catch_id
-- column: catch_id | Evidence, outcome and kind, joined by ':'.
-- column: process | change_governance or release_execution; null for a miss of unknown kind.
-- column: outcome | catch or miss.
-- column: kind | One of the ten kinds, or 'kind unknown'.
-- column: rule | The rule over records that made it a catch or a miss.
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
    where c.state in ('withdrawn', 'closed') and c.merged_at is null and c.first_response_at is not null
        and c.effective_approval_at is null and coalesce(c.outcome, 'cancelled') = 'cancelled'
        and c.change_id not in (select change_id from decisions)
),
moved as (
    -- A planned start that was moved while another window or freeze overlapped the old one.
    select e.source_event_id as evidence_id, e.source_event_id, e.occurred_at, c.service, c.team, c.change_id,
        e.field || ': ' || coalesce(e.old_value, '') || ' → ' || coalesce(e.new_value, '') as text,
        'rescheduled before the start' as rule
    from intermediate.all_events e
    inner join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    where e.verb = 'field_changed' and regexp_matches(lower(coalesce(e.field, '')), 'planned start|start date|change start')
        and e.old_value is not null and e.new_value is not null
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
    select g.*, t.kind
    from (select * from decisions union all select * from withdrawn) g
    left join intermediate.int_catch_texts t on t.source_event_id = g.source_event_id and t.process = 'change_governance'
    union all
    select *, 'timing conflict' from moved
    union all
    select *, 'risk above the owner''s authority' from raised
),
attempts as (
    -- The same artifact passed in one environment and failed in a later one.
    select d.*, p.deployment_id is not null as passed_elsewhere
    from intermediate.int_deployments d
    left join (
        select service, artifact, min(finished_at) as finished_at, min(deployment_id) as deployment_id,
            min(lower(environment)) as first_environment, max(lower(environment)) as last_environment
        from intermediate.int_deployments
        where outcome = 'succeeded' and artifact is not null and service is not null
        group by service, artifact
    ) p on p.service = d.service and p.artifact = d.artifact and p.finished_at <= d.started_at
        and (p.first_environment <> lower(d.environment) or p.last_environment <> lower(d.environment))
    where d.outcome in ('failed', 'cancelled')
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
        case when a.outcome = 'failed' then 'deployment failed before it finished' else 'deployment stopped' end as rule,
        a.passed_elsewhere
    from attempts a
    left join status_texts s on s.deployment_id = a.deployment_id
),
release_kinds as (
    select r.*, case when r.passed_elsewhere then coalesce(t.kind, 'environment difference') else t.kind end as kind
    from release r
    left join intermediate.int_catch_texts t on t.source_event_id = r.source_event_id and t.process = 'release_execution'
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
