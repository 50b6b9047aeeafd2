-- description: What each source can answer at all, so that "not kept there" is never read as "did not happen".
-- grain: source
-- column: source | Name of the source instance.
-- column: source_type | github, jira, jenkins, gitlab, or record for files and pushed records.
-- column: holds_approvals | Whether its records include decisions: code hosts and trackers do, a file only when it brought some.
-- column: holds_post_reviews | Whether any of its records states a review after implementation.
-- column: holds_templates | Whether it says under which template a standard change was approved in advance: code hosts and
--   trackers can, a file only when one of its changes names one.
-- not_null: source, source_type, holds_approvals, holds_post_reviews, holds_templates
-- unique: source
with types as (
    select source, min(source_type) as source_type from staging.stg_sync_runs group by source
),
deciding as (
    select distinct source from intermediate.int_decisions where verdict in ('approved', 'rejected', 'changes_requested')
),
templated as (
    select distinct source from intermediate.int_changes where template is not null
),
reviewing as (
    select source from intermediate.int_changes where post_review_at is not null
    union
    select source from intermediate.all_events where verb = 'post_reviewed'
)
select
    cast(t.source as varchar) as source,
    cast(t.source_type as varchar) as source_type,
    cast(t.source_type <> 'record' or d.source is not null as boolean) as holds_approvals,
    cast(r.source is not null as boolean) as holds_post_reviews,
    cast(t.source_type <> 'record' or p.source is not null as boolean) as holds_templates
from types t
left join deciding d on d.source = t.source
left join templated p on p.source = t.source
left join reviewing r on r.source = t.source
