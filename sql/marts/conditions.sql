-- description: The condition ledger: each condition of an approval, and the event that met it, or none.
-- grain: condition_id
-- order_by: change_id, position
-- column: condition_id | Change and position, joined by '#'.
-- column: change_id | The change approved under the condition.
-- column: service | Its service.
-- column: team | Its team.
-- column: position | Number of the condition within the approval.
-- column: text | The condition, as written.
-- column: set_at | When the approval was given, UTC.
-- column: is_for_rollout | Whether it speaks of the rollout itself, so that it can only be met during execution.
-- column: due_at | When it had to be met: deployment start, or for a rollout condition the closing of the change; UTC.
-- column: met_at | When a record says that it was met, UTC.
-- column: met_by | Person who said so.
-- column: evidence_event_id | The source event that says so.
-- column: evidence_url | Its page.
-- column: status | met, late, unmet, open (not yet due), lapsed (the change was given up before it was due) or unverifiable (the
--   change has no records that could say).
-- not_null: condition_id, change_id, position, text, is_for_rollout, status
-- unique: condition_id
-- assert: status in ('met', 'late', 'unmet', 'open', 'lapsed', 'unverifiable')
with stated as (
    select change_id, conditions as text, cast(null as timestamp) as set_at, cast(null as varchar) as set_by, 1 as preference
    from intermediate.int_changes where conditions is not null
    union all
    select change_id, conditions, decided_at, coalesce(decided_by, decided_by_login), 2
    from intermediate.int_decisions
    where conditions is not null and change_id is not null and verdict = 'approved' and basis <> 'field'
    union all
    -- 'Approved with conditions:' and a list, as people write it where no field exists.
    select source || ':' || subject_key, regexp_extract(text, '(?is)approved with conditions?:?(.*)', 1), occurred_at,
        lower(trim(actor)), 3
    from intermediate.all_events
    where verb = 'commented' and subject_kind in ('change', 'issue')
        and regexp_matches(lower(text), 'approved with conditions?')
    union all
    select change_id, regexp_extract(comment, '(?is)approved with conditions?:?(.*)', 1), decided_at, decided_by_login, 3
    from intermediate.int_decisions
    where change_id is not null and regexp_matches(lower(comment), 'approved with conditions?')
),
chosen as (
    -- The same conditions stand in a field and in the comment that announces them: the field is the record. Of each approver
    -- the latest approval counts; several approvers may each set some.
    select change_id, text, set_at, set_by, preference
    from stated
    where trim(coalesce(text, '')) <> ''
    qualify row_number() over (
        partition by change_id, preference, coalesce(set_by, '') order by set_at desc nulls last, text
    ) = 1
),
preferred as (
    select c.change_id, c.text, c.set_at,
        row_number() over (partition by c.change_id order by c.set_at nulls last, c.text) as list_number,
        count(*) over (partition by c.change_id) as lists
    from chosen c
    inner join (select change_id, min(preference) as preference from chosen group by change_id) f
        on f.change_id = c.change_id and f.preference = c.preference
),
split as (
    select change_id, set_at, list_number, lists, string_split(regexp_replace(text, '[;\r]', chr(10), 'g'), chr(10)) as parts
    from preferred
),
lines as (
    select change_id, set_at, list_number, lists, list_position(parts, part) as written, trim(part) as line
    from (select change_id, set_at, list_number, lists, parts, unnest(parts) as part from split)
),
numbered as (
    select
        change_id,
        set_at,
        list_number,
        lists,
        written,
        coalesce(try_cast(nullif(regexp_extract(line, '^([0-9]+)[.)]([^0-9]|$)', 1), '') as bigint), 0) as stated_position,
        trim(
            regexp_replace(
                -- '2.5 % first' begins with no number of a list.
                case when regexp_matches(line, '^[0-9]+[.)]([^0-9]|$)') then regexp_replace(line, '^[0-9]+[.)] *', '', 'g')
                    else regexp_replace(line, '^([-*•]|\[[ xX]\]) *', '', 'g') end,
                '^\[[ xX]\] *', '', 'g'
            )
        ) as text,
        regexp_matches(line, '\[[xX]\]') as is_ticked
    from lines
    where line <> ''
),
placed as (
    select
        change_id,
        text,
        is_ticked,
        set_at,
        case
            when lists = 1 and min(stated_position) over (partition by change_id) > 0 then stated_position
            else row_number() over (partition by change_id order by list_number, written)
        end as position
    from numbered
    where text <> ''
    qualify row_number() over (partition by change_id, text order by list_number, written) = 1
),
first_said as (
    -- Said again in a later approval, it was set when it was said first.
    select p.change_id, p.text, min(s.set_at) as set_at
    from placed p
    inner join stated s on s.change_id = p.change_id and contains(s.text, p.text)
    group by p.change_id, p.text
),
conditions as (
    select p.change_id, p.text, p.is_ticked, p.position, c.service, c.team,
        coalesce(least(p.set_at, f.set_at), c.effective_approval_at) as approved_at, c.closed_at,
        c.is_implemented or c.state = 'open' as may_go, d.started_at as deployment_started_at,
        count(*) over (partition by p.change_id) as of_change,
        regexp_matches(lower(p.text), 'staged|roll ?out|canary|for [0-9]+ ?(h|hour|day)|after (the )?deploy')
            -- A share of tests or of code is no share of traffic, and what is watched before is due before.
            or (regexp_matches(lower(p.text), '[0-9] ?%') and not regexp_matches(lower(p.text), 'coverage|[0-9] ?% (of (all |the )?tests|sure|certain)'))
            or (
                regexp_matches(lower(p.text), '(^|[^a-z])(monitor|watch)(s|es|ed|ing)?([^a-z]|$)')
                and not regexp_matches(lower(p.text), 'before (the )?(deploy|release|go.?live|implementation|start)')
            )
            as is_for_rollout
    from placed p
    inner join marts.changes c on c.change_id = p.change_id
    left join first_said f on f.change_id = p.change_id and f.text = p.text
    left join intermediate.int_deployments d on d.deployment_id = c.first_deployment_id
),
told as (
    select e.source || ':' || e.subject_key as change_id, e.source_event_id, e.occurred_at, e.url, a.person_id, e.verb, e.field,
        lower(e.text) as text, lower(coalesce(e.text, e.new_value)) as words
    from intermediate.all_events e
    left join intermediate.int_actors a on a.source = e.source and a.login = lower(trim(e.actor))
    where e.verb in ('commented', 'condition_met')
),
phrases as (
    -- 'Condition 2 met', 'conditions 1-3 and 5 have been fulfilled', 'all conditions are met'; with what stands before and after.
    select change_id, source_event_id, occurred_at, url, person_id,
        unnest(
            regexp_extract_all(
                text,
                '(?:\b(?:not|no|never|once|when|whenever|if|until|till|unless|whether|before|after|provided|assuming|ensure|check|verify|is|are|was|were|has|have)(?: (?:yet|that|all|both|the|these|those|of|any|each|our|your))* )?(?:(?:all|both) (?:of )?(?:the )?conditions|conditions? #?[0-9]+(?:(?:(?:,| and| &|, and)? | ?[-–] ?| to | through )#?[0-9]+)*)(?: is| are| was| were| has been| have been)?(?: now| both| all)? (?:met|fulfilled|done|satisfied)\b(?: ?\?)?'
            )
        ) as phrase
    from told
    where text is not null
),
stated_phrases as (
    -- 'Not all conditions are met', 'once condition 2 is met', 'condition 2 met?' do not say that one is.
    select * from phrases
    where (starts_with(phrase, 'condition') or starts_with(phrase, 'all ') or starts_with(phrase, 'both ')) and right(phrase, 1) <> '?'
),
said as (
    select change_id, source_event_id, occurred_at, url, person_id,
        unnest(regexp_extract_all(phrase, '[0-9]+(?:(?: ?[-–] ?| to | through )#?[0-9]+)?')) as numbers, cast(null as varchar) as words
    from stated_phrases
    union all
    select change_id, source_event_id, occurred_at, url, person_id,
        nullif(regexp_extract(field, '([0-9]+)', 1), ''), words
    from told
    where verb = 'condition_met' and source_event_id not in (select source_event_id from stated_phrases)
    union all
    select change_id, source_event_id, occurred_at, url, person_id, case when starts_with(phrase, 'both') then 'both' end,
        cast(null as varchar)
    from stated_phrases
    where not regexp_matches(phrase, '[0-9]')
),
placed_remarks as (
    -- '1-3' says it of each from the first to the last.
    select *, try_cast(regexp_extract(numbers, '^[0-9]+') as bigint) as first_position,
        try_cast(regexp_extract(numbers, '[0-9]+$') as bigint) as last_position
    from said
),
evidence as (
    select k.change_id, k.position, k.text, s.source_event_id, s.occurred_at, s.url, s.person_id
    from conditions k
    inner join placed_remarks s
        on s.change_id = k.change_id
        -- By its number, else by its words; what names neither says it of all.
        and (
            k.position between s.first_position and s.last_position
            or (
                s.first_position is null and coalesce(s.words, lower(k.text)) = lower(k.text)
                and (s.numbers is null or k.of_change = 2)
            )
        )
        and (k.approved_at is null or s.occurred_at >= k.approved_at)
    qualify row_number() over (
        partition by k.change_id, k.position, k.text order by s.occurred_at, s.source_event_id
    ) = 1
),
speaking as (
    select distinct source || ':' || subject_key as change_id from intermediate.all_events
    where verb in ('commented', 'condition_met')
),
judged as (
    select
        k.*,
        e.source_event_id as evidence_event_id,
        e.occurred_at as met_at,
        e.url as evidence_url,
        e.person_id as met_by,
        s.change_id is not null as can_say,
        case
            -- What was given up never came to where it was due.
            when not k.may_go then null
            when k.is_for_rollout then coalesce(k.closed_at, k.deployment_started_at + interval '30 days')
            else coalesce(k.deployment_started_at, k.closed_at)
        end as due_at
    from conditions k
    left join evidence e on e.change_id = k.change_id and e.position = k.position and e.text = k.text
    left join speaking s on s.change_id = k.change_id
)
select
    cast(j.change_id || '#' || cast(row_number() over (partition by j.change_id order by j.position, j.text) as varchar) as varchar)
        as condition_id,
    cast(j.change_id as varchar) as change_id,
    cast(j.service as varchar) as service,
    cast(j.team as varchar) as team,
    cast(j.position as bigint) as position,
    cast(j.text as varchar) as text,
    cast(j.approved_at as timestamp) as set_at,
    cast(j.is_for_rollout as boolean) as is_for_rollout,
    cast(j.due_at as timestamp) as due_at,
    cast(j.met_at as timestamp) as met_at,
    cast(j.met_by as varchar) as met_by,
    cast(j.evidence_event_id as varchar) as evidence_event_id,
    cast(j.evidence_url as varchar) as evidence_url,
    cast(
        case
            when j.met_at is not null and (j.due_at is null or j.met_at <= j.due_at) then 'met'
            when j.met_at is not null then 'late'
            when j.is_ticked then 'met'
            when not j.can_say then 'unverifiable'
            when not j.may_go then 'lapsed'
            when j.due_at is null or j.due_at > b.as_of then 'open'
            else 'unmet'
        end as varchar
    ) as status
from judged j
cross join config.build b
