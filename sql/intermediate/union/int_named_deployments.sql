-- description: Deployments of another source that records of files name: a source that holds no deployment of its own, such as an
--   export of statuses or of approvals at a gate, speaks of the deployments of the one other source that has their keys.
-- grain: source, deployment_key
-- column: source | Name of the source instance that names the deployment.
-- column: deployment_key | The deployment's key.
-- column: owner | Name of the source instance that has the deployment.
-- not_null: source, deployment_key, owner
-- unique: source, deployment_key
with holders as (
    select distinct source from intermediate.all_deployments
),
-- Few: only what sources without a deployment of their own name is looked up.
named as (
    select source, deployment_key from staging.stg_record_decisions
    where deployment_key is not null and source not in (select source from holders)
    union
    select source, deployment_key from staging.stg_record_deployment_statuses
    where deployment_key is not null and source not in (select source from holders)
)
select
    cast(n.source as varchar) as source,
    cast(n.deployment_key as varchar) as deployment_key,
    cast(min(d.source) as varchar) as owner
from named n
inner join intermediate.all_deployments d on d.key = n.deployment_key
group by n.source, n.deployment_key
having count(distinct d.source) = 1
