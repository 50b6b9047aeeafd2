-- description: What a comment is about, by the lexicon: steps and timing, or risk; texts with no clear topic have no row.
-- grain: source_event_id
-- column: source_event_id | The event whose text it is.
-- column: topic | logistics or risk.
-- column: score | Weight of the topic's terms found, each term once.
-- column: other_score | Weight of the other topic's terms.
-- not_null: source_event_id, topic, score, other_score
-- unique: source_event_id
-- assert: topic in ('logistics', 'risk')
with texts as (
    select source_event_id, text from intermediate.all_events where verb = 'commented' and text is not null
    union all
    select source_event_id, comment from intermediate.all_decisions where comment is not null
    union all
    select source_event_id, comment from intermediate.int_votes where comment is not null
),
said as (
    select
        source_event_id,
        unnest(string_split(regexp_replace(replace(lower(text), 'on-call', 'oncall'), 'https?://[^ \n]*|[^a-z0-9一-龥]+', ' ', 'g'), ' ')) as word
    from texts
),
-- Only words that mean something are told apart: most do not.
words as (
    select distinct source_event_id, word from said where word in (select term from seeds.lexicon)
),
scores as (
    select
        w.source_event_id,
        sum(case when l.topic = 'logistics' then cast(l.weight as integer) else 0 end) as logistics,
        sum(case when l.topic = 'risk' then cast(l.weight as integer) else 0 end) as risk
    from words w
    inner join seeds.lexicon l on l.term = w.word
    group by w.source_event_id
)
select
    cast(source_event_id as varchar) as source_event_id,
    cast(case when logistics > risk then 'logistics' else 'risk' end as varchar) as topic,
    cast(greatest(logistics, risk) as bigint) as score,
    cast(least(logistics, risk) as bigint) as other_score
from scores
where greatest(logistics, risk) >= 3 and logistics <> risk
