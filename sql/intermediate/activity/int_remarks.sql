-- description: What the words of a comment do, by the first pattern of the seed that is found in them: ask somebody, repeat a
--   vote, report a check, thank. Texts in which none is found have no row. What is quoted or code is left out.
-- grain: source_event_id
-- column: source_event_id | The event whose text it is.
-- column: kind | result, deploys or notice for automation; described, revision, approves, vetoes, votes, asked, upkeep, logistics,
--   minutes, asks or question for people.
-- column: rule_id | First pattern that was found.
-- not_null: source_event_id, kind, rule_id
-- unique: source_event_id
-- assert: kind in ('result', 'deploys', 'notice', 'described', 'revision', 'approves', 'vetoes', 'votes', 'asked', 'upkeep', 'logistics', 'minutes', 'asks', 'question')
with texts as (
    select e.source_event_id, e.source, lower(trim(e.actor)) as login, e.text
    from intermediate.all_events e
    where e.verb = 'commented' and e.text is not null
    union all
    select d.source_event_id, d.source, lower(trim(d.decided_by)), d.comment
    from intermediate.all_decisions d
    where d.verdict in ('commented', 'comment') and d.comment is not null
    union all
    select v.source_event_id, v.source, lower(trim(v.voter)), v.comment
    from intermediate.int_votes v
    where v.verdict = 'commented' and v.comment is not null
),
said as (
    select
        t.source_event_id,
        case when a.actor_type = 'bot' then 'bot' else 'human' end as written_by,
        -- Without what is quoted, on one line, without code and addresses.
        trim(regexp_replace(
            regexp_replace(regexp_replace(lower(t.text), '(^|\n)[ ]*>[^\n]*', ' ', 'g'), '[ \t\r\n]+', ' ', 'g'),
            '```[^`]*```|`[^`]*`|https?://[^ ]*', ' ', 'g'
        )) as words
    from texts t
    left join intermediate.int_actors a on a.source = t.source and a.login = t.login
),
-- Patterns are the costly part and many remarks are the same words, so each wording is read once.
wordings as (
    select w.written_by, w.words, min(k.seed_order) as place, arg_min(k.kind, k.seed_order) as kind,
        arg_min(k.rule_id, k.seed_order) as rule_id
    from (select distinct written_by, words from said) w
    inner join seeds.remark_kinds k on k.written_by = w.written_by and regexp_matches(w.words, k.pattern)
    group by w.written_by, w.words
)
select
    cast(s.source_event_id as varchar) as source_event_id,
    cast(arg_min(w.kind, w.place) as varchar) as kind,
    cast(arg_min(w.rule_id, w.place) as varchar) as rule_id
from said s
inner join wordings w on w.written_by = s.written_by and w.words = s.words
group by s.source_event_id
