-- description: Production deployments with evidence of verification: stated on the record, or a verifying run or step of the same
--   revision or run that ended well after the deployment.
-- grain: deployment_id
-- order_by: deployment_id
-- column: deployment_id | The deployment.
-- column: verified_at | First evidence, UTC.
-- column: basis | stated, run or event.
-- column: evidence_id | The record that shows it.
-- not_null: deployment_id, basis
-- unique: deployment_id
with checks as (
    select r.source, lower(r.repository) as repository, r.revision, r.key as run_key, coalesce(r.finished_at, r.started_at) as at_end,
        r.source || ':' || r.key as evidence_id
    from intermediate.all_runs r
    inner join intermediate.int_run_purposes p on p.name = lower(r.name) and p.purpose = 'verify'
    where lower(coalesce(r.outcome, r.status)) = 'success'
    union all
    select s.source, lower(r.repository), r.revision, s.run_key, coalesce(s.finished_at, s.started_at), s.source || ':' || s.key
    from intermediate.all_run_steps s
    inner join intermediate.int_run_purposes p on p.name = lower(s.name) and p.purpose = 'verify'
    left join intermediate.all_runs r on r.source = s.source and r.key = s.run_key
    where lower(coalesce(s.outcome, s.status)) = 'success'
),
found as (
    select d.deployment_id, d.verified_at, 'stated' as basis, d.deployment_id as evidence_id, 1 as preference
    from intermediate.int_deployments d
    left join intermediate.int_empty_texts e on e.text = lower(trim(d.verification))
    where d.verified_at is not null or (trim(d.verification) <> '' and e.text is null)
    union all
    select d.deployment_id, c.at_end, 'run', c.evidence_id, 2
    from intermediate.int_deployments d
    -- What the run verified before it deployed verified something else.
    inner join checks c on c.source = d.source and c.run_key = d.run_key and coalesce(c.at_end >= d.started_at, true)
    where d.run_key is not null
    union all
    select d.deployment_id, c.at_end, 'run', c.evidence_id, 3
    from intermediate.int_deployments d
    inner join checks c on c.revision = d.revision and c.source = d.source and c.at_end >= d.started_at
        and c.at_end <= d.started_at + interval '1 day'
    union all
    select a.deployment_id, a.occurred_at, 'event', a.source_event_id, 4
    from marts.activities a
    where a.deployment_id is not null and a.activity = 'verified' and a.track = 'release_execution'
)
select
    cast(f.deployment_id as varchar) as deployment_id,
    cast(f.verified_at as timestamp) as verified_at,
    cast(f.basis as varchar) as basis,
    cast(f.evidence_id as varchar) as evidence_id
from found f
inner join intermediate.int_deployments d on d.deployment_id = f.deployment_id
where d.is_production
qualify row_number() over (partition by f.deployment_id order by f.preference, f.verified_at, f.evidence_id) = 1
