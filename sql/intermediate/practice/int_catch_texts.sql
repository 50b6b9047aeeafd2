-- description: What kind of catch or miss a text speaks of, by terms; more than one kind may apply.
-- grain: source_event_id, process, kind
-- column: source_event_id | The event whose text it is.
-- column: process | change_governance or release_execution: whose kind it is.
-- column: kind | The kind.
-- column: terms | Distinct terms found.
-- not_null: source_event_id, process, kind, terms
-- unique: source_event_id, process, kind
with declined as (
    select source, source_event_id, change_id, decided_by_login, decided_at
    from intermediate.int_decisions
    where verdict in ('rejected', 'changes_requested') and change_id is not null and decided_at is not null
),
texts as (
    select source_event_id, coalesce(comment, '') || ' ' || coalesce(conditions, '') as text
    from intermediate.int_decisions
    where verdict in ('rejected', 'changes_requested') or conditions is not null
        or regexp_matches(lower(coalesce(comment, '')), 'approved with conditions?')
    union all
    -- Whoever declines often says why in comments of their own, given right before.
    select d.source_event_id, e.text
    from declined d
    inner join intermediate.all_events e
        on e.source = d.source and e.source || ':' || e.subject_key = d.change_id and lower(trim(e.actor)) = d.decided_by_login
    where e.verb = 'commented' and e.text is not null
        and e.occurred_at >= d.decided_at - interval '1 hour' and e.occurred_at <= d.decided_at
    union all
    select source_event_id, text from intermediate.all_events
    where verb = 'commented' and regexp_matches(lower(text), 'approved with conditions?')
    union all
    select source_event_id, coalesce(title, '') || ' ' || coalesce(description, '') from intermediate.int_incidents
    union all
    select source_event_id, coalesce(status, '') || ' ' || coalesce(description, '') from intermediate.all_deployment_statuses
    where description is not null
    union all
    select source_event_id, name from intermediate.all_run_steps where name is not null and lower(outcome) in ('failure', 'failed')
    union all
    select source_event_id, text from intermediate.all_events where verb in ('readiness_failed', 'go_no_go', 'held', 'aborted')
    union all
    -- Changes that speak of what went wrong or of what has to hold: emergencies, reversals, conditions in a field. The title
    -- of a reversal is that of what it takes back.
    select c.source_event_id,
        case when c.change_type = 'emergency' and v.change_id is null then coalesce(c.title, '') || ' ' else '' end
            || case when c.change_type = 'emergency' or v.change_id is not null then coalesce(c.description, '') else '' end
            || ' ' || coalesce(c.conditions, '')
    from intermediate.int_changes c
    left join intermediate.int_reversals v on v.change_id = c.change_id
    where c.change_type = 'emergency' or v.change_id is not null or c.conditions is not null
),
said as (
    select
        source_event_id,
        unnest(string_split(regexp_replace(replace(lower(text), 'on-call', 'oncall'), '[^a-z0-9]+', ' ', 'g'), ' ')) as word
    from texts
),
-- Only words that mean something are told apart: most do not.
words as (
    select distinct source_event_id, word from said where word in (select term from seeds.catch_terms)
)
select
    cast(w.source_event_id as varchar) as source_event_id,
    cast(t.process as varchar) as process,
    cast(t.kind as varchar) as kind,
    cast(count(*) as bigint) as terms
from words w
inner join seeds.catch_terms t on t.term = w.word
group by w.source_event_id, t.process, t.kind
