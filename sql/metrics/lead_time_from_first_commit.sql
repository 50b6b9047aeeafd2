-- description: How long a change took from its first commit to production. A change merged before the first deployment seen of its service is unknown, not late.
-- grain: record_id
-- materialized: view
-- label: Lead time from first commit
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 10
-- dated_by: first production deployment
-- source: Definitions, failure; DORA
-- absent_reason: no change reached production in a way that can be timed
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
select
    cast(c.change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(c.service as varchar) as service,
    cast(c.team as varchar) as team,
    cast(c.change_type as varchar) as change_type,
    cast(coalesce(c.first_deployed_at, c.merged_at) as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast((epoch_us(c.first_deployed_at) - epoch_us(c.first_commit_at)) / 1000000.0 as double) as value,
    cast(
        case
            when c.first_deployed_at is null then 'not seen in production'
            when c.first_commit_at is null then 'not collectable: no commits known'
            -- Of the service that was deployed. Before its first deployment nothing is known, whichever brought the change.
            when s.first_deployment_at is null or c.first_deployment_id = s.first_deployment_id
                or c.merged_at < s.first_deployment_at
                then 'first deployment seen of the service: backlog, unknown'
            when c.first_deployed_at < c.first_commit_at then 'deployed before its first commit'
        end as varchar) as exclusion_reason,
    cast(c.first_deployment_id as varchar) as detail
from marts.changes c
left join marts.service_first_deployments s on s.service = c.first_deployment_service
where c.merged_at is not null
