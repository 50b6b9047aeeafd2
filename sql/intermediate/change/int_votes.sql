-- description: Every vote that can decide, with what it means and the words given with it. A vote of 0 takes the voter's
--   earlier vote back, or, where there is none, only says that somebody was asked.
-- grain: source, key
-- column: source | Name of the source instance.
-- column: source_event_id | The source event that was the vote.
-- column: key | The source's own key.
-- column: url | The source's own page.
-- column: change_key | The change voted on.
-- column: voted_at | When, UTC.
-- column: voter | Who, as stated.
-- column: label | What was voted on.
-- column: vote | Label and value as cast, for example Code-Review+2.
-- column: verdict | approved, rejected, commented, or withdrawn for a vote of 0 after another one.
-- column: revision | Revision it was about.
-- column: comment | The voter's words, without the line in which the source repeats the vote; null when there are none.
-- not_null: source, source_event_id, key, label, verdict
-- unique: source, key
-- assert: verdict in ('approved', 'rejected', 'changes_requested', 'commented', 'withdrawn')
with votes as (
    select
        v.*,
        lower(trim(v.voter)) as login,
        m.verdict as meaning,
        lag(v.value) over (
            partition by v.source, v.change_key, lower(trim(v.voter)), v.label order by v.voted_at, v.key
        ) as value_before
    from intermediate.all_votes v
    left join seeds.vote_meanings m on m.label = v.label and cast(m.value as integer) = v.value
    where v.label in (select label from seeds.vote_meanings)
),
remarks as (
    -- A review system keeps the words as a comment by the voter at the instant of the vote. Its first line repeats the
    -- revision and the vote ('Patch Set 2: Code-Review+2') and is nobody's words.
    select
        source, subject_key, lower(trim(actor)) as login, occurred_at,
        max(regexp_replace(text, '^(Uploaded patch set|Patch Set) [0-9]+[:.][^\n]*[ \n\r\t]*|[ \n\r\t]+$', '', 'g')) as words
    from intermediate.all_events
    where verb = 'commented' and text is not null and source in (select source from intermediate.all_votes)
    group by 1, 2, 3, 4
)
select
    cast(v.source as varchar) as source,
    cast(v.source_event_id as varchar) as source_event_id,
    cast(v.key as varchar) as key,
    cast(v.url as varchar) as url,
    cast(v.change_key as varchar) as change_key,
    cast(v.voted_at as timestamp) as voted_at,
    cast(v.voter as varchar) as voter,
    cast(v.label as varchar) as label,
    cast(v.label || case when v.value > 0 then '+' else '' end || cast(v.value as varchar) as varchar) as vote,
    cast(
        case
            when v.value = 0 and coalesce(v.value_before, 0) <> 0 then 'withdrawn'
            when v.value = 0 then 'commented'
            else coalesce(v.meaning, 'commented')
        end as varchar
    ) as verdict,
    cast(v.revision as varchar) as revision,
    cast(nullif(trim(coalesce(v.comment, r.words)), '') as varchar) as comment
from votes v
left join remarks r
    on r.source = v.source and r.subject_key = v.change_key and r.login = v.login and r.occurred_at = v.voted_at
