-- description: Every change that takes another one back, with whether that is a failure: a reversal is; a planned one, and putting
--   back what was taken back, are not.
-- grain: change_id
-- order_by: occurred_at, change_id
-- column: change_id | The change that takes back.
-- column: reverts_change_id | The change taken back.
-- column: service | Service of the change taken back.
-- column: team | Its team.
-- column: occurred_at | When the reversal was merged, else created, UTC.
-- column: is_merged | Whether the reversal was merged.
-- column: link_basis | stated, event or title: how it is known.
-- column: kind | reversal, planned or put_back.
-- column: rule_id | For planned ones, the rule that decided.
-- column: reason | What decided, in words.
-- column: title | Title of the change that takes back.
-- not_null: change_id, reverts_change_id, is_merged, link_basis, kind, reason
-- unique: change_id
-- assert: kind in ('reversal', 'planned', 'put_back')
select
    cast(r.change_id as varchar) as change_id,
    cast(r.reverts_change_id as varchar) as reverts_change_id,
    cast(o.service as varchar) as service,
    cast(o.team as varchar) as team,
    cast(coalesce(c.merged_at, c.created_at) as timestamp) as occurred_at,
    cast(c.merged_at is not null as boolean) as is_merged,
    cast(r.link_basis as varchar) as link_basis,
    cast(r.kind as varchar) as kind,
    cast(r.rule_id as varchar) as rule_id,
    cast(r.reason as varchar) as reason,
    cast(c.title as varchar) as title
from intermediate.int_reversals r
inner join intermediate.int_changes c on c.change_id = r.change_id
inner join intermediate.int_changes o on o.change_id = r.reverts_change_id
