-- description: What release execution stopped, changed or delayed, by kind: one row per act and kind. Records tell kinds first, then
--   the words of statuses, failed steps and what was said.
-- grain: evidence_id, kind
-- order_by: occurred_at, evidence_id, kind
-- column: evidence_id | The record that shows it: a deployment, an event, a decision or a step of a run.
-- column: kind | One of release's five kinds; null when no record or word tells it.
-- column: kind_basis | record when records tell the kind, words when only words do; null when unknown.
-- column: rule | The rule that made it a catch.
-- column: occurred_at | When, UTC.
-- column: service | Service concerned.
-- column: team | Its team.
-- column: deployment_id | The deployment concerned; null when none had begun.
-- column: text | The act's words.
-- not_null: evidence_id, rule
-- unique: evidence_id, kind
with attempts as (
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
rolling as (
    -- Deployments of which a part was out when they ended without success.
    select distinct source || ':' || deployment_key as deployment_id
    from intermediate.all_deployment_statuses
    where regexp_matches(lower(coalesce(description, '')), 'rolled out|roll.?out to|% of traffic')
),
promoted as (
    -- What was stopped on its way to production had been through the environment below it.
    select distinct a.deployment_id
    from attempts a
    inner join passed p on p.service = a.service and p.artifact = a.artifact and p.finished_at <= a.started_at
    inner join config.stage_environments s on s.environment = p.environment
    where a.is_production and a.outcome = 'cancelled'
),
failed_steps as (
    select s.source, s.run_key, s.source || ':' || s.key as evidence_id, s.source_event_id, s.name,
        coalesce(s.finished_at, s.started_at) as occurred_at
    from intermediate.all_run_steps s
    where s.run_key is not null and lower(coalesce(s.outcome, s.status)) in ('failure', 'failed')
),
untried as (
    -- Runs whose deploying step was left out: something before it failed. Runs on a proposed change try nothing.
    select distinct s.source, s.run_key
    from intermediate.all_run_steps s
    inner join intermediate.int_run_purposes p on p.name = lower(s.name) and p.purpose = 'deploy'
    inner join intermediate.all_runs r on r.source = s.source and r.key = s.run_key
    where lower(coalesce(s.outcome, s.status)) in ('skipped', 'not_built', 'not_executed')
        and not regexp_matches(lower(coalesce(r.trigger, '')), 'pull_request|merge_request')
),
release as (
    select a.deployment_id as evidence_id, coalesce(s.source_event_id, a.source_event_id) as source_event_id, a.source, a.run_key,
        coalesce(a.finished_at, a.started_at) as occurred_at, a.service, a.team, a.deployment_id,
        coalesce(s.text, f.name, a.title) as text,
        case
            when u.run_key is not null then 'a check before the deployment failed'
            when o.deployment_id is not null then 'rollout halted'
            when a.outcome = 'failed' then 'deployment failed before it finished'
            when p.deployment_id is not null then 'promotion stopped'
            else 'deployment stopped'
        end as rule
    from attempts a
    left join status_texts s on s.deployment_id = a.deployment_id
    left join rolling o on o.deployment_id = a.deployment_id
    left join promoted p on p.deployment_id = a.deployment_id
    left join untried u on u.source = a.source and u.run_key = a.run_key
    left join (select source, run_key, min(name) as name from failed_steps group by source, run_key) f
        on f.source = a.source and f.run_key = a.run_key
),
unstarted as (
    -- A check that failed where nothing was tried and no deployment stands for the run.
    select f.evidence_id, f.source_event_id, f.occurred_at, v.service, v.team, cast(null as varchar) as deployment_id, f.name as text,
        'a check before the deployment failed' as rule
    from failed_steps f
    inner join untried u on u.source = f.source and u.run_key = f.run_key
    inner join intermediate.all_runs r on r.source = f.source and r.key = f.run_key
    left join intermediate.int_deployments d on d.source = f.source and d.run_key = f.run_key
    left join intermediate.int_scopes v
        on v.service_key = '' and v.component_key = coalesce(lower(r.name), '') and v.repository_key = coalesce(lower(r.repository), '')
        and v.team_key = ''
    where d.deployment_id is null
),
said as (
    select e.source_event_id, e.source, e.occurred_at, e.verb, e.text, lower(trim(e.actor)) as login,
        coalesce(d.service, c.service, r.service) as service, coalesce(d.team, c.team, r.team) as team, d.deployment_id
    from intermediate.all_events e
    left join intermediate.int_deployments d on e.subject_kind = 'deployment' and d.source = e.source and d.key = e.subject_key
    left join intermediate.int_changes c on e.subject_kind in ('change', 'issue') and c.source = e.source and c.key = e.subject_key
    left join intermediate.int_releases r on e.subject_kind = 'release' and r.source = e.source and r.key = e.subject_key
    where e.verb in ('readiness_failed', 'held', 'aborted')
        or (e.verb = 'go_no_go' and regexp_matches(lower(coalesce(e.new_value, '') || ' ' || coalesce(e.text, '')), 'no.?go|not ready|(^|[^a-z])hold'))
),
acts as (
    -- What was said on the way: a readiness check that failed, a release held or aborted, a no-go; and a refusal at the gate.
    select s.source_event_id as evidence_id, s.source_event_id, s.occurred_at, s.service, s.team, s.deployment_id, s.text,
        case s.verb
            when 'readiness_failed' then 'a readiness check failed' when 'held' then 'release held'
            when 'go_no_go' then 'the go/no-go said no' else 'release aborted'
        end as rule,
        case
            when s.verb = 'readiness_failed' then 'operational readiness'
            when a.team <> s.team or n.source_event_id is not null then 'coordination'
        end as kind
    from said s
    left join intermediate.int_actors a on a.source = s.source and a.login = s.login
    left join (
        -- Held for a component of another team, which its words name.
        select distinct s.source_event_id
        from said s
        inner join config.services o on o.team <> s.team and position(lower(o.service) in lower(s.text)) > 0
        where s.verb = 'held'
    ) n on n.source_event_id = s.source_event_id
    union all
    select i.decision_id, i.source_event_id, i.decided_at, d.service, d.team, d.deployment_id, i.comment, 'refused at the gate',
        case when a.team <> d.team then 'coordination' end
    from intermediate.int_decisions i
    inner join intermediate.int_deployments d on d.deployment_id = i.deployment_id
    left join intermediate.int_actors a on a.source = i.source and a.login = i.decided_by_login
    where i.verdict = 'rejected' and i.change_id is null
    union all
    select i.decision_id, i.source_event_id, i.decided_at, coalesce(d.service, v.service), coalesce(d.team, v.team), d.deployment_id,
        i.comment, 'refused at the gate', case when a.team <> coalesce(d.team, v.team) then 'coordination' end
    from intermediate.int_decisions i
    inner join intermediate.all_runs r on r.source || ':' || r.key = i.run_id
    left join (
        -- Of several deployments of a run the one into the environment of the gate is meant, else the first, with its own service and team.
        select g.decision_id, w.deployment_id, w.service, w.team
        from intermediate.int_decisions g
        inner join intermediate.int_deployments w on w.source || ':' || w.run_key = g.run_id
        where g.verdict = 'rejected'
        qualify row_number() over (
            partition by g.decision_id
            order by case when lower(trim(w.environment)) = lower(trim(g.environment)) then 0 else 1 end, w.started_at nulls last,
                w.deployment_id
        ) = 1
    ) d on d.decision_id = i.decision_id
    left join intermediate.int_scopes v
        on v.service_key = '' and v.component_key = coalesce(lower(r.name), '') and v.repository_key = coalesce(lower(r.repository), '')
        and v.team_key = ''
    left join intermediate.int_actors a on a.source = i.source and a.login = i.decided_by_login
    where i.verdict = 'rejected' and i.change_id is null and i.deployment_id is null
),
late as (
    -- Production deployments that began after the window planned for what they carry.
    select d.deployment_id, d.service, d.team, d.started_at, x.change_id, c.planned_start_at, d.title
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id
    inner join marts.changes c on c.change_id = x.governing_change_id
    where d.is_production and x.link_basis not in ('between', 'ticket') and c.planned_end_at >= c.planned_start_at
        and d.started_at >= c.planned_end_at
),
delayed as (
    -- Something it depends on went first, within the time that had been planned for it or after.
    select l.deployment_id as evidence_id, l.started_at as occurred_at, l.service, l.team, l.deployment_id, l.title as text,
        're-sequenced after another component' as rule, 'sequencing' as kind
    from late l
    inner join config.service_dependencies n on n.service = l.service
    inner join intermediate.int_deployments o
        on o.service = n.depends_on and o.is_production and o.outcome = 'succeeded'
        and o.finished_at > l.planned_start_at and o.finished_at <= l.started_at
    union
    select l.deployment_id, l.started_at, l.service, l.team, l.deployment_id, l.title, 'delayed until readiness was shown',
        'operational readiness'
    from late l
    inner join marts.activities a on a.deployment_id = l.deployment_id and a.activity = 'readied' and a.track = 'release_execution'
        and a.occurred_at > l.planned_start_at and a.occurred_at <= l.started_at
    union
    select l.deployment_id, l.started_at, l.service, l.team, l.deployment_id, l.title, 'delayed until readiness was shown',
        'operational readiness'
    from late l
    inner join marts.activities a on a.change_id = l.change_id and a.activity = 'readied' and a.track = 'release_execution'
        and a.occurred_at > l.planned_start_at and a.occurred_at <= l.started_at
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
    select a.deployment_id, 'artifact differs from what was approved'
    from attempts a
    inner join marts.rebuilt_deployments b on b.deployment_id = a.deployment_id
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
kinds as (
    select evidence_id, kind, 'record' as kind_basis from shown
    union
    select r.evidence_id, t.kind, 'words'
    from release r
    inner join intermediate.int_catch_texts t on t.source_event_id = r.source_event_id and t.process = 'release_execution'
    union
    -- The names of the jobs that failed on the way.
    select r.evidence_id, t.kind, 'words'
    from release r
    inner join failed_steps s on s.source = r.source and s.run_key = r.run_key
    inner join intermediate.int_catch_texts t on t.source_event_id = s.source_event_id and t.process = 'release_execution'
),
gathered as (
    select r.evidence_id, k.kind, k.kind_basis, r.rule, r.occurred_at, r.service, r.team, r.deployment_id, r.text
    from release r
    left join kinds k on k.evidence_id = r.evidence_id
    union all
    select u.evidence_id, t.kind, case when t.kind is not null then 'words' end, u.rule, u.occurred_at, u.service, u.team,
        u.deployment_id, u.text
    from unstarted u
    left join intermediate.int_catch_texts t on t.source_event_id = u.source_event_id and t.process = 'release_execution'
    union all
    select a.evidence_id, coalesce(a.kind, t.kind), case when a.kind is not null then 'record' when t.kind is not null then 'words' end,
        a.rule, a.occurred_at, a.service, a.team, a.deployment_id, a.text
    from acts a
    left join intermediate.int_catch_texts t on t.source_event_id = a.source_event_id and t.process = 'release_execution'
    union all
    select evidence_id, kind, 'record', rule, occurred_at, service, team, deployment_id, text from delayed
)
select
    cast(evidence_id as varchar) as evidence_id,
    cast(kind as varchar) as kind,
    cast(min(kind_basis) as varchar) as kind_basis,
    cast(min(rule) as varchar) as rule,
    cast(min(occurred_at) as timestamp) as occurred_at,
    cast(min(service) as varchar) as service,
    cast(min(team) as varchar) as team,
    cast(min(deployment_id) as varchar) as deployment_id,
    cast(substr(min(text), 1, 300) as varchar) as text
from gathered
group by evidence_id, kind
