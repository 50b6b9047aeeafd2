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
-- column: status | met, late, unmet, open (not yet due) or unverifiable (the change has no records that could say).
-- not_null: condition_id, change_id, position, text, is_for_rollout, status
-- unique: condition_id
-- assert: status in ('met', 'late', 'unmet', 'open', 'unverifiable')
with stated as (
    select change_id, conditions as text, cast(null as timestamp) as set_at, 1 as preference
    from intermediate.int_changes where conditions is not null
    union all
    select change_id, conditions, decided_at, 2
    from intermediate.int_decisions
    where conditions is not null and change_id is not null and verdict = 'approved' and basis <> 'field'
    union all
    -- 'Approved with conditions:' and a list, as people write it where no field exists.
    select source || ':' || subject_key, regexp_extract(text, '(?is)approved with conditions?:?(.*)', 1), occurred_at, 3
    from intermediate.all_events
    where verb = 'commented' and subject_kind in ('change', 'issue')
        and regexp_matches(lower(text), 'approved with conditions?')
    union all
    select change_id, regexp_extract(comment, '(?is)approved with conditions?:?(.*)', 1), decided_at, 3
    from intermediate.int_decisions
    where change_id is not null and regexp_matches(lower(comment), 'approved with conditions?')
),
chosen as (
    -- The same conditions stand in a field and in the comment that announces them: the field is the record.
    select change_id, text, set_at
    from stated
    where trim(coalesce(text, '')) <> ''
    qualify row_number() over (partition by change_id order by preference, set_at, text) = 1
),
split as (
    select change_id, set_at, string_split(regexp_replace(text, '[;\r]', chr(10), 'g'), chr(10)) as parts from chosen
),
lines as (
    select change_id, set_at, list_position(parts, part) as written, trim(part) as line
    from (select change_id, set_at, parts, unnest(parts) as part from split)
),
numbered as (
    select
        change_id,
        set_at,
        written,
        coalesce(try_cast(nullif(regexp_extract(line, '^([0-9]+)[.)]', 1), '') as bigint), 0) as stated_position,
        trim(regexp_replace(regexp_replace(line, '^([0-9]+[.)]|[-*•]|\[[ xX]\]) *', '', 'g'), '^\[[ xX]\] *', '', 'g')) as text,
        regexp_matches(line, '\[[xX]\]') as is_ticked
    from lines
    where line <> ''
),
placed as (
    select
        *,
        case
            when min(stated_position) over (partition by change_id) > 0 then stated_position
            else row_number() over (partition by change_id order by written)
        end as position
    from numbered
    where text <> ''
    qualify row_number() over (partition by change_id, text order by written) = 1
),
conditions as (
    select p.*, c.service, c.team, coalesce(p.set_at, c.effective_approval_at) as approved_at, c.closed_at, c.merged_at,
        c.first_deployed_at, d.started_at as deployment_started_at,
        regexp_matches(lower(p.text), '[0-9] ?%|staged|roll ?out|canary|monitor|watch|for [0-9]+ ?(h|hour|day)|after (the )?deploy')
            as is_for_rollout
    from placed p
    inner join marts.changes c on c.change_id = p.change_id
    left join intermediate.int_deployments d on d.deployment_id = c.first_deployment_id
),
said as (
    select e.source || ':' || e.subject_key as change_id, e.source_event_id, e.occurred_at, e.url, a.person_id,
        try_cast(
            coalesce(
                nullif(regexp_extract(lower(e.text), 'condition #?([0-9]+)(?: is| was)? (?:met|fulfilled|done|satisfied)', 1), ''),
                case when e.verb = 'condition_met' then nullif(regexp_extract(coalesce(e.field, ''), '([0-9]+)', 1), '') end
            ) as bigint
        ) as position,
        case when e.verb = 'condition_met' then lower(coalesce(e.text, e.new_value)) end as words
    from intermediate.all_events e
    left join intermediate.int_actors a on a.source = e.source and a.login = lower(trim(e.actor))
    where e.verb in ('commented', 'condition_met')
),
evidence as (
    select k.change_id, k.position, k.text, s.source_event_id, s.occurred_at, s.url, s.person_id
    from conditions k
    inner join said s
        on s.change_id = k.change_id
        and (s.position = k.position or (s.position is null and s.words = lower(k.text)))
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
            when not j.can_say and not j.is_ticked then 'unverifiable'
            when j.is_ticked then 'met'
            when j.due_at is null or j.due_at > b.as_of then 'open'
            else 'unmet'
        end as varchar
    ) as status
from judged j
cross join config.build b
