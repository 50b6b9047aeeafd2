-- description: What kind of catch or miss a text speaks of, by terms; more than one kind may apply.
-- grain: source_event_id, process, kind
-- column: source_event_id | The event whose text it is.
-- column: process | change_governance or release_execution: whose kind it is.
-- column: kind | The kind.
-- column: terms | Distinct terms found.
-- not_null: source_event_id, process, kind, terms
-- unique: source_event_id, process, kind
with texts as (
    select source_event_id, coalesce(comment, '') || ' ' || coalesce(conditions, '') as text
    from intermediate.int_decisions
    where verdict in ('rejected', 'changes_requested') or conditions is not null
    union all
    select source_event_id, coalesce(title, '') || ' ' || coalesce(description, '') from intermediate.int_incidents
    union all
    select source_event_id, coalesce(status, '') || ' ' || coalesce(description, '') from intermediate.all_deployment_statuses
    where description is not null
    union all
    select source_event_id, name from intermediate.all_run_steps where name is not null and lower(outcome) in ('failure', 'failed')
    union all
    select source_event_id, text from intermediate.all_events where verb in ('readiness_failed', 'go_no_go', 'held', 'aborted')
),
words as (
    select distinct
        source_event_id,
        unnest(string_split(regexp_replace(replace(lower(text), 'on-call', 'oncall'), '[^a-z0-9]+', ' ', 'g'), ' ')) as word
    from texts
)
select
    cast(w.source_event_id as varchar) as source_event_id,
    cast(t.process as varchar) as process,
    cast(t.kind as varchar) as kind,
    cast(count(*) as bigint) as terms
from words w
inner join seeds.catch_terms t on t.term = w.word
group by w.source_event_id, t.process, t.kind
