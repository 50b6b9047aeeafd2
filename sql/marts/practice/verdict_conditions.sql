-- description: The fixed list of conditions behind each verdict, measured per team and period. The limits are settings ([practice]).
-- grain: period, team, subject, condition
-- order_by: period, team, subject, place
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation.
-- column: subject | change_governance, release_execution or separation.
-- column: place | Order of the conditions.
-- column: condition | What must hold.
-- column: value | The measured value; null when undefined.
-- column: limit_value | The limit.
-- column: n | Records judged.
-- column: holds | Whether it holds; null when there is too little to judge.
-- column: sentence | The condition with its figures.
-- not_null: period, team, subject, place, condition, n, sentence
-- unique: period, team, subject, condition
-- assert: subject in ('change_governance', 'release_execution', 'separation')
with thresholds as (
    select * from config.practice
),
risk_effect as (
    -- Risk changes the outcome or the handling: high risk is declined more often, or looked at longer, than low risk.
    select p.period, t.team,
        count(*) filter (where h.risk = 'high') as high_n,
        count(*) filter (where h.risk = 'low') as low_n,
        count(*) filter (where h.risk = 'high' and h.is_decline) * 1.0 / nullif(count(*) filter (where h.risk = 'high'), 0) as high_declined,
        count(*) filter (where h.risk = 'low' and h.is_decline) * 1.0 / nullif(count(*) filter (where h.risk = 'low'), 0) as low_declined,
        quantile_cont(case when h.risk = 'high' then h.handling_seconds end, 0.5) as high_handling,
        quantile_cont(case when h.risk = 'low' then h.handling_seconds end, 0.5) as low_handling
    from (
        -- Conditions count wherever they are stated: the ledger knows those in fields, check lists and comments too.
        select d.*, d.verdict <> 'approved' or k.decision_id is not null as is_decline
        from intermediate.int_human_decisions d
        left join marts.conditioned_decisions k on k.decision_id = d.decision_id
    ) h
    inner join (select distinct team from marts.team_practice) t on t.team = coalesce(h.team, '(no team)') or t.team = '(all)'
    inner join marts.periods p on h.decided_at >= p.start_at and h.decided_at < p.end_at
    group by p.period, t.team
),
patterns as (
    select period, team, count(*) filter (where state = 'fires') as firing, count(*) filter (where state = 'clear') as clear,
        max(case when state = 'fires' then replace(replace(pattern, '_', ' '), 'cab ', 'CAB ') end) as name
    from marts.confusion_patterns
    group by period, team
),
recovered as (
    select p.period, t.team, count(*) as failures,
        count(*) filter (
            where epoch_us(d.restored_at) - epoch_us(d.failure_began_at) <= l.recovery_target_hours * 3600000000
        ) as restored
    from marts.deployments d
    cross join config.practice l
    cross join config.build b
    inner join (select distinct team from marts.team_practice) t on t.team = coalesce(d.team, '(no team)') or t.team = '(all)'
    inner join marts.periods p on d.started_at >= p.start_at and d.started_at < p.end_at
    where d.is_failed
        -- What failed just before the build may still be restored in time.
        and (d.restored_at is not null or epoch_us(b.as_of) - epoch_us(d.failure_began_at) > l.recovery_target_hours * 3600000000)
    group by p.period, t.team
),
matched as (
    -- What was approved is what was deployed, where an approval names a revision at all.
    select p.period, t.team, count(*) as deployments, count(*) filter (where d.unauthorised_reason = 'other revision') as mismatched
    from marts.deployments d
    inner join (select distinct team from marts.team_practice) t on t.team = coalesce(d.team, '(no team)') or t.team = '(all)'
    inner join marts.periods p on d.started_at >= p.start_at and d.started_at < p.end_at
    where d.is_production and not d.is_rerelease
        and (d.authorisation_class in ('prior', 'within_skew', 'retroactive', 'retroactive_emergency_in_sla')
            or d.unauthorised_reason = 'other revision')
    group by p.period, t.team
),
shares as (
    select f.period, f.team, 'change_governance' as subject, 1 as place, 'decisions come before deployment' as condition,
        f.prior_deployments * 1.0 / nullif(f.judged_deployments, 0) as value, t.decided_before_share as limit_value, f.judged_deployments as n,
        'decided before the start, ' || cast(f.prior_deployments as varchar) || ' of ' || cast(f.judged_deployments as varchar)
            || ' deployments (at least ' || cast(cast(round(t.decided_before_share * 100) as bigint) as varchar) || ' % wanted)' as sentence
    from marts.team_practice f
    cross join thresholds t
    union all
    select f.period, f.team, 'change_governance', 2, 'reasons are recorded', f.with_reason * 1.0 / nullif(f.decisions, 0), t.reasons_share, f.decisions,
        'with a recorded reason, ' || cast(f.with_reason as varchar) || ' of ' || cast(f.decisions as varchar) || ' decisions (at least ' || cast(cast(round(t.reasons_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
    union all
    select f.period, f.team, 'release_execution', 1, 'deployments have a plan or an encoded pipeline',
        f.with_plan * 1.0 / nullif(f.deployments, 0), t.planned_share, f.deployments,
        'with a plan, release or pipeline, ' || cast(f.with_plan as varchar) || ' of ' || cast(f.deployments as varchar) || ' deployments (at least ' || cast(cast(round(t.planned_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
    union all
    select f.period, f.team, 'release_execution', 2, 'verification follows', f.verified * 1.0 / nullif(f.deployments, 0), t.verified_share, f.deployments,
        'verified, ' || cast(f.verified as varchar) || ' of ' || cast(f.deployments as varchar) || ' deployments (at least ' || cast(cast(round(t.verified_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
    union all
    select f.period, f.team, 'release_execution', 3, 'failures are rolled back or fixed in the target time', r.restored * 1.0 / nullif(r.failures, 0),
        t.restored_share,
        coalesce(r.failures, 0),
        'restored within ' || cast(round(t.recovery_target_hours, 1) as varchar) || ' h, ' || cast(coalesce(r.restored, 0) as varchar) || ' of ' || cast(coalesce(r.failures, 0) as varchar)
            || ' failed deployments (at least ' || cast(cast(round(t.restored_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
    left join recovered r on r.period = f.period and r.team = f.team
    union all
    select f.period, f.team, 'release_execution', 4, 'artifacts match what was approved',
        (m.deployments - m.mismatched) * 1.0 / nullif(m.deployments, 0), t.artifact_share, coalesce(m.deployments, 0),
        'deployed as approved, ' || cast(coalesce(m.deployments - m.mismatched, 0) as varchar) || ' of '
            || cast(coalesce(m.deployments, 0) as varchar) || ' deployments (at least ' || cast(cast(round(t.artifact_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
    left join matched m on m.period = f.period and m.team = f.team
    union all
    select f.period, f.team, 'separation', 1, 'separation of duties holds', f.sod_passed * 1.0 / nullif(f.sod_judged, 0), t.separation_share, f.sod_judged,
        'independently approved, ' || cast(f.sod_passed as varchar) || ' of ' || cast(f.sod_judged as varchar) || ' changes (at least ' || cast(cast(round(t.separation_share * 100) as bigint) as varchar) || ' % wanted)'
    from marts.team_practice f
    cross join thresholds t
),
others as (
    select f.period, f.team, 'change_governance' as subject, 3 as place, 'risk changes the outcome or the handling' as condition,
        r.high_declined - r.low_declined as value, 0.0 as limit_value,
        coalesce(least(r.high_n, r.low_n), 0) as n,
        case when coalesce(least(r.high_n, r.low_n), 0) >= t.minimum_sample
            then r.high_declined > r.low_declined or r.high_handling > r.low_handling end as holds,
        'declined or conditioned at high risk: '
            || case when r.high_n > 0 then cast(cast(round(r.high_declined * 100) as bigint) as varchar) || ' % of ' || cast(r.high_n as varchar) else 'nothing decided' end
            || ', at low risk: '
            || case when r.low_n > 0 then cast(cast(round(r.low_declined * 100) as bigint) as varchar) || ' % of ' || cast(r.low_n as varchar) else 'nothing decided' end
            as sentence
    from marts.team_practice f
    cross join thresholds t
    left join risk_effect r on r.period = f.period and r.team = f.team
    union all
    select f.period, f.team, 'change_governance', 4, 'something is caught', f.catches_governance * 1.0, 1.0, f.decisions,
        case when f.decisions >= t.minimum_sample then f.catches_governance >= 1 end,
        'caught by governance: ' || cast(f.catches_governance as varchar) || ' of ' || cast(f.decisions as varchar) || ' decisions'
    from marts.team_practice f
    cross join thresholds t
    union all
    select f.period, f.team, 'change_governance', 5, 'automated rules are alive', a.alive * 1.0 / nullif(a.rules, 0), 0.0, coalesce(a.rules, 0),
        -- Without automated decisions there is no rule to be alive.
        case when f.policy_decisions * 10 > f.decisions and a.rules > 0 then a.alive > 0 when f.decisions > 0 then true end,
        'rules that changed or stopped something in ' || cast(cast(t.alive_days as bigint) as varchar) || ' days: ' || cast(coalesce(a.alive, 0) as varchar) || ' of ' || cast(coalesce(a.rules, 0) as varchar)
    from marts.team_practice f
    cross join thresholds t
    left join marts.living_rules a on a.period = f.period and a.team = f.team
    union all
    select f.period, f.team, 'separation', 2, 'no confusion pattern fires', case when p.firing + p.clear > 0 then p.firing * 1.0 end, 0.0, coalesce(p.firing + p.clear, 0),
        case when p.firing > 0 then false when p.clear > 0 then true end,
        case
            when p.firing = 1 then p.name || ' fires'
            when p.firing > 1 then p.name || ' fires, as one of ' || cast(p.firing as varchar)
            when p.clear > 0 then 'none of ' || cast(p.clear as varchar) || ' that can be judged fires'
            else 'none can be judged'
        end
    from marts.team_practice f
    left join patterns p on p.period = f.period and p.team = f.team
    union all
    -- Drift is judged as of the build, so it speaks for the period that ends there.
    select f.period, f.team, 'separation', 3, 'no drift finding is open',
        case
            when count(d.team) filter (where d.state in ('drifting', 'stable', 'moving')) > 0
                then count(d.team) filter (where d.state = 'drifting') * 1.0
        end,
        0.0,
        coalesce(max(d.n), 0),
        case
            when count(d.team) filter (where d.state = 'drifting') > 0 then false
            when count(d.team) filter (where d.state in ('stable', 'moving')) > 0 then true
        end,
        case
            when count(d.team) <= 1 or count(d.team) filter (where d.state = 'drifting') = 1
                then coalesce(min(case when d.state = 'drifting' then d.sentence end), min(d.sentence), 'not enough data')
            -- Of several teams no one's sentence speaks for all.
            when count(d.team) filter (where d.state in ('drifting', 'stable', 'moving')) = 0
                then 'not enough data to judge drift in any of ' || cast(count(d.team) as varchar) || ' teams'
            else 'drifting, ' || cast(count(d.team) filter (where d.state = 'drifting') as varchar) || ' of '
                || cast(count(d.team) filter (where d.state in ('drifting', 'stable', 'moving')) as varchar)
                || ' teams that can be judged'
        end
    from marts.team_practice f
    left join marts.drift_findings d on d.is_current and (d.team = f.team or f.team = '(all)')
    inner join marts.periods r on r.kind = 'recent' and r.period = f.period
    group by f.period, f.team
)
select
    cast(s.period as varchar) as period,
    cast(s.team as varchar) as team,
    cast(s.subject as varchar) as subject,
    cast(s.place as bigint) as place,
    cast(s.condition as varchar) as condition,
    cast(s.value as double) as value,
    cast(s.limit_value as double) as limit_value,
    cast(s.n as bigint) as n,
    cast(case when s.n >= t.minimum_sample then s.value >= s.limit_value end as boolean) as holds,
    cast(coalesce(cast(round(s.value * 100, 1) as varchar) || ' % ', '') || s.sentence as varchar) as sentence
from shares s
cross join thresholds t
union all
select o.period, o.team, o.subject, o.place, o.condition, o.value, o.limit_value, o.n, o.holds, o.sentence
from others o
