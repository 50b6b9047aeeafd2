-- description: Every code review in the population, and the change request it implements.
-- grain: change_id
-- column: change_id | Source and the source's key.
-- column: url | The source's own page.
-- column: title | Title.
-- column: repository | Repository.
-- column: service | Service.
-- column: team | Team.
-- column: ticket_id | Change request it implements; empty when it is its own record.
-- column: requester | Who opened it; empty while unresolved.
-- column: requester_type | human or bot.
-- column: created_at | When it was opened, UTC.
-- column: first_response_at | First decision by a human other than the requester, UTC.
-- column: first_independent_approval_at | First approval by a human other than the requester, UTC.
-- column: effective_approval_at | Since when an approval was in force for what shipped, UTC.
-- column: merged_at | When it was merged, UTC.
-- column: merged_by | Who merged it; empty while unresolved.
-- column: is_self_merged | Whether the requester merged it; empty while either is unresolved.
-- column: is_self_approved_only | Whether the requester's own approval is the only one.
-- column: has_other_revision_approval | Whether an independent approval exists, but not for what shipped.
-- column: approvals | Approvals of any kind.
-- column: declines | Rejections and requests for changes.
-- column: first_deployed_at | When it first reached production, UTC.
-- column: state | open, merged, closed or withdrawn.
select
    c.change_id, c.url, c.title, c.repository, c.service, c.team, c.ticket_id, c.requester, c.requester_type, c.created_at,
    c.first_response_at, c.first_independent_approval_at, c.effective_approval_at, c.merged_at, c.merged_by, c.is_self_merged,
    c.is_self_approved_only, c.has_other_revision_approval, c.approvals, c.declines, c.first_deployed_at, c.state
from marts.changes c
inner join pack.members m on m.change_id = c.change_id
where c.is_reviewed
