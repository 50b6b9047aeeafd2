-- description: Deployments that carry something governance knows: a merged change or a change request. Kept apart, so that the
--   test of it is not joined anew for every question.
-- grain: deployment_id
-- column: deployment_id | The deployment.
-- not_null: deployment_id
-- unique: deployment_id
select distinct
    cast(x.deployment_id as varchar) as deployment_id
from marts.deployment_changes x
inner join marts.changes c on c.change_id = x.change_id
-- A pull request that was never merged is no merged change.
where c.merged_at is not null
    or not c.is_reviewed
