-- description: Pairs of overlapping windows, at least one of them in the pack's period and scope, by what they share.
-- grain: basis, scope, scope_value, window_a, window_b
-- column: basis | planned or actual.
-- column: scope | What they share: component, service, dependency, environment or implementer.
-- column: scope_value | Which one.
-- column: window_a | The earlier window.
-- column: change_a | Its change.
-- column: window_b | The later window.
-- column: change_b | Its change.
-- column: overlap_start_at | Start of the shared time, UTC.
-- column: overlap_end_at | End of the shared time, UTC.
-- column: overlap_seconds | How long they share.
-- column: is_known_at_approval | Whether the later approval came when both were already entered.
select
    o.basis, o.scope, o.scope_value, o.window_a, a.change_id as change_a, o.window_b, b.change_id as change_b,
    o.overlap_start_at, o.overlap_end_at, o.overlap_seconds, o.is_known_at_approval
from marts.window_overlaps o
left join marts.windows a on a.window_id = o.window_a
left join marts.windows b on b.window_id = o.window_b
