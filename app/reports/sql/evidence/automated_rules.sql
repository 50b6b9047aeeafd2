-- description: What is automated for the teams of the pack, by which rule: how often each acted and stopped something, up to the
--   build, and who last changed the rules of its source.
-- grain: team, rule
-- column: team | The team.
-- column: rule | Policy, scan or check.
-- column: kind | policy, standard_change, scan or check.
-- column: acts | How often it acted.
-- column: blocked | How often it declined, asked for changes or failed.
-- column: first_at | First act seen, UTC.
-- column: last_at | Last act seen, UTC.
-- column: last_blocked_at | Last time it stopped something, UTC.
-- column: last_changed_at | When the rules of its source last changed, UTC.
-- column: last_changed_by | Who changed them.
-- column: is_alive | Whether it stopped something, or was changed, within 180 days of the build.
select team, rule, kind, acts, blocked, first_at, last_at, last_blocked_at, last_changed_at, last_changed_by, is_alive
from marts.automated_rules
