-- description: The cheat sheet, filled in from data: question, cadence, output, owner, catches, artifact and condition for both tracks, side
--   by side, per team and period. Roles and counts, never names.
-- grain: period, team, place
-- order_by: period, team, place
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation.
-- column: place | Order of the rows.
-- column: row_name | question, cadence, output, owner, catches, artifact or condition.
-- column: change_governance | What the records say of change governance.
-- column: release_execution | What the records say of release execution.
-- not_null: period, team, place, row_name, change_governance, release_execution
-- unique: period, team, place
with named as (
    select
        f.*,
        l.minimum_sample,
        -- By the median gap and by how many there are a week; the bounds are settings ([practice]).
        case
            when decisions < l.cadence_minimum then 'too few to name'
            when decision_gap_seconds <= l.cadence_continuous_gap_days * 86400 and decisions_per_week >= l.cadence_continuous_per_week then 'continuous'
            when decision_gap_seconds <= l.cadence_daily_gap_days * 86400 and decisions_per_week >= l.cadence_daily_per_week then 'daily'
            when decision_gap_seconds <= l.cadence_weekly_gap_days * 86400 and decisions_per_week >= l.cadence_weekly_per_week then 'weekly'
            else 'monthly or rarer'
        end as decision_cadence,
        case
            when deployments < l.cadence_minimum then 'too few to name'
            when deployment_gap_seconds <= l.cadence_continuous_gap_days * 86400 and deployments_per_week >= l.cadence_continuous_per_week then 'continuous'
            when deployment_gap_seconds <= l.cadence_daily_gap_days * 86400 and deployments_per_week >= l.cadence_daily_per_week then 'daily'
            when deployment_gap_seconds <= l.cadence_weekly_gap_days * 86400 and deployments_per_week >= l.cadence_weekly_per_week then 'weekly'
            else 'monthly or rarer'
        end as deployment_cadence,
        case when decisions >= l.cadence_minimum then ', median gap ' || case
            when decision_gap_seconds < 7200 then cast(cast(round(decision_gap_seconds / 60) as bigint) as varchar) || ' min'
            when decision_gap_seconds < 172800 then cast(round(decision_gap_seconds / 3600, 1) as varchar) || ' h'
            else cast(round(decision_gap_seconds / 86400, 1) as varchar) || ' days'
        end
            || case when decision_regularity >= l.cadence_regular_share then ', regular' else ', irregular' end end as decision_gap_text,
        case when deployments >= l.cadence_minimum then ', median gap ' || case
            when deployment_gap_seconds < 7200 then cast(cast(round(deployment_gap_seconds / 60) as bigint) as varchar) || ' min'
            when deployment_gap_seconds < 172800 then cast(round(deployment_gap_seconds / 3600, 1) as varchar) || ' h'
            else cast(round(deployment_gap_seconds / 86400, 1) as varchar) || ' days'
        end
            || case when deployment_regularity >= l.cadence_regular_share then ', regular' else ', irregular' end end as deployment_gap_text
    from marts.team_practice f
    cross join config.practice l
),
conditions as (
    select p.period, t.team, count(*) filter (where k.status <> 'lapsed') as conditions, count(*) filter (where k.status = 'met') as met,
        count(*) filter (where k.status in ('late', 'unmet')) as missed
    from marts.conditions k
    inner join (select distinct team from marts.team_practice) t on t.team = coalesce(k.team, '(no team)') or t.team = '(all)'
    inner join marts.periods p on k.set_at >= p.start_at and k.set_at < p.end_at
    group by p.period, t.team
),
teams as (
    select distinct team from marts.team_practice
),
scopes as (
    -- Every record counts for its team and for the organisation.
    select team, team as member from teams where team <> '(all)'
    union all
    select '(all)', team from teams where team <> '(all)'
),
kinds as (
    select p.period, t.team, k.process, k.outcome, k.kind, count(distinct k.evidence_id) as n
    from marts.catches k
    inner join scopes t on t.member = coalesce(k.team, '(no team)')
    inner join marts.periods p on k.occurred_at >= p.start_at and k.occurred_at < p.end_at
    group by p.period, t.team, k.process, k.outcome, k.kind
),
listed as (
    -- Kinds with counts, most first; what nothing tells the kind of stands last.
    select period, team,
        string_agg(case when process = 'change_governance' and outcome = 'catch' then kind || ' ' || cast(n as varchar) end, ', ' order by kind = 'kind unknown', n desc, kind)
            as caught_governance,
        string_agg(case when process = 'release_execution' and outcome = 'catch' then kind || ' ' || cast(n as varchar) end, ', ' order by kind = 'kind unknown', n desc, kind)
            as caught_release,
        string_agg(case when process = 'change_governance' and outcome = 'miss' then kind || ' ' || cast(n as varchar) end, ', ' order by n desc, kind)
            as missed_governance,
        string_agg(case when process = 'release_execution' and outcome = 'miss' then kind || ' ' || cast(n as varchar) end, ', ' order by n desc, kind)
            as missed_release,
        sum(case when outcome = 'miss' and process is null then n else 0 end) as missed_unknown
    from kinds
    group by period, team
),
sheet as (
    select period, team, 1 as place, 'question' as row_name,
        'Should this go? ' || cast(decisions as varchar) || ' decisions on ' || cast(changes as varchar) || ' changes' as change_governance,
        'How does this go? ' || cast(deployments as varchar) || ' deployments to production' as release_execution
    from named
    union all
    select period, team, 2, 'cadence',
        decision_cadence || ', ' || cast(round(decisions_per_week, 1) as varchar) || ' a week' || coalesce(decision_gap_text, ''),
        deployment_cadence || ', ' || cast(round(deployments_per_week, 1) as varchar) || ' a week' || coalesce(deployment_gap_text, '')
            || coalesce(', ' || cast(round(batch_size, 1) as varchar) || ' changes each (median)', '')
    from named
    union all
    select period, team, 3, 'output',
        cast(approved as varchar) || ' approved, ' || cast(declined as varchar) || ' declined or sent back, ' || cast(conditioned as varchar)
            || ' with conditions',
        cast(deployments as varchar) || ' deployed, ' || cast(verified as varchar) || ' verified, ' || cast(rolled_back as varchar) || ' rolled back'
    from named
    union all
    select period, team, 4, 'owner',
        cast(deciders as varchar) || ' people' || case
            when known_decisions < minimum_sample then ', too few decisions to say who does most (n = ' || cast(known_decisions as varchar) || ')'
            else ', the busiest one with ' || coalesce(cast(cast(round(top_decider_share * 100) as bigint) as varchar) || ' % of '
                || cast(known_decisions as varchar) || ' decisions', 'an unknown share') end
            || case when human_decisions > known_decisions then ' by known people' else '' end
            || case when known_decisions >= minimum_sample then coalesce(', most from ' || decider_group || ' (' || cast(cast(round(decider_group_share * 100) as bigint) as varchar) || ' %)', '') else '' end
            || '; ' || cast(policy_decisions as varchar) || ' decisions by policies; ' || cast(both_groups as varchar) || ' also deploy',
        cast(deployers as varchar) || ' people' || case
            when deployments < minimum_sample then ', too few deployments to say who does most (n = ' || cast(deployments as varchar) || ')'
            else ', the busiest one with ' || coalesce(cast(cast(round(top_deployer_share * 100) as bigint) as varchar) || ' % of those by people', 'an unknown share')
            end
            || case when deployments >= minimum_sample then coalesce(', most from ' || deployer_group || ' (' || cast(cast(round(deployer_group_share * 100) as bigint) as varchar) || ' %)', '') else '' end
            || '; ' || cast(both_groups as varchar) || ' also decide'
    from named
    union all
    select n.period, n.team, 5, 'catches',
        cast(catches_governance as varchar) || ' caught in ' || cast(decisions as varchar) || ' decisions'
            || coalesce(': ' || k.caught_governance, '')
            || case
                when misses = 0 then '; nothing slipped through'
                else '; of ' || cast(misses as varchar) || ' that slipped through, it should have caught: ' || coalesce(k.missed_governance, 'none that is known')
                    || '; kind unknown: ' || cast(coalesce(k.missed_unknown, 0) as varchar)
            end,
        cast(catches_release as varchar) || ' caught in ' || cast(deployments + failed_attempts as varchar) || ' attempts, '
            || cast(failed_attempts as varchar) || ' of which did not finish' || coalesce(': ' || k.caught_release, '')
            || case
                when misses = 0 then '; nothing slipped through'
                else '; of ' || cast(misses as varchar) || ' that slipped through, it should have caught: ' || coalesce(k.missed_release, 'none that is known')
            end
    from named n
    left join listed k on k.period = n.period and k.team = n.team
    union all
    select period, team, 6, 'artifact',
        cast(complete_records as varchar) || ' of ' || cast(changes as varchar) || ' change records complete',
        cast(with_own_plan as varchar) || ' of ' || cast(deployments as varchar) || ' with a plan or release record, '
            || cast(with_notes as varchar) || ' with notes, ' || cast(verified as varchar) || ' with verification'
    from named
    union all
    select n.period, n.team, 7, 'condition',
        cast(n.conditioned as varchar) || ' of ' || cast(n.approved as varchar) || ' approvals with conditions',
        coalesce(cast(c.met as varchar) || ' of ' || cast(c.conditions as varchar) || ' conditions met in time, ' || cast(c.missed as varchar)
            || ' late or unmet', 'no conditions to meet')
    from named n
    left join conditions c on c.period = n.period and c.team = n.team
)
select
    cast(period as varchar) as period,
    cast(team as varchar) as team,
    cast(place as bigint) as place,
    cast(row_name as varchar) as row_name,
    cast(change_governance as varchar) as change_governance,
    cast(release_execution as varchar) as release_execution
from sheet
