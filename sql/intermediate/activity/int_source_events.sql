-- description: Everything that any record says happened, one row per source event and act, in the words that rules are written for.
--   That no act is told twice, and that none lacks its words, is promised by the events of the activity log, which are these.
-- grain: source_event_id, verb
-- column: source | Name of the source instance.
-- column: source_event_id | The source event.
-- column: kind | What kind of record it happened to, as rules name it: change, work_item, incident, decision, policy, conditional,
--   gate, deployment, rollback, run, release, window, freeze, rule or commit.
-- column: verb | What happened, as rules name it.
-- column: sign | The text that rules' patterns are matched with: names, statuses, topics, lower case.
-- column: subject_kind | change, deployment, run, release, incident, window, issue or repository.
-- column: subject_id | Which one.
-- column: change_id | The change concerned, if any.
-- column: deployment_id | The deployment concerned, if any.
-- column: occurred_at | When, UTC; null when unknown.
-- column: actor_login | Who, lower case.
-- column: title | Short text for people.
-- column: url | The source's own page.
-- column: time_quality | exact, bounded or inferred.
-- materialized: view
with happened as (
    select source, source_event_id, 'change' as kind, 'opened' as verb, '' as sign, 'change' as subject_kind,
        change_id as subject_id, change_id, cast(null as varchar) as deployment_id, created_at as occurred_at,
        author_login as actor_login, title, url, 'exact' as time_quality
    from intermediate.int_changes
    union all
    select source, source_event_id, 'change', 'merged', '', 'change', change_id, change_id, null, merged_at,
        merged_by_login, title, url, 'exact'
    from intermediate.int_changes where merged_at is not null
    union all
    select i.source, i.source_event_id, k.kind, 'opened', '',
        'issue', i.source || ':' || i.key, null, null, i.created_at, lower(trim(i.requested_by)), i.title, i.url, 'exact'
    from intermediate.all_issues i
    inner join intermediate.int_issue_kinds k
        on k.record_type = coalesce(lower(i.record_type), '') and k.labels = coalesce(lower(i.labels), '')
    where k.kind <> 'change'
    union all
    select
        d.source, d.source_event_id,
        case
            when d.run_id is not null or d.deployment_id is not null then 'gate'
            when d.policy is not null then 'policy'
            when d.conditions is not null and d.verdict = 'approved' then 'conditional'
            -- A vote of 0 with words is what its words say: a comment on the change.
            when d.verdict = 'commented' and d.comment is not null and regexp_matches(d.vote, '[^0-9]0$') then 'change'
            else 'decision'
        end,
        d.verdict,
        -- A vote of 0 without words that takes nothing back is how review systems note that somebody was asked.
        case when d.verdict = 'commented' and d.comment is null and regexp_matches(d.vote, '[^0-9]0$') then '[no vote] ' else '' end
            || case when d.verdict = 'commented' and d.decided_by_type = 'bot' then '[bot ' || coalesce(w.kind, 'notice') || '] ' else '' end
            -- Whoever asks for a change answers in its reviews; only a vote makes that more than an answer.
            || case
                when d.verdict = 'commented' and coalesce(regexp_matches(d.vote, '[^0-9]0$'), true)
                    and d.is_by_author_login then '[author] '
                else ''
            end
            || case when d.verdict = 'commented' and d.decided_by_type is distinct from 'bot' then coalesce('[says ' || w.kind || '] ', '') else '' end
            || case
                when d.change_is_reviewed then ''
                else coalesce('[topic ' || t.topic || ']', '')
            end,
        case when d.change_id is not null then 'change' when d.deployment_id is not null then 'deployment' else 'run' end,
        coalesce(d.change_id, d.deployment_id, d.run_id), d.change_id, d.deployment_id, d.decided_at,
        d.decided_by_login, coalesce(d.comment, d.vote), d.url, d.time_quality
    from intermediate.int_decisions d
    left join intermediate.int_remarks w on w.source_event_id = d.source_event_id and d.verdict = 'commented'
    left join intermediate.int_texts t on t.source_event_id = d.source_event_id
    -- Approvals that are fields of the record or status moves are told by those events themselves.
    where d.basis in ('review', 'vote')
    union all
    select d.source, d.source_event_id, 'decision', 'approved', '', 'change', d.change_id, d.change_id, null, d.decided_at,
        d.decided_by_login, d.comment, d.url, d.time_quality
    from intermediate.int_decisions d where d.basis = 'field'
    union all
    select
        e.source, e.source_event_id,
        case
            when e.subject_kind = 'change' or c.change_id is not null then 'change'
            when e.subject_kind = 'issue' and k.kind in ('incident', 'release') then k.kind
            when e.subject_kind = 'issue' then 'work_item'
            else coalesce(e.subject_kind, 'change')
        end,
        e.verb,
        lower(coalesce(e.field, '')) || ' ' || case
            when e.verb = 'status_changed' then lower(coalesce(e.new_value, '')) || coalesce(' [' || m.meaning || ']', '')
            when e.verb in ('labeled', 'unlabeled') then lower(coalesce(e.new_value, e.old_value, ''))
            -- What automation writes on a record is a result or a notice, not somebody consulted.
            when e.verb = 'commented' and a.actor_type = 'bot' then '[bot ' || coalesce(w.kind, 'notice') || ']'
            when e.verb = 'commented'
                then case when lower(trim(e.actor)) = c.author_login then '[author] ' else '' end
                    || '[says ' || coalesce(
                        w.kind,
                        -- A vote of 0 without words: somebody is asked.
                        case when e.text is null and regexp_matches(e.new_value, '^[A-Za-z-]+=0([^0-9]|$)') then 'asked' end,
                        case when e.text is null then 'nothing' end,
                        'something'
                    ) || '] '
                    || case
                        -- On a code review, such words are about the code: what is said there is looked at more closely.
                        when c.is_reviewed then ''
                        else coalesce('[topic ' || t.topic || ']', '')
                    end
            else ''
        end,
        coalesce(e.subject_kind, 'change'),
        e.source || ':' || e.subject_key,
        case when e.subject_kind = 'change' or c.change_id is not null then e.source || ':' || e.subject_key end,
        case when e.subject_kind = 'deployment' then e.source || ':' || e.subject_key end,
        e.occurred_at, lower(trim(e.actor)),
        coalesce(e.text, e.field || ': ' || coalesce(e.new_value, '')), e.url, coalesce(e.time_quality, 'exact')
    from intermediate.all_events e
    left join intermediate.int_changes c on c.source = e.source and c.key = e.subject_key
    left join intermediate.all_issues i on e.subject_kind = 'issue' and i.source = e.source and i.key = e.subject_key
    left join intermediate.int_issue_kinds k
        on k.record_type = coalesce(lower(i.record_type), '') and k.labels = coalesce(lower(i.labels), '') and i.key is not null
    left join intermediate.int_status_meanings m on e.verb = 'status_changed' and m.status = lower(e.new_value)
    left join intermediate.int_texts t on t.source_event_id = e.source_event_id
    left join intermediate.int_remarks w on w.source_event_id = e.source_event_id
    left join intermediate.int_actors a on a.source = e.source and a.login = lower(trim(e.actor))
    -- The record itself tells when it was opened and merged; its own event of that is the same act.
    where e.verb is not null
        and not (e.verb in ('opened', 'created') and (c.created_at is not null or i.created_at is not null))
        -- A merge closes; GitHub says so twice.
        and not (e.verb in ('merged', 'closed') and c.merged_at is not null)
        -- A review system keeps a vote as an entry of the record too: the vote tells it, with the words of the entry.
        and not exists (
            select 1 from intermediate.int_votes v
            where v.source = e.source and v.change_key = e.subject_key and v.voted_at = e.occurred_at
                and lower(trim(v.voter)) = lower(trim(e.actor)) and e.verb in ('commented', 'reviewer_added')
        )
    union all
    select source, source_event_id, 'commit', 'committed', '', 'change', source || ':' || change_key,
        source || ':' || change_key, null, committed_at, lower(trim(author)), message, url, 'exact'
    from intermediate.all_commits
    union all
    select d.source, d.source_event_id, case when d.is_rollback_stated then 'rollback' else 'deployment' end,
        'deployed', lower(coalesce(d.environment, '')), 'deployment', d.deployment_id, null, d.deployment_id, d.started_at,
        a.deployed_by_login, coalesce(d.title, d.service) || coalesce(' ' || d.version, ''), d.url, d.time_quality
    from intermediate.int_deployments d
    inner join intermediate.int_deployment_attempts a on a.deployment_id = d.deployment_id
    where d.basis = 'deployment'
    union all
    select source, source_event_id || ':verified', 'deployment', 'verified', '', 'deployment', deployment_id, null,
        deployment_id, verified_at, cast(null as varchar), verification, url, 'exact'
    from intermediate.int_deployments where verified_at is not null
    union all
    select s.source, s.source_event_id, 'deployment', 'status_changed',
        lower(coalesce(s.status, '')) || case
            when regexp_matches(lower(coalesce(s.description, '')), 'rolled out|roll.?out to|% of traffic') then ' [rollout]' else ''
        end, 'deployment',
        s.source || ':' || s.deployment_key, null, s.source || ':' || s.deployment_key, s.occurred_at,
        lower(trim(s.actor)), coalesce(s.description, s.status), s.url, 'exact'
    from intermediate.all_deployment_statuses s
    union all
    select r.source, r.source_event_id, 'run', 'ran',
        lower(coalesce(r.name, r.workflow, '')) || coalesce(' [purpose ' || coalesce(nullif(p.purpose, 'other'), w.purpose, p.purpose) || ']', '')
            || coalesce(' [trigger ' || lower(r.trigger) || ']', ''),
        'run', r.source || ':' || r.key, r.source || ':' || r.change_key, null, coalesce(r.started_at, r.created_at),
        lower(trim(r.triggered_by)), coalesce(r.name, r.workflow), r.url, 'exact'
    from intermediate.all_runs r
    left join intermediate.int_run_purposes p on p.name = lower(r.name)
    left join intermediate.int_run_purposes w on w.name = lower(r.workflow)
    union all
    select s.source, s.source_event_id, 'run', 'ran_step',
        lower(coalesce(s.name, '')) || coalesce(' [purpose ' || p.purpose || ']', '')
            || coalesce(' [trigger ' || lower(r.trigger) || ']', ''), 'run', s.source || ':' || s.run_key,
        null, null, s.started_at, cast(null as varchar), s.name, s.url, 'exact'
    from intermediate.all_run_steps s
    left join intermediate.int_run_purposes p on p.name = lower(s.name)
    left join intermediate.all_runs r on r.source = s.source and r.key = s.run_key
    union all
    select r.source, r.source_event_id, 'release', 'released', '', 'release', r.release_id, null, null,
        coalesce(r.released_at, r.cut_at), cast(null as varchar), coalesce(r.title, r.version), r.url, 'exact'
    from intermediate.int_releases r
    union all
    select source, source_event_id, 'incident', 'opened', '', 'incident', incident_id, null, null, opened_at,
        cast(null as varchar), title, url, 'exact'
    from intermediate.int_incidents
    where source || ':' || key not in (select source || ':' || key from intermediate.all_issues)
    union all
    select w.source, w.source_event_id, case when w.kind = 'freeze' then 'freeze' else 'window' end, 'scheduled', '',
        'window', w.window_id, w.change_id, null, w.created_at, cast(null as varchar), w.title, w.url, 'exact'
    from intermediate.int_windows w
    where w.window_id like w.source || ':window:%'
)
select
    cast(source as varchar) as source,
    cast(source_event_id as varchar) as source_event_id,
    cast(kind as varchar) as kind,
    cast(verb as varchar) as verb,
    cast(trim(sign) as varchar) as sign,
    cast(subject_kind as varchar) as subject_kind,
    cast(subject_id as varchar) as subject_id,
    cast(change_id as varchar) as change_id,
    cast(deployment_id as varchar) as deployment_id,
    cast(occurred_at as timestamp) as occurred_at,
    cast(actor_login as varchar) as actor_login,
    cast(title as varchar) as title,
    cast(url as varchar) as url,
    cast(time_quality as varchar) as time_quality
from happened
