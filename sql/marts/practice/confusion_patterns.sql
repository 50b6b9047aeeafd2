-- description: Patterns of confusion between the two tracks, per team and period: the rule, its measured values and whether it fires.
--   Below its minimum sample a pattern is undecided, never absent.
-- grain: period, team, pattern
-- order_by: period, team, pattern
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation.
-- column: pattern | cab_does_release_logistics, release_train_accepts_risk, one_meeting_for_both, rubber_stamp,
--   review_meeting_for_every_release or hidden_discipline.
-- column: state | fires, clear or too_few.
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
    inner join marts.periods p on a.occurred_at >= p.start_at and a.occurred_at < p.end_at
    where a.record_track = 'change_governance'
    group by p.period, t.team
),
handled as (
    select p.period, t.team,
        count(*) as decisions,
        count(*) filter (where h.is_decline) * 1.0 / count(*) as decline_share,
        count(*) filter (where not h.has_words) * 1.0 / count(*) as wordless_share,
        quantile_cont(h.handling_seconds, 0.5) as middle_seconds,
        count(*) filter (where h.risk = 'high') as high_n,
        count(*) filter (where h.risk = 'high' and h.is_decline) as high_declined,
        count(*) filter (where h.risk = 'low') as low_n,
        count(*) filter (where h.risk = 'low' and h.is_decline) as low_declined
    from intermediate.int_human_decisions h
    inner join scopes t on t.member = coalesce(h.team, '(no team)')
    inner join marts.periods p on h.decided_at >= p.start_at and h.decided_at < p.end_at
    group by p.period, t.team
),
carried as (
    select p.period, t.team,
        count(*) as changes,
        count(*) filter (where x.authorisation_class in ('never', 'retroactive')) as undecided
    from marts.deployment_changes x
    inner join marts.deployments d on d.deployment_id = x.deployment_id and not d.is_rerelease
    inner join scopes t on t.member = coalesce(d.team, '(no team)')
    inner join marts.periods p on x.started_at >= p.start_at and x.started_at < p.end_at
    where x.authorisation_class <> 'not_collectable' and x.link_basis <> 'ticket'
    group by p.period, t.team
),
slots as (
    -- A slot: the same hour of the week, chaired by the same person.
    select p.period, t.team, d.decided_by, extract(dow from d.decided_at) * 24 + extract(hour from d.decided_at) as slot, 1 as decides, 0 as goes
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    inner join scopes t on t.member = coalesce(c.team, '(no team)')
    inner join marts.periods p on d.decided_at >= p.start_at and d.decided_at < p.end_at
    where d.verdict in ('approved', 'rejected') and d.decided_by_type = 'human'
    union all
    select p.period, t.team, s.deployer, extract(dow from s.started_at) * 24 + extract(hour from s.started_at), 0, 1
    from marts.deployments s
    inner join scopes t on t.member = coalesce(s.team, '(no team)')
    inner join marts.periods p on s.started_at >= p.start_at and s.started_at < p.end_at
    where s.is_production and s.outcome = 'succeeded'
),
slot_sums as (
    select period, team, decided_by, slot, sum(decides) as decides, sum(goes) as goes from slots group by period, team, decided_by, slot
),
slot_totals as (
    select period, team, sum(decides) as decides, sum(goes) as goes from slot_sums group by period, team
),
slot_best as (
    select s.period, s.team, t.decides, t.goes,
        max(least(s.decides * 1.0 / nullif(t.decides, 0), s.goes * 1.0 / nullif(t.goes, 0))) as share
    from slot_sums s
    inner join slot_totals t on t.period = s.period and t.team = s.team
    where s.decided_by is not null
    group by s.period, s.team, t.decides, t.goes
),
waits as (
    select p.period, t.team, count(*) as changes,
        quantile_cont(case when c.risk = 'low' then g.whole_seconds end, 0.5) as low_wait,
        quantile_cont(case when c.risk = 'high' then g.whole_seconds end, 0.5) as high_wait,
        quantile_cont((epoch_us(c.effective_approval_at) - epoch_us(c.requested_at)) / 1000000.0, 0.5) as wait
    from marts.changes c
    inner join marts.change_stages g on g.change_id = c.change_id
    inner join scopes t on t.member = coalesce(c.team, '(no team)')
    inner join marts.periods p on c.effective_approval_at >= p.start_at and c.effective_approval_at < p.end_at
    where c.effective_approval_at >= c.requested_at
    group by p.period, t.team
),
alive as (
    select t.team, count(*) as rules, count(*) filter (where r.is_alive) as alive
    from marts.automated_rules r
    inner join scopes t on t.member = coalesce(r.team, '(no team)')
    where r.kind in ('policy', 'standard_change')
    group by t.team
),
figures as (
    select f.period, f.team, 'cab_does_release_logistics' as pattern, a.misplaced * 1.0 / nullif(a.items, 0) as value, 0.4 as limit_value,
        coalesce(a.items, 0) as n, 30 as minimum_n,
        a.misplaced * 1.0 / nullif(a.items, 0) >= 0.4 and f.with_own_plan * 2 < f.deployments as is_met,
        'governance items about steps and timing: ' || cast(coalesce(a.misplaced, 0) as varchar) || ' of ' || cast(coalesce(a.items, 0) as varchar)
            || '; releases with a plan of their own: ' || cast(f.with_own_plan as varchar) || ' of ' || cast(f.deployments as varchar) as sentence
    from marts.team_practice f left join agenda a on a.period = f.period and a.team = f.team
    union all
    select f.period, f.team, 'release_train_accepts_risk', c.undecided * 1.0 / nullif(c.changes, 0), 0.2, coalesce(c.changes, 0), 20,
        c.undecided * 1.0 / nullif(c.changes, 0) >= 0.2,
        'changes that shipped without a decision in force: ' || cast(coalesce(c.undecided, 0) as varchar) || ' of '
            || cast(coalesce(c.changes, 0) as varchar)
    from marts.team_practice f left join carried c on c.period = f.period and c.team = f.team
    union all
    select f.period, f.team, 'one_meeting_for_both', s.share, 0.6, coalesce(least(s.decides, s.goes), 0), 20, s.share >= 0.6,
        'decisions and deployments in one weekly hour by one person: ' || cast(cast(round(coalesce(s.share, 0) * 100) as bigint) as varchar) || ' %'
    from marts.team_practice f left join slot_best s on s.period = f.period and s.team = f.team
    union all
    select f.period, f.team, 'rubber_stamp', h.wordless_share, 0.8, coalesce(h.decisions, 0), 50,
        h.decline_share < 0.02 and h.middle_seconds < 180 and h.wordless_share > 0.8
            and coalesce(h.high_declined * 1.0 / nullif(h.high_n, 0), 0) <= coalesce(h.low_declined * 1.0 / nullif(h.low_n, 0), 0) + 0.02,
        'declined or conditioned: ' || cast(cast(round(coalesce(h.decline_share, 0) * 100) as bigint) as varchar) || ' %; without a word: '
            || cast(cast(round(coalesce(h.wordless_share, 0) * 100) as bigint) as varchar) || ' %; median handling: '
            || case when h.middle_seconds is null then 'not known' when h.middle_seconds < 120 then cast(cast(h.middle_seconds as bigint) as varchar) || ' s'
                when h.middle_seconds < 7200 then cast(cast(round(h.middle_seconds / 60) as bigint) as varchar) || ' min'
                else cast(round(h.middle_seconds / 3600, 1) as varchar) || ' h' end
    from marts.team_practice f left join handled h on h.period = f.period and h.team = f.team
    union all
    select f.period, f.team, 'review_meeting_for_every_release', w.wait / nullif(f.median_handling_seconds, 0), 3.0, coalesce(w.changes, 0), 20,
        w.wait / nullif(f.median_handling_seconds, 0) > 3 and w.low_wait >= w.high_wait * 0.9 and f.deciders = 1
            and f.both_groups = 1,
        'median wait: ' || case when w.wait is null then 'not known' when w.wait < 120 then cast(cast(w.wait as bigint) as varchar) || ' s'
                when w.wait < 7200 then cast(cast(round(w.wait / 60) as bigint) as varchar) || ' min'
                else cast(round(w.wait / 3600, 1) as varchar) || ' h' end || '; median handling: ' || case when f.median_handling_seconds is null then 'not known' when f.median_handling_seconds < 120 then cast(cast(f.median_handling_seconds as bigint) as varchar) || ' s'
                when f.median_handling_seconds < 7200 then cast(cast(round(f.median_handling_seconds / 60) as bigint) as varchar) || ' min'
                else cast(round(f.median_handling_seconds / 3600, 1) as varchar) || ' h' end
            || '; people who decide: ' || cast(f.deciders as varchar)
    from marts.team_practice f left join waits w on w.period = f.period and w.team = f.team
    union all
    select f.period, f.team, 'hidden_discipline', f.policy_decisions * 1.0 / nullif(f.decisions, 0), 0.9, f.decisions, 50,
        f.policy_decisions * 1.0 / nullif(f.decisions, 0) > 0.9 and coalesce(a.alive, 0) = 0,
        'decisions by automation: ' || cast(f.policy_decisions as varchar) || ' of ' || cast(f.decisions as varchar)
            || '; rules that changed or stopped something in 180 days: ' || cast(coalesce(a.alive, 0) as varchar) || ' of '
            || cast(coalesce(a.rules, 0) as varchar)
    from marts.team_practice f left join alive a on a.team = f.team
)
select
    cast(period as varchar) as period,
    cast(team as varchar) as team,
    cast(pattern as varchar) as pattern,
    cast(case when n < minimum_n then 'too_few' when coalesce(is_met, false) then 'fires' else 'clear' end as varchar) as state,
    cast(value as double) as value,
    cast(limit_value as double) as limit_value,
    cast(n as bigint) as n,
    cast(minimum_n as bigint) as minimum_n,
    cast(sentence as varchar) as sentence
from figures
