-- description: The figures that describe both tracks of a team in a period: counts, cadence, owners, overlap, artifacts. Everything
--   that the cheat sheet, the verdicts and the patterns say is a rule over these.
-- grain: period, team
-- order_by: period, team
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation, '(no team)' for records of none.
-- column: changes | Changes created.
-- column: decisions | Decisions that decide, by people and policies.
-- column: human_decisions | Decisions by people, also those whom nobody knows.
-- column: known_decisions | Of those, decisions by people who are known.
-- column: policy_decisions | Decisions by named policies.
-- column: approved | Approvals.
-- column: declined | Rejections and requests for changes.
-- column: conditioned | Approvals with conditions: their own, or for the approval that let a change go those stated on it.
-- column: with_reason | Decisions with a recorded reason.
-- column: deployments | Finished production deployments.
-- column: failed_deployments | Of these, those that needed intervention.
-- column: failed_attempts | Production attempts that did not finish.
-- column: rolled_back | Production deployments that took a release back.
-- column: verified | Finished production deployments with verification recorded.
-- column: with_plan | Finished production deployments with a plan, a release or a pipeline run.
-- column: with_own_plan | Of these, those with a plan or a release record of their own, a pipeline not counted.
-- column: with_notes | Finished production deployments with release notes or an announcement.
-- column: decisions_per_week | Decisions per week.
-- column: deployments_per_week | Deployments per week.
-- column: decision_gap_seconds | Median gap between decisions in a row.
-- column: deployment_gap_seconds | Median gap between deployments in a row.
-- column: decision_regularity | Lower over upper quartile of the gaps between decisions: 1 when all are alike.
-- column: deployment_regularity | Lower over upper quartile of the gaps between deployments.
-- column: batch_size | Median number of changes per deployment that carried any.
-- column: deciders | People who decided.
-- column: deployers | People who deployed.
-- column: both_groups | People who did both.
-- column: top_decider_share | Share of human decisions by the busiest person.
-- column: top_deployer_share | Share of human deployments by the busiest person.
-- column: decider_group | The team that most human decisions are by; null while nobody's team is known.
-- column: decider_group_share | Its share of the human decisions.
-- column: deployer_group | The team that most deployments by people are by; null while nobody's team is known.
-- column: deployer_group_share | Its share of the deployments by people.
-- column: judged_deployments | Deployments whose authorisation can be judged.
-- column: prior_deployments | Of these, those whose decisions all came before the start (clock skew allowed for).
-- column: complete_records | Changes with a complete record.
-- column: catches_governance | Things governance caught.
-- column: catches_release | Things release caught.
-- column: misses | Failures after deployment.
-- column: median_handling_seconds | Median handling time of human decisions.
-- column: contributors | People who authored or committed.
-- column: sod_judged | Changes whose independence can be judged.
-- column: sod_passed | Of these, those with an independent approval.
-- not_null: period, team, changes, decisions, deployments
-- unique: period, team
with team_names as (
    select distinct coalesce(team, '(no team)') as team from marts.changes
    union select distinct coalesce(team, '(no team)') from marts.deployments
    union select '(all)'
),
scopes as (
    -- Every record counts for its team and for the organisation.
    select team, team as member from team_names where team <> '(all)'
    union all
    select '(all)', team from team_names where team <> '(all)'
),
created as (
    select p.period, s.team, count(*) as changes
    from marts.changes c
    inner join scopes s on s.member = coalesce(c.team, '(no team)')
    inner join marts.periods p on c.created_at >= p.start_at and c.created_at < p.end_at
    group by p.period, s.team
),
complete as (
    select p.period, s.team, count(*) filter (where k.is_complete) as complete_records
    from marts.change_completeness k
    inner join scopes s on s.member = coalesce(k.team, '(no team)')
    inner join marts.periods p on k.created_at >= p.start_at and k.created_at < p.end_at
    group by p.period, s.team
),
acts as (
    select s.team, d.decided_at, d.decided_by,
        -- Behind a placeholder's name somebody decided, whom nobody knows.
        coalesce(d.decided_by_type = 'human', d.policy is null) as is_human,
        d.verdict = 'approved' as is_approval,
        k.decision_id is not null as is_conditioned,
        coalesce(trim(d.comment), '') <> '' or d.conditions is not null as has_words
    from intermediate.int_decisions d
    inner join scopes s on s.member = coalesce(d.change_team, '(no team)')
    left join marts.conditioned_decisions k on k.decision_id = d.decision_id
    where d.is_of_change and d.decided_at is not null and d.verdict in ('approved', 'rejected', 'changes_requested')
        and (coalesce(d.decided_by_type, 'human') = 'human' or d.policy is not null)
),
act_gaps as (
    -- Decisions of one instant are of one period, so their order among themselves does not matter.
    select team, decided_at, decided_by, is_human, is_approval, is_conditioned, has_words,
        (epoch_us(decided_at) - epoch_us(lag(decided_at) over (partition by team order by decided_at))) / 1000000.0 as gap
    from acts
),
decided as (
    select p.period, a.team,
        count(*) as decisions,
        count(*) filter (where is_human) as human_decisions,
        count(*) filter (where is_human and decided_by is not null) as known_decisions,
        count(*) filter (where not is_human) as policy_decisions,
        count(*) filter (where is_approval) as approved,
        count(*) filter (where not is_approval) as declined,
        count(*) filter (where is_approval and is_conditioned) as conditioned,
        count(*) filter (where has_words) as with_reason,
        quantile_cont(gap, 0.5) as decision_gap_seconds,
        quantile_cont(gap, 0.25) / nullif(quantile_cont(gap, 0.75), 0) as decision_regularity
    from act_gaps a
    inner join marts.periods p on a.decided_at >= p.start_at and a.decided_at < p.end_at
    group by p.period, a.team
),
shipped as (
    select d.deployment_id, s.team, d.finished_at, d.started_at, case when d.deployer_type = 'human' then d.deployer end as deployer,
        d.outcome, d.is_failed, d.is_rollback, r.has_plan, d.changes_carried,
        not d.is_rerelease and d.authorisation_class in
            ('prior', 'within_skew', 'retroactive', 'retroactive_emergency_in_sla', 'never', 'no_record') as is_judged,
        not d.is_rerelease and d.authorisation_class in ('prior', 'within_skew') as is_prior,
        v.deployment_id is not null as is_verified,
        r.has_pipeline as is_encoded, r.has_release, r.has_notes
    from marts.deployments d
    inner join marts.release_records r on r.deployment_id = d.deployment_id
    inner join scopes s on s.member = coalesce(d.team, '(no team)')
    left join marts.verified_deployments v on v.deployment_id = d.deployment_id
    where d.is_production and d.started_at is not null
),
ship_gaps as (
    select *, (epoch_us(finished_at) - epoch_us(lag(finished_at) over (
            partition by team, outcome order by finished_at, deployment_id))) / 1000000.0 as gap
    from shipped
),
deployed as (
    select p.period, g.team,
        count(*) filter (where outcome = 'succeeded') as deployments,
        count(*) filter (where is_failed) as failed_deployments,
        count(*) filter (where outcome in ('failed', 'cancelled')) as failed_attempts,
        count(*) filter (where is_rollback) as rolled_back,
        count(*) filter (where outcome = 'succeeded' and is_verified) as verified,
        count(*) filter (where outcome = 'succeeded' and (has_plan or is_encoded)) as with_plan,
        count(*) filter (where outcome = 'succeeded' and (has_plan or has_release)) as with_own_plan,
        count(*) filter (where outcome = 'succeeded' and has_notes) as with_notes,
        quantile_cont(case when outcome = 'succeeded' then gap end, 0.5) as deployment_gap_seconds,
        quantile_cont(case when outcome = 'succeeded' then gap end, 0.25)
            / nullif(quantile_cont(case when outcome = 'succeeded' then gap end, 0.75), 0) as deployment_regularity,
        quantile_cont(case when outcome = 'succeeded' and changes_carried > 0 then changes_carried end, 0.5) as batch_size,
        count(*) filter (where is_judged) as judged_deployments,
        count(*) filter (where is_prior) as prior_deployments
    from ship_gaps g
    inner join marts.periods p on g.started_at >= p.start_at and g.started_at < p.end_at
    group by p.period, g.team
),
people as (
    select p.period, a.team, a.decided_by as person, 1 as decides, 0 as deploys
    from acts a inner join marts.periods p on a.decided_at >= p.start_at and a.decided_at < p.end_at
    where a.is_human and a.decided_by is not null
    union all
    select p.period, s.team, s.deployer, 0, 1
    from shipped s inner join marts.periods p on s.started_at >= p.start_at and s.started_at < p.end_at
    where s.deployer is not null
),
hats as (
    select period, team, person, sum(decides) as decides, sum(deploys) as deploys from people group by period, team, person
),
owners as (
    select period, team,
        count(*) filter (where decides > 0) as deciders,
        count(*) filter (where deploys > 0) as deployers,
        count(*) filter (where decides > 0 and deploys > 0) as both_groups,
        max(decides) * 1.0 / nullif(sum(decides), 0) as top_decider_share,
        max(deploys) * 1.0 / nullif(sum(deploys), 0) as top_deployer_share
    from hats group by period, team
),
acting as (
    select h.period, h.team, g.team as acting_team, sum(h.decides) as decides, sum(h.deploys) as deploys
    from hats h
    left join intermediate.int_person_teams g on g.person_id = h.person
    group by h.period, h.team, g.team
),
acting_groups as (
    select period, team,
        arg_max(acting_team, decides * 1000000 - rank_by_name) filter (where decides > 0 and acting_team is not null) as decider_group,
        max(decides) filter (where acting_team is not null) * 1.0 / nullif(sum(decides), 0) as decider_group_share,
        arg_max(acting_team, deploys * 1000000 - rank_by_name) filter (where deploys > 0 and acting_team is not null) as deployer_group,
        max(deploys) filter (where acting_team is not null) * 1.0 / nullif(sum(deploys), 0) as deployer_group_share
    from (select *, row_number() over (partition by period, team order by acting_team) as rank_by_name from acting) a
    group by period, team
),
caught as (
    select p.period, s.team,
        count(distinct case when k.outcome = 'catch' and k.process = 'change_governance' then k.evidence_id end) as catches_governance,
        count(distinct case when k.outcome = 'catch' and k.process = 'release_execution' then k.evidence_id end) as catches_release,
        count(distinct case when k.outcome = 'miss' then k.evidence_id end) as misses
    from marts.catches k
    inner join scopes s on s.member = coalesce(k.team, '(no team)')
    inner join marts.periods p on k.occurred_at >= p.start_at and k.occurred_at < p.end_at
    group by p.period, s.team
),
handled as (
    select p.period, s.team, quantile_cont(h.handling_seconds, 0.5) as median_handling_seconds
    from intermediate.int_human_decisions h
    inner join scopes s on s.member = coalesce(h.team, '(no team)')
    inner join marts.periods p on h.decided_at >= p.start_at and h.decided_at < p.end_at
    group by p.period, s.team
),
contributed as (
    select p.period, s.team, count(distinct k.person) as contributors
    from intermediate.int_change_contributors k
    inner join marts.changes c on c.change_id = k.change_id
    inner join scopes s on s.member = coalesce(c.team, '(no team)')
    inner join marts.periods p on c.created_at >= p.start_at and c.created_at < p.end_at
    group by p.period, s.team
),
separated as (
    select p.period, s.team,
        count(*) filter (where d.result in ('pass', 'fail')) as sod_judged,
        count(*) filter (where d.result = 'pass') as sod_passed
    from marts.separation_of_duties d
    inner join scopes s on s.member = coalesce(d.team, '(no team)')
    inner join marts.periods p on d.occurred_at >= p.start_at and d.occurred_at < p.end_at
    where d.test = 'sod_1_effective'
    group by p.period, s.team
)
select
    cast(p.period as varchar) as period,
    cast(t.team as varchar) as team,
    cast(coalesce(c.changes, 0) as bigint) as changes,
    cast(coalesce(d.decisions, 0) as bigint) as decisions,
    cast(coalesce(d.human_decisions, 0) as bigint) as human_decisions,
    cast(coalesce(d.known_decisions, 0) as bigint) as known_decisions,
    cast(coalesce(d.policy_decisions, 0) as bigint) as policy_decisions,
    cast(coalesce(d.approved, 0) as bigint) as approved,
    cast(coalesce(d.declined, 0) as bigint) as declined,
    cast(coalesce(d.conditioned, 0) as bigint) as conditioned,
    cast(coalesce(d.with_reason, 0) as bigint) as with_reason,
    cast(coalesce(s.deployments, 0) as bigint) as deployments,
    cast(coalesce(s.failed_deployments, 0) as bigint) as failed_deployments,
    cast(coalesce(s.failed_attempts, 0) as bigint) as failed_attempts,
    cast(coalesce(s.rolled_back, 0) as bigint) as rolled_back,
    cast(coalesce(s.verified, 0) as bigint) as verified,
    cast(coalesce(s.with_plan, 0) as bigint) as with_plan,
    cast(coalesce(s.with_own_plan, 0) as bigint) as with_own_plan,
    cast(coalesce(s.with_notes, 0) as bigint) as with_notes,
    cast(coalesce(d.decisions, 0) / p.weeks as double) as decisions_per_week,
    cast(coalesce(s.deployments, 0) / p.weeks as double) as deployments_per_week,
    cast(d.decision_gap_seconds as double) as decision_gap_seconds,
    cast(s.deployment_gap_seconds as double) as deployment_gap_seconds,
    cast(d.decision_regularity as double) as decision_regularity,
    cast(s.deployment_regularity as double) as deployment_regularity,
    cast(s.batch_size as double) as batch_size,
    cast(coalesce(o.deciders, 0) as bigint) as deciders,
    cast(coalesce(o.deployers, 0) as bigint) as deployers,
    cast(coalesce(o.both_groups, 0) as bigint) as both_groups,
    cast(o.top_decider_share as double) as top_decider_share,
    cast(o.top_deployer_share as double) as top_deployer_share,
    cast(a.decider_group as varchar) as decider_group,
    cast(case when a.decider_group is not null then a.decider_group_share end as double) as decider_group_share,
    cast(a.deployer_group as varchar) as deployer_group,
    cast(case when a.deployer_group is not null then a.deployer_group_share end as double) as deployer_group_share,
    cast(coalesce(s.judged_deployments, 0) as bigint) as judged_deployments,
    cast(coalesce(s.prior_deployments, 0) as bigint) as prior_deployments,
    cast(coalesce(k.complete_records, 0) as bigint) as complete_records,
    cast(coalesce(g.catches_governance, 0) as bigint) as catches_governance,
    cast(coalesce(g.catches_release, 0) as bigint) as catches_release,
    cast(coalesce(g.misses, 0) as bigint) as misses,
    cast(h.median_handling_seconds as double) as median_handling_seconds,
    cast(coalesce(n.contributors, 0) as bigint) as contributors,
    cast(coalesce(e.sod_judged, 0) as bigint) as sod_judged,
    cast(coalesce(e.sod_passed, 0) as bigint) as sod_passed
from marts.periods p
cross join team_names t
left join created c on c.period = p.period and c.team = t.team
left join complete k on k.period = p.period and k.team = t.team
left join decided d on d.period = p.period and d.team = t.team
left join deployed s on s.period = p.period and s.team = t.team
left join owners o on o.period = p.period and o.team = t.team
left join acting_groups a on a.period = p.period and a.team = t.team
left join caught g on g.period = p.period and g.team = t.team
left join handled h on h.period = p.period and h.team = t.team
left join contributed n on n.period = p.period and n.team = t.team
left join separated e on e.period = p.period and e.team = t.team
