-- description: Approved changes that have not reached production, with the age of the approval; only services whose deployments are known.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Approved and not shipped
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 1
-- dated_by: effective approval
-- source: Definitions, hand-over
-- absent_reason: every approved change has shipped, or nothing shows what ships
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
    cast(c.effective_approval_at as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast((epoch_us(b.as_of) - epoch_us(c.effective_approval_at)) / 1000000.0 as double) as value,
    cast(
        case
            when c.state in ('rejected', 'withdrawn') then 'rejected or withdrawn after approval'
            when c.effective_approval_at > b.as_of then 'approved after the build'
            when s.service is null then 'not collectable: no production deployments of the service known'
            when c.merged_at < s.first_deployment_at then 'before the first deployment seen of the service: unknown'
        end as varchar) as exclusion_reason,
    cast(c.state as varchar) as detail
from marts.changes c
cross join config.build b
left join marts.service_first_deployments s on s.service = c.service
where c.effective_approval_at is not null and c.first_deployed_at is null
