-- description: Everything that needs an explanation: failed tests, production deployments without valid authorisation, in a freeze
--   or failed, conditions not met in time, unsound windows, impossible times.
-- grain: kind, record_kind, record_id, reason
-- column: kind | Which test failed or what is wrong.
-- column: record_kind | change, deployment, window or condition.
-- column: record_id | Which one.
-- column: occurred_at | The instant it belongs to, UTC.
-- column: service | Its service.
-- column: team | Its team.
-- column: reason | What the records show.
-- column: url | The source's own page.
-- column: explanation | For whoever answers for it.
select
    t.test as kind, 'change' as record_kind, t.change_id as record_id, f.implemented_at as occurred_at, c.service, c.team,
    t.reason, c.url, cast(null as varchar) as explanation
from evidence.change_tests t
inner join evidence.sample_frame f on f.change_id = t.change_id
inner join marts.changes c on c.change_id = t.change_id
where t.result = 'fail'
union all
select
    'unauthorised_deployment', 'deployment', d.deployment_id, d.started_at, d.service, d.team, d.unauthorised_reason, d.url, null
from evidence.population_deployments p
inner join marts.deployments d on d.deployment_id = p.deployment_id
where p.is_started_in_period and d.unauthorised_reason is not null and not d.is_rerelease and d.is_production
union all
select 'failed_deployment', 'deployment', d.deployment_id, d.finished_at, d.service, d.team, d.failure_reasons, d.url, null
from marts.deployments d
where d.is_failed
union all
select 'window_' || w.problem, 'window', w.window_id, w.planned_start_at, w.service, w.team, 'the window is ' || w.problem, w.url, null
from marts.windows w
where w.problem is not null and not w.is_withdrawn
union all
select
    'window_created_after_start', 'window', w.window_id, w.planned_start_at, w.service, w.team,
    'it was entered after it had begun', w.url, null
from marts.windows w
where w.is_created_after_start and not w.is_withdrawn and w.kind <> 'freeze'
union all
select
    'deployed_in_freeze', 'deployment', z.deployment_id, z.started_at, z.service, z.team, 'inside the freeze ' || z.freeze_name, d.url, null
from marts.freeze_deployments z
inner join marts.deployments d on d.deployment_id = z.deployment_id
where not z.is_exempt
union all
select
    'condition_' || k.status, 'condition', k.condition_id, k.due_at, k.service, k.team, k.text, c.url, null
from marts.conditions k
left join marts.changes c on c.change_id = k.change_id
where k.status in ('late', 'unmet')
union all
select
    'approved_before_asked', 'change', c.change_id, c.effective_approval_at, c.service, c.team,
    'the approval lies before the request for it', c.url, null
from marts.changes c
where c.effective_approval_at < c.requested_at
