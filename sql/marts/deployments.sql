-- description: One row per deployment attempt, with what it carried, whether that was authorised, and whether it failed.
-- grain: deployment_id
-- order_by: service, started_at, deployment_id
-- column: deployment_id | Source and the source's key, joined by ':'.
-- column: source | Name of the source instance.
-- column: key | The source's own key.
-- column: basis | deployment, run or stage: the form in which the source keeps it.
-- column: title | Title or name.
-- column: url | The source's own page.
-- column: service | Service deployed; null when nothing names one.
-- column: team | Its team; null when unknown.
-- column: environment | Environment as stated.
-- column: is_production | Whether that environment is production; null when no environment is known.
-- column: version | Version or tag.
-- column: revision | Commit deployed.
-- column: artifact | What identifies the artifact.
-- column: outcome | succeeded, failed, cancelled, in_progress or unknown.
-- column: created_at | When it was created, UTC.
-- column: started_at | When it started, UTC.
-- column: finished_at | First success, else when it ended without one, UTC.
-- column: verified_at | When it was verified, UTC.
-- column: has_plan | Whether a plan is recorded.
-- column: deployer | Person who deployed; null while unresolved.
-- column: deployer_type | human, bot, or system when only automation is known.
-- column: previous_deployment_id | The successful deployment before it in its service and environment.
-- column: artifact_kind | first, new, redeploy or return; null without artifact or success.
-- column: has_not_begun | Whether it was created and has not begun: it waits, or nobody let it go.
-- column: is_rerelease | Whether it brought an artifact that ran there before, unless it is known that nothing had authorised that then.
-- column: is_rollback | Whether it took a release back: stated, or an older artifact came back within the window.
-- column: changes_carried | Changes known to be in it; null when its service has no change records to compare with.
-- column: authorisation_class | Its worst change's class; no_record when changes of the service are known but none matches;
--   not_collectable when that cannot be judged of all it carries, and nothing shows that one was not approved;
--   null outside production, and of what has not begun.
-- column: unauthorised_reason | Why it was not validly authorised; null when it was, or when nothing can be said.
-- column: worst_change_id | The change that decides.
-- column: min_lead_seconds | Smallest lead over its changes.
-- column: is_failed | Whether it needed immediate intervention; null outside finished production deployments.
-- column: failure_reasons | Why, joined by ', '.
-- column: failed_at | When the need became known, UTC.
-- column: failure_began_at | When the failure began, UTC: with the first sign of it where an incident is linked, else with the
--   deployment's finish, since what had to be taken back was live from then on.
-- column: restored_at | When service was restored, UTC; null while an incident is open, or when unknown.
-- column: time_quality | exact, bounded or inferred.
-- column: source_event_id | The source event this row was read from.
-- not_null: deployment_id, source, key, outcome, has_not_begun, is_rerelease, is_rollback
-- unique: deployment_id
-- assert: authorisation_class in ('prior', 'within_skew', 'retroactive_emergency_in_sla', 'retroactive', 'never', 'no_record', 'not_collectable')
with carried as (
    select
        deployment_id,
        count(*) as changes_carried,
        max(
            case authorisation_class
                when 'never' then 6 when 'retroactive' then 5 when 'not_collectable' then 4
                when 'retroactive_emergency_in_sla' then 3 when 'within_skew' then 2 else 1
            end
        ) as worst,
        min(lead_seconds) as min_lead_seconds,
        count(*) filter (where authorisation_class <> 'not_collectable') as judged,
        min(change_id) filter (where authorisation_class <> 'not_collectable') as change_id,
        min(reason) filter (where authorisation_class <> 'not_collectable') as reason
    from marts.deployment_changes
    group by deployment_id
),
-- Of one change that can be judged it is clear which is the worst; only several are put in order.
worst as (
    select x.deployment_id, x.change_id, x.reason
    from marts.deployment_changes x
    inner join carried k on k.deployment_id = x.deployment_id and k.judged > 1
    where x.authorisation_class <> 'not_collectable'
    qualify row_number() over (
        partition by x.deployment_id
        order by
            x.reason is null,
            case x.authorisation_class
                when 'never' then 6 when 'retroactive' then 5 when 'retroactive_emergency_in_sla' then 4
                when 'within_skew' then 3 else 2
            end desc,
            x.lead_seconds,
            -- Of several that are equally bad, the reason that says most: no name decides it.
            case x.reason
                when 'other revision' then 1 when 'approved by the requester only' then 2 when 'not approved' then 3
                when 'approval expired' then 4 when 'outside window' then 5 else 6
            end,
            x.change_id
    ) = 1
),
known as (
    -- A deployment can be said to carry nothing known only where change records of its service exist by then.
    select service, min(coalesce(merged_at, created_at)) as known_since
    from marts.changes where service is not null group by service
),
repeated as (
    -- Of artifacts that came again it is asked whether they were authorised before.
    select distinct d.service, lower(d.environment) as environment, h.artifact
    from intermediate.int_artifact_history h
    inner join intermediate.int_deployments d on d.deployment_id = h.deployment_id
    where h.kind in ('redeploy', 'return')
),
runs as (
    select h.deployment_id, h.kind,
        min(
            case when d.is_production and (c.worst = 6 or (c.deployment_id is null and k.known_since <= d.started_at)) then 1 else 0 end
        ) over (
            partition by r.service, r.environment, r.artifact order by h.sequence rows between unbounded preceding and 1 preceding
        ) = 1 as was_never_authorised
    from intermediate.int_artifact_history h
    inner join intermediate.int_deployments d on d.deployment_id = h.deployment_id
    inner join repeated r on r.service = d.service and r.environment = lower(d.environment) and r.artifact = h.artifact
    left join carried c on c.deployment_id = h.deployment_id
    left join known k on k.service = d.service
),
unauthorised_before as (
    select deployment_id from runs where was_never_authorised and kind in ('redeploy', 'return')
),
failures as (
    select
        deployment_id,
        -- Spelled out, since the order in which an aggregate joins texts is not fixed.
        nullif(
            trim(
                case when count(*) filter (where reason = 'incident' and exclusion is null) > 0 then 'incident ' else '' end
                || case when count(*) filter (where reason = 'rollback' and exclusion is null) > 0 then 'rollback ' else '' end
                || case when count(*) filter (where reason = 'return' and exclusion is null) > 0 then 'return ' else '' end
                || case when count(*) filter (where reason = 'revert' and exclusion is null) > 0 then 'revert ' else '' end
            ),
            ''
        ) as reasons,
        min(failed_at) filter (where exclusion is null) as failed_at,
        -- While one of its incidents is open, service is not known to be restored.
        case
            when count(*) filter (where exclusion is null and reason = 'incident' and restored_at is null) = 0
                -- What puts the code straight after a rollback does not restore the service a second time.
                then coalesce(
                    max(restored_at) filter (where exclusion is null and reason <> 'revert'),
                    max(restored_at) filter (where exclusion is null)
                )
        end as restored_at,
        count(*) filter (where exclusion is null and reason = 'incident') > 0 as has_incident,
        count(*) filter (where exclusion is null) as failures
    from intermediate.int_deployment_failures
    group by deployment_id
),
returned as (
    select distinct evidence_id as deployment_id from intermediate.int_deployment_failures
    where reason in ('rollback', 'return') and coalesce(exclusion, '') <> 'put back'
),
recovery as (
    select distinct evidence_id as deployment_id from intermediate.int_deployment_failures
    where reason in ('rollback', 'return') and exclusion is null
),
no_recovery as (
    -- A planned reversal recovers nothing either: one that breaks something is a first failure, not a second.
    select distinct evidence_id as deployment_id from intermediate.int_deployment_failures
    where reason in ('rollback', 'return') and exclusion is not null
),
put_back as (
    -- Bringing back what had been taken back is a deployment like any other, and can fail.
    select distinct evidence_id as deployment_id from intermediate.int_deployment_failures
    where reason in ('rollback', 'return') and exclusion = 'put back'
)
select
    cast(d.deployment_id as varchar) as deployment_id,
    cast(d.source as varchar) as source,
    cast(d.key as varchar) as key,
    cast(d.basis as varchar) as basis,
    cast(d.title as varchar) as title,
    cast(d.url as varchar) as url,
    cast(d.service as varchar) as service,
    cast(d.team as varchar) as team,
    cast(d.environment as varchar) as environment,
    cast(d.is_production as boolean) as is_production,
    cast(d.version as varchar) as version,
    cast(d.revision as varchar) as revision,
    cast(d.artifact as varchar) as artifact,
    cast(d.outcome as varchar) as outcome,
    cast(d.created_at as timestamp) as created_at,
    cast(d.started_at as timestamp) as started_at,
    cast(d.finished_at as timestamp) as finished_at,
    cast(d.verified_at as timestamp) as verified_at,
    cast(coalesce(trim(d.plan), '') <> '' as boolean) as has_plan,
    cast(d.deployer as varchar) as deployer,
    cast(d.deployer_type as varchar) as deployer_type,
    cast(h.previous_deployment_id as varchar) as previous_deployment_id,
    cast(h.kind as varchar) as artifact_kind,
    cast(d.has_not_begun as boolean) as has_not_begun,
    cast(coalesce(h.kind in ('redeploy', 'return'), false) and a.deployment_id is null as boolean) as is_rerelease,
    cast(r.deployment_id is not null or (d.is_rollback_stated and p.deployment_id is null) as boolean) as is_rollback,
    cast(
        case
            when c.deployment_id is not null then c.changes_carried
            when k.known_since <= d.started_at then 0
        end as bigint
    ) as changes_carried,
    cast(
        case
            when not coalesce(d.is_production, false) or d.outcome = 'cancelled' then null
            when d.has_not_begun then null
            when c.worst = 6 then 'never'
            when c.worst = 5 then 'retroactive'
            when c.worst = 3 then 'retroactive_emergency_in_sla'
            when c.worst = 2 then 'within_skew'
            when c.worst = 1 then 'prior'
            when c.deployment_id is null and k.known_since <= d.started_at then 'no_record'
            else 'not_collectable'
        end as varchar
    ) as authorisation_class,
    cast(
        case
            when not coalesce(d.is_production, false) or d.outcome = 'cancelled' then null
            when c.deployment_id is null and k.known_since <= d.started_at then 'no record'
            when c.judged > 1 then w.reason
            else c.reason
        end as varchar
    ) as unauthorised_reason,
    cast(case when c.judged > 1 then w.change_id else c.change_id end as varchar) as worst_change_id,
    cast(c.min_lead_seconds as double) as min_lead_seconds,
    cast(
        case
            when d.is_production and d.outcome = 'succeeded' and d.finished_at is not null
                -- A recovery that fails is not a second failure of the change it takes back.
                then coalesce(f.failures > 0, false)
                    and not (v.deployment_id is not null or (d.is_rollback_stated and n.deployment_id is null))
        end as boolean
    ) as is_failed,
    cast(replace(f.reasons, ' ', ', ') as varchar) as failure_reasons,
    cast(f.failed_at as timestamp) as failed_at,
    cast(case when f.failures > 0 then case when f.has_incident then f.failed_at else d.finished_at end end as timestamp) as failure_began_at,
    cast(f.restored_at as timestamp) as restored_at,
    cast(d.time_quality as varchar) as time_quality,
    cast(d.source_event_id as varchar) as source_event_id
from intermediate.int_deployments d
left join intermediate.int_artifact_history h on h.deployment_id = d.deployment_id
left join carried c on c.deployment_id = d.deployment_id
left join worst w on w.deployment_id = d.deployment_id
left join known k on k.service = d.service
left join failures f on f.deployment_id = d.deployment_id
left join returned r on r.deployment_id = d.deployment_id
left join recovery v on v.deployment_id = d.deployment_id
left join no_recovery n on n.deployment_id = d.deployment_id
left join put_back p on p.deployment_id = d.deployment_id
left join unauthorised_before a on a.deployment_id = d.deployment_id
