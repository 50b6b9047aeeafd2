-- description: Patterns of confusion between the two tracks, per team and period: the rule, its measured values and whether it fires.
--   Below its minimum sample, or where a value it asks for is unknown, a pattern is undecided, never absent. The limits are
--   settings ([practice]).
-- grain: period, team, pattern
-- order_by: period, team, pattern
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation.
-- column: pattern | cab_does_release_logistics, release_train_accepts_risk, one_meeting_for_both, rubber_stamp,
--   review_meeting_for_every_release or hidden_discipline.
-- column: state | fires, clear, or too_few when it cannot be told.
-- column: value | The measured share that decides, 0 to 1; null when undefined.
-- column: limit_value | The limit it is compared with.
-- column: n | Records judged.
-- column: minimum_n | Fewest records that may decide.
-- column: sentence | What the rule says, with its figures.
-- not_null: period, team, pattern, state, limit_value, n, minimum_n, sentence
-- unique: period, team, pattern
-- assert: state in ('fires', 'clear', 'too_few')
with teams as (
    select distinct team from marts.team_practice
),
scopes as (
    -- Every record counts for its team and for the organisation.
    select team, team as member from teams where team <> '(all)'
    union all
    select '(all)', team from teams where team <> '(all)'
),
agenda as (
    select p.period, t.team, count(*) as items, count(*) filter (where a.is_misplaced) as misplaced
    from marts.agenda_items a
    inner join scopes t on t.member = coalesce(a.team, '(no team)')
    cross join config.practice l
    inner join marts.periods p
        on a.occurred_at >= greatest(p.start_at, p.until_at - l.cab_weeks * interval '7 days') and a.occurred_at < p.end_at
    where a.record_track = 'change_governance'
    group by p.period, t.team
),
handled as (
    select p.period, t.team,
        count(*) as decisions,
        count(*) filter (where h.is_decline) * 1.0 / count(*) as decline_share,
        count(*) filter (where not h.has_words) * 1.0 / count(*) as wordless_share,
        quantile_cont(h.handling_seconds, 0.5) as middle_seconds,
        -- Summed in whole millionths: sums of fractions differ with the order of rows, and round otherwise at a tie.
        count(h.sitting_share) * 1000000.0 / sum(cast(round(h.sitting_share * 1000000) as bigint)) as per_sitting,
        count(*) filter (where h.risk = 'high') as high_n,
        count(*) filter (where h.risk = 'high' and h.is_decline) as high_declined,
        count(*) filter (where h.risk = 'low') as low_n,
        count(*) filter (where h.risk = 'low' and h.is_decline) as low_declined
    from (
        -- Conditions count wherever they are stated: the ledger knows those in fields, check lists and comments too.
        select d.*, d.verdict <> 'approved' or k.decision_id is not null as is_decline
        from intermediate.int_human_decisions d
        left join marts.conditioned_decisions k on k.decision_id = d.decision_id
    ) h
    inner join scopes t on t.member = coalesce(h.team, '(no team)')
    inner join marts.periods p on h.decided_at >= p.start_at and h.decided_at < p.end_at
    group by p.period, t.team
),
carried as (
    -- A release manager's approval: given at the pipeline's gate, or by nobody but whoever deployed.
    select p.period, t.team,
        count(*) as changes,
        count(*) filter (where x.authorisation_class in ('never', 'retroactive') or x.reason = 'approval expired') as undecided,
        count(*) filter (where c.risk in ('medium', 'high')) as risky,
        count(*) filter (where c.risk in ('medium', 'high') and (x.authorised_by = 'gate' or a.is_by_one and c.effective_approver = d.deployer))
            as by_release_manager,
        count(*) filter (where x.authorised_by = 'gate') as gated
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id and not d.is_rerelease
    inner join marts.changes c on c.change_id = x.governing_change_id
    left join (
        select change_id, min(decided_by) = max(decided_by) as is_by_one from marts.decisions where is_authorising group by change_id
    ) a on a.change_id = c.change_id
    inner join scopes t on t.member = coalesce(d.team, '(no team)')
    inner join marts.periods p on x.started_at >= p.start_at and x.started_at < p.end_at
    where x.authorisation_class <> 'not_collectable' and x.link_basis <> 'ticket'
    group by p.period, t.team
),
accepted as (
    -- Risk talked over on the record of a release that no governance decision covers.
    select p.period, t.team, count(*) as items
    from marts.agenda_items a
    inner join marts.activities e on e.source_event_id = a.item_id and e.deployment_id is not null
    inner join marts.deployments d on d.deployment_id = e.deployment_id
        and d.authorisation_class in ('never', 'no_record', 'retroactive')
    inner join scopes t on t.member = coalesce(a.team, '(no team)')
    inner join marts.periods p on a.occurred_at >= p.start_at and a.occurred_at < p.end_at
    where a.record_track = 'release_execution' and a.topic = 'risk'
    group by p.period, t.team
),
acts as (
    select d.change_team as team, d.decided_by as person, d.decided_at as acted_at, 1 as decides
    from intermediate.int_decisions d
    where d.is_of_change and d.verdict in ('approved', 'rejected') and d.decided_by_type = 'human' and d.decided_at is not null
    union all
    select team, deployer, started_at, 0
    from marts.deployments
    where is_production and outcome = 'succeeded' and started_at is not null
),
local_acts as (
    -- A slot: the same hour of the week in the team's time zone, chaired by the same person.
    select a.team, a.person, a.acted_at, a.decides,
        case
            when coalesce(z.time_zone, 'UTC') = 'UTC' then a.acted_at
            else (a.acted_at at time zone 'UTC') at time zone z.time_zone
        end as local_at
    from acts a
    left join config.teams z on z.team = a.team
),
-- Counted by numbers: millions of persons' hours are told apart by them at half the work of telling them apart by names.
persons as (
    select person, row_number() over (order by person) as person_number
    from (select distinct person from local_acts where person is not null) a
),
numbered_teams as (
    select team, row_number() over (order by team) as team_number from teams
),
numbered_scopes as (
    select s.member, n.team_number from scopes s inner join numbered_teams n on n.team = s.team
),
numbered_periods as (
    select period, start_at, end_at, row_number() over (order by period) as period_number from marts.periods
),
slots as (
    select p.period_number, t.team_number, n.person_number, a.decides,
        extract(dow from a.local_at) * 24 + extract(hour from a.local_at) as slot, date_trunc('week', a.local_at) as week
    from local_acts a
    left join persons n on n.person = a.person
    inner join numbered_scopes t on t.member = coalesce(a.team, '(no team)')
    inner join numbered_periods p on a.acted_at >= p.start_at and a.acted_at < p.end_at
),
slot_sums as (
    -- A slot that was used in one week only does not recur.
    select period_number, team_number, person_number, slot, min(week) < max(week) as is_recurring,
        count(*) filter (where decides = 1) as decides, count(*) filter (where decides = 0) as goes
    from slots
    group by period_number, team_number, person_number, slot
),
slot_totals as (
    select period_number, team_number, sum(decides) as decides, sum(goes) as goes from slot_sums group by period_number, team_number
),
slot_shares as (
    select s.period_number, s.team_number, t.decides, t.goes,
        max(
            case when s.is_recurring then least(s.decides * 1.0 / nullif(t.decides, 0), s.goes * 1.0 / nullif(t.goes, 0))
                else 0 end
        ) as share
    from slot_sums s
    inner join slot_totals t on t.period_number = s.period_number and t.team_number = s.team_number
    where s.person_number is not null
    group by s.period_number, s.team_number, t.decides, t.goes
),
slot_best as (
    select p.period, n.team, s.decides, s.goes, s.share
    from slot_shares s
    inner join numbered_periods p on p.period_number = s.period_number
    inner join numbered_teams n on n.team_number = s.team_number
),
waits as (
    select p.period, t.team, count(*) as changes,
        quantile_cont(case when c.risk = 'low' then (epoch_us(c.effective_approval_at) - epoch_us(c.requested_at)) / 1000000.0 end, 0.5)
            as low_wait,
        quantile_cont(case when c.risk = 'high' then (epoch_us(c.effective_approval_at) - epoch_us(c.requested_at)) / 1000000.0 end, 0.5)
            as high_wait,
        quantile_cont((epoch_us(c.effective_approval_at) - epoch_us(c.requested_at)) / 1000000.0, 0.5) as wait
    from marts.changes c
    inner join scopes t on t.member = coalesce(c.team, '(no team)')
    inner join marts.periods p on c.effective_approval_at >= p.start_at and c.effective_approval_at < p.end_at
    where c.effective_approval_at >= c.requested_at
    group by p.period, t.team
),
durations as (
    select period, team, 'middle' as what, middle_seconds as seconds from handled
    union all
    select period, team, 'wait', wait from waits
    union all
    select period, team, 'handling', median_handling_seconds from marts.team_practice
),
spelled as (
    select
        period, team,
        max(spelt) filter (where what = 'middle') as middle_text,
        max(spelt) filter (where what = 'wait') as wait_text,
        max(spelt) filter (where what = 'handling') as handling_text
    from (
        select
            *,
            case
                when seconds < 120 then cast(cast(round(seconds) as bigint) as varchar) || ' s'
                when seconds < 7200 then cast(cast(round(seconds / 60) as bigint) as varchar) || ' min'
                when seconds < 172800 then cast(round(seconds / 3600, 1) as varchar) || ' h'
                else cast(round(seconds / 86400, 1) as varchar) || ' days'
            end as spelt
        from durations
    ) d
    group by period, team
),
spoken as (
    select
        f.*, l.*, h.decline_share, h.wordless_share, h.middle_seconds, h.per_sitting, h.decisions as handled, h.high_n, h.high_declined, h.low_n,
        h.low_declined, w.changes as waited, w.wait, w.low_wait, w.high_wait,
        coalesce(d.middle_text, 'not known') as middle_text,
        coalesce(d.wait_text, 'not known') as wait_text,
        coalesce(d.handling_text, 'not known') as handling_text
    from marts.team_practice f
    cross join config.practice l
    left join handled h on h.period = f.period and h.team = f.team
    left join waits w on w.period = f.period and w.team = f.team
    left join spelled d on d.period = f.period and d.team = f.team
),
figures as (
    select f.period, f.team, 'cab_does_release_logistics' as pattern, a.misplaced * 1.0 / nullif(a.items, 0) as value,
        f.cab_logistics_share as limit_value, coalesce(a.items, 0) as n, f.cab_minimum as minimum_n,
        a.misplaced * 1.0 / nullif(a.items, 0) >= f.cab_logistics_share
            and f.with_own_plan * 1.0 / nullif(f.deployments, 0) < f.cab_own_plan_share as is_met,
        'governance items about steps and timing: ' || cast(coalesce(a.misplaced, 0) as varchar) || ' of ' || cast(coalesce(a.items, 0) as varchar)
            || ' in the last ' || cast(cast(f.cab_weeks as bigint) as varchar) || ' weeks (fires from '
            || cast(cast(round(f.cab_logistics_share * 100) as bigint) as varchar) || ' %); releases with a plan of their own: '
            || cast(f.with_own_plan as varchar) || ' of ' || cast(f.deployments as varchar) || ' (under '
            || cast(cast(round(f.cab_own_plan_share * 100) as bigint) as varchar) || ' %)' as sentence
    from spoken f left join agenda a on a.period = f.period and a.team = f.team
    union all
    select f.period, f.team, 'release_train_accepts_risk', c.undecided * 1.0 / nullif(c.changes, 0), f.train_undecided_share,
        coalesce(c.changes, 0), f.train_minimum,
        c.undecided * 1.0 / nullif(c.changes, 0) >= f.train_undecided_share
            or coalesce(r.items, 0) >= f.train_risk_items
            or (c.risky >= f.train_minimum and c.by_release_manager * 1.0 / c.risky >= f.train_sole_approval_share),
        'changes that shipped without a decision in force: ' || cast(coalesce(c.undecided, 0) as varchar) || ' of '
            || cast(coalesce(c.changes, 0) as varchar) || ' (fires from ' || cast(cast(round(f.train_undecided_share * 100) as bigint) as varchar)
            || ' %); risk talked over on releases that nothing had decided: ' || cast(coalesce(r.items, 0) as varchar) || ' (from '
            || cast(cast(f.train_risk_items as bigint) as varchar) || '); changes of medium or high risk that only whoever releases approved: '
            || cast(coalesce(c.by_release_manager, 0) as varchar) || ' of ' || cast(coalesce(c.risky, 0) as varchar) || ' (from '
            || cast(cast(round(f.train_sole_approval_share * 100) as bigint) as varchar) || ' % of ' || cast(cast(f.train_minimum as bigint) as varchar) || ' or more)'
    from spoken f
    left join carried c on c.period = f.period and c.team = f.team
    left join accepted r on r.period = f.period and r.team = f.team
    union all
    select f.period, f.team, 'one_meeting_for_both', greatest(s.share, c.gated * 1.0 / nullif(c.changes, 0)), f.meeting_share,
        coalesce(greatest(least(s.decides, s.goes), c.changes), 0), f.meeting_minimum,
        (least(s.decides, s.goes) >= f.meeting_minimum and s.share >= f.meeting_share)
            or (c.changes >= f.meeting_minimum and c.gated * 1.0 / c.changes >= f.meeting_share),
        'decisions and deployments in one weekly hour by one person: ' || cast(cast(round(coalesce(s.share, 0) * 100) as bigint) as varchar)
            || ' %; changes decided and set going by one record: ' || cast(coalesce(c.gated, 0) as varchar) || ' of '
            || cast(coalesce(c.changes, 0) as varchar) || ' (either fires from '
            || cast(cast(round(f.meeting_share * 100) as bigint) as varchar) || ' %)'
    from spoken f
    left join slot_best s on s.period = f.period and s.team = f.team
    left join carried c on c.period = f.period and c.team = f.team
    union all
    select f.period, f.team, 'rubber_stamp', f.wordless_share, f.stamp_wordless_share, coalesce(f.handled, 0), f.stamp_minimum,
        f.decline_share < f.stamp_decline_share and f.middle_seconds < f.stamp_handling_seconds
            and f.wordless_share > f.stamp_wordless_share
            -- Where nothing was declined the outcome is the same for every risk; else both risks have to be known.
            and (
                f.decline_share = 0
                or f.high_declined * 1.0 / nullif(f.high_n, 0)
                    <= f.low_declined * 1.0 / nullif(f.low_n, 0) + f.stamp_decline_share
            ),
        'declined or conditioned: ' || coalesce(cast(cast(round(f.decline_share * 100) as bigint) as varchar) || ' %', 'nothing decided') || ' (under '
            || cast(cast(round(f.stamp_decline_share * 100) as bigint) as varchar) || ' %); without a word: '
            || coalesce(cast(cast(round(f.wordless_share * 100) as bigint) as varchar) || ' % of ' || cast(f.handled as varchar) || ' decisions', 'not known')
            || ' (over '
            || cast(cast(round(f.stamp_wordless_share * 100) as bigint) as varchar) || ' %); median handling: ' || f.middle_text || ' (under '
            || cast(round(f.stamp_handling_seconds / 60.0, 1) as varchar) || ' min); declined at high risk: '
            || cast(coalesce(f.high_declined, 0) as varchar) || ' of ' || cast(coalesce(f.high_n, 0) as varchar) || ', at low: '
            || cast(coalesce(f.low_declined, 0) as varchar) || ' of ' || cast(coalesce(f.low_n, 0) as varchar) || ' (all four have to hold)'
            || coalesce('; approvals in one sitting: ' || cast(round(f.per_sitting, 1) as varchar), '')
            || coalesce('; by the busiest person: ' || cast(cast(round(f.top_decider_share * 100) as bigint) as varchar) || ' %', '')
    from spoken f
    union all
    select f.period, f.team, 'review_meeting_for_every_release', f.wait / nullif(f.median_handling_seconds, 0), f.meeting_wait_factor,
        coalesce(f.waited, 0), f.meeting_minimum,
        f.deciders = 1 and f.both_groups = 1
            and f.prior_deployments * 1.0 / nullif(f.judged_deployments, 0) >= f.decided_before_share
            and f.wait > f.meeting_wait_factor * f.median_handling_seconds
            and f.low_wait >= f.high_wait * f.meeting_low_risk_share,
        'median wait of ' || cast(coalesce(f.waited, 0) as varchar) || ' changes, decided by people or a policy: ' || f.wait_text
            || '; median handling by people: ' || f.handling_text || ' (fires over ' || cast(round(f.meeting_wait_factor, 1) as varchar) || ' times); people who decide: '
            || cast(f.deciders as varchar) || ', of whom deploy: ' || cast(f.both_groups as varchar)
            || ' (one who does both); decided before the start: ' || cast(f.prior_deployments as varchar) || ' of '
            || cast(f.judged_deployments as varchar) || ' (at least '
            || cast(cast(round(f.decided_before_share * 100) as bigint) as varchar) || ' %)'
    from spoken f
    union all
    select f.period, f.team, 'hidden_discipline', f.policy_decisions * 1.0 / nullif(f.decisions, 0), f.hidden_share, f.decisions,
        f.hidden_minimum, f.policy_decisions * 1.0 / nullif(f.decisions, 0) > f.hidden_share and coalesce(a.alive, 0) = 0,
        'decisions by automation: ' || cast(f.policy_decisions as varchar) || ' of ' || cast(f.decisions as varchar)
            || ' (over ' || cast(cast(round(f.hidden_share * 100) as bigint) as varchar) || ' %); rules that changed or stopped something in ' || cast(cast(f.alive_days as bigint) as varchar) || ' days: '
            || cast(coalesce(a.alive, 0) as varchar) || ' of ' || cast(coalesce(a.rules, 0) as varchar) || ' (none)'
    from spoken f left join marts.living_rules a on a.period = f.period and a.team = f.team
)
select
    cast(period as varchar) as period,
    cast(team as varchar) as team,
    cast(pattern as varchar) as pattern,
    cast(case when n < minimum_n or is_met is null then 'too_few' when is_met then 'fires' else 'clear' end as varchar) as state,
    cast(value as double) as value,
    cast(limit_value as double) as limit_value,
    cast(n as bigint) as n,
    cast(minimum_n as bigint) as minimum_n,
    cast(sentence as varchar) as sentence
from figures
