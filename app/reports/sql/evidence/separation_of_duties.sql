-- description: Every test of separation of duties on the changes and deployments of the pack.
-- grain: record_id, test
-- column: test | Which test; the definitions stand with the metric of the same name.
-- column: record_kind | change or deployment.
-- column: record_id | What was tested.
-- column: change_id | The change.
-- column: deployment_id | The deployment.
-- column: service | Service.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: occurred_at | Merge or start of the deployment, UTC.
-- column: result | pass, fail, exempt, indeterminate or not_collectable.
-- column: reason | What decided.
select test, record_kind, record_id, change_id, deployment_id, service, team, change_type, occurred_at, result, reason
from marts.separation_of_duties
