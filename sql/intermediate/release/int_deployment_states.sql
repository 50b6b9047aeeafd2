-- description: What each result of a deployment means: the organisation's own words first, then the shipped ones.
-- grain: status
-- column: status | The word, lower case, without spaces, '_' and '-'.
-- column: outcome | succeeded, failed, cancelled or in_progress.
-- column: waits | gate while somebody has to let it go, turn while it has not begun for another reason; '' for all others.
-- not_null: status, outcome, waits
-- unique: status
with stated as (
    select replace(word, ' ', '') as status, means as outcome, '' as waits, 0 as place from config.words where what = 'deployment_status'
    union all
    select status, outcome, coalesce(waits, ''), 1 from seeds.deployment_states
)
select
    cast(status as varchar) as status,
    cast(arg_min(outcome, place) as varchar) as outcome,
    cast(arg_min(waits, place) as varchar) as waits
from stated
group by status
