-- description: Which attributes each source states at all in this pack. What no record of a source states counts as not collectable
--   there, never as missing on one change.
-- grain: source
-- column: source | Name of the source instance.
-- column: changes | Changes of the source in the pack.
-- column: states_description | Whether any of them says what is modified.
-- column: states_risk | Whether any of them states a risk.
-- column: states_stakeholders | Whether any of them names stakeholders.
-- column: states_back_out_plan | Whether any of them has a back-out plan.
-- column: states_window | Whether any of them has a planned window.
-- column: keeps_approvals | Whether the source keeps approvals.
select
    source,
    count(*) as changes,
    bool_or(has_description) as states_description,
    bool_or(has_risk) as states_risk,
    bool_or(has_stakeholders) as states_stakeholders,
    bool_or(has_rollback_plan) as states_back_out_plan,
    bool_or(planned_start_at is not null) as states_window,
    bool_or(is_approval_collectable) as keeps_approvals
from marts.changes
group by source
