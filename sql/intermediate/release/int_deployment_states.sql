-- description: What each result of a deployment means: the organisation's own words first, then the shipped ones.
-- grain: status
-- column: status | The word, lower case, without spaces, '_' and '-'.
-- column: outcome | succeeded, failed, cancelled or in_progress.
-- not_null: status, outcome
-- unique: status
with stated as (
    select replace(word, ' ', '') as status, means as outcome, 0 as place from config.words where what = 'deployment_status'
    union all
    select status, outcome, 1 from seeds.deployment_states
)
select
    cast(status as varchar) as status,
    cast(arg_min(outcome, place) as varchar) as outcome
from stated
group by status
