-- description: What a pipeline run or job is for, by its name, and the rule that says so.
-- grain: name
-- column: name | Name of a run, workflow, job or stage, lower case.
-- column: purpose | deploy, rollback, release, verify, scan, check or other.
-- column: rule_id | First rule that matched.
-- not_null: name, purpose, rule_id
-- unique: name
with names as (
    select lower(name) as name from intermediate.all_runs where name is not null
    union select lower(workflow) from intermediate.all_runs where workflow is not null
    union select lower(name) from intermediate.all_run_steps where name is not null
    union select lower(task) from intermediate.all_deployments where task is not null
    union select lower(environment) from intermediate.all_runs where environment is not null
)
select
    cast(n.name as varchar) as name,
    cast(arg_min(s.purpose, s.seed_order) as varchar) as purpose,
    cast(arg_min(s.rule_id, s.seed_order) as varchar) as rule_id
from names n
inner join seeds.run_purposes s on regexp_matches(n.name, s.pattern)
group by n.name
