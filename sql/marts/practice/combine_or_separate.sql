-- description: Whether a team may run the two tracks as one: each criterion with its measured value, limit and whether it holds,
--   over the trailing days of the settings (practice.recent_days; incidents over practice.combine_severe_days).
-- grain: team, criterion
-- order_by: team, place
-- column: team | The team.
-- column: place | Order of the criteria.
-- column: criterion | small team, one team owns its services, consistently low risk, low failure rate, no regulated or customer-facing
--   service, homogeneous; large blast radius, several stakeholder groups, regulation or audit.
-- column: side | may_combine or keep_apart.
-- column: value | The measured value; null when it cannot be measured.
-- column: limit_value | The limit.
-- column: n | Records judged.
-- column: holds | Whether the criterion holds; null when it cannot be judged.
-- column: sentence | The criterion with its figures.
-- not_null: team, place, criterion, side, sentence
-- unique: team, criterion
-- assert: side in ('may_combine', 'keep_apart')
with teams as (
    select f.*, l.*, s.services, s.tagged_regulated, s.tagged_customer, s.dependents, s.own_dependents
    from marts.team_practice f
    cross join config.practice l
    left join (
        select v.team, count(distinct v.service) as services,
            count(distinct case when lower(g.tag) in ('regulated', 'sox', 'pci', 'gdpr', 'hipaa', 'dora', 'audit') then v.service end)
                as tagged_regulated,
            count(distinct case when lower(g.tag) in ('customer-facing', 'customer_facing', 'public') then v.service end) as tagged_customer,
            count(distinct case when d.is_other_team then d.service end) as dependents,
            count(distinct d.service) as own_dependents
        from config.services v
        left join config.service_tags g on g.service = v.service
        left join (
            select x.depends_on, x.service, coalesce(a.team, '') <> coalesce(b.team, '') as is_other_team
            from config.service_dependencies x
            inner join config.services a on a.service = x.service
            inner join config.services b on b.service = x.depends_on
            where x.service <> x.depends_on
        ) d on d.depends_on = v.service
        group by v.team
    ) s on s.team = f.team
    inner join marts.periods r on r.kind = 'recent' and r.period = f.period
    where f.team not in ('(all)', '(no team)')
),
recent as (
    select c.team,
        count(*) as changes,
        count(*) filter (where c.risk is not null) as with_risk,
        count(*) filter (where c.risk = 'low') as low_risk,
        count(*) filter (where c.change_type is not null) as typed,
        count(distinct c.repository) as repositories,
        count(i.size_lines) as sized,
        quantile_cont(i.size_lines, 0.5) as middle_size,
        quantile_cont(i.size_lines, 0.9) as large_size
    from marts.changes c
    inner join intermediate.int_changes i on i.change_id = c.change_id
    inner join marts.periods b on b.kind = 'recent'
    where c.created_at >= b.start_at and c.created_at < b.end_at and c.team is not null
    group by c.team
),
types as (
    select team, max(n) as largest
    from (
        select c.team, c.change_type, count(*) as n
        from marts.changes c
        inner join marts.periods b on b.kind = 'recent'
        where c.created_at >= b.start_at and c.created_at < b.end_at and c.change_type is not null
        group by c.team, c.change_type
    )
    group by team
),
severe as (
    select i.team, count(*) as incidents
    from marts.incidents i
    cross join config.build b
    cross join config.practice l
    where i.opened_at >= b.as_of - l.combine_severe_days * interval '1 day' and i.opened_at < b.as_of
        and regexp_matches(lower(coalesce(i.severity, '')), '(^|[^0-9])[01]([^0-9]|$)|sev.?[01]|p[01]|critical|high|major')
    group by i.team
),
groups as (
    select team, count(*) as changes, count(*) filter (where teams >= 2) as several
    from (
        select c.change_id, c.team, count(distinct a.team) as teams
        from marts.changes c
        inner join marts.decisions d on d.change_id = c.change_id and d.verdict = 'approved' and d.decided_by_type = 'human'
        inner join (select person_id, min(team) as team from intermediate.int_actors where team is not null group by person_id) a
            on a.person_id = d.decided_by
        inner join marts.periods b on b.kind = 'recent'
        where c.created_at >= b.start_at and c.created_at < b.end_at
        group by c.change_id, c.team
    )
    group by team
),
reaching as (
    -- Incidents of other services that a deployment of the team caused.
    select d.team, count(*) as incidents
    from marts.incidents i
    inner join marts.deployments d on d.deployment_id = i.deployment_id
    cross join config.build b
    cross join config.practice l
    where not i.is_planned and i.service <> d.service and d.team is not null
        and i.opened_at >= b.as_of - l.combine_severe_days * interval '1 day' and i.opened_at < b.as_of
    group by d.team
),
criteria as (
    select t.team, 1 as place, 'small team' as criterion, 'may_combine' as side, t.contributors * 1.0 as value, t.combine_contributors as limit_value,
        t.contributors as n, case when t.contributors > 0 then t.contributors <= t.combine_contributors end as holds,
        cast(t.contributors as varchar) || ' active contributors in ' || cast(cast(t.recent_days as bigint) as varchar) || ' days (at most '
            || cast(cast(t.combine_contributors as bigint) as varchar) || ')' as sentence
    from teams t
    union all
    select t.team, 2, 'consistently low risk', 'may_combine', r.low_risk * 1.0 / nullif(r.with_risk, 0), t.combine_low_risk_share, coalesce(r.with_risk, 0),
        case
            when coalesce(s.incidents, 0) > 0 then false
            when coalesce(r.with_risk, 0) < t.minimum_sample then null
            -- A change whose risk nobody stated may be of any: both ends have to agree.
            when r.low_risk >= t.combine_low_risk_share * r.changes then true
            when r.low_risk + r.changes - r.with_risk < t.combine_low_risk_share * r.changes then false
        end,
        'low risk: ' || cast(coalesce(r.low_risk, 0) as varchar) || ' of ' || cast(coalesce(r.with_risk, 0) as varchar)
            || ' changes with a stated risk, of ' || cast(coalesce(r.changes, 0) as varchar) || ' in all (at least ' || cast(cast(round(t.combine_low_risk_share * 100) as bigint) as varchar) || ' %); severe incidents in '
            || cast(cast(t.combine_severe_days as bigint) as varchar) || ' days: ' || cast(coalesce(s.incidents, 0) as varchar)
    from teams t left join recent r on r.team = t.team left join severe s on s.team = t.team
    union all
    -- The upper end of the Wilson 95 % interval: few deployments cannot prove a low rate.
    select t.team, 3, 'low failure rate', 'may_combine',
        (t.failed_deployments + 1.92072941 + 1.95996398 * sqrt(t.failed_deployments * (1 - t.failed_deployments * 1.0 / nullif(t.deployments, 0)) + 0.96036471))
            / nullif(t.deployments + 3.84145882, 0),
        t.combine_failure_rate, t.deployments,
        case when t.deployments >= t.minimum_sample then
            (t.failed_deployments + 1.92072941 + 1.95996398 * sqrt(t.failed_deployments * (1 - t.failed_deployments * 1.0 / t.deployments) + 0.96036471))
            / (t.deployments + 3.84145882) < t.combine_failure_rate end,
        'failed: ' || cast(t.failed_deployments as varchar) || ' of ' || cast(t.deployments as varchar)
            || ' deployments; upper limit of the rate must be under ' || cast(cast(round(t.combine_failure_rate * 100) as bigint) as varchar) || ' %'
    from teams t
    union all
    select t.team, 4, 'no regulated or customer-facing service', 'may_combine',
        coalesce(t.tagged_regulated, 0) + coalesce(t.tagged_customer, 0) * 1.0, 0.0, coalesce(t.services, 0),
        case when t.services is not null then coalesce(t.tagged_regulated, 0) + coalesce(t.tagged_customer, 0) = 0 end,
        cast(coalesce(t.tagged_regulated, 0) + coalesce(t.tagged_customer, 0) as varchar) || ' tagged services of '
            || cast(coalesce(t.services, 0) as varchar)
    from teams t
    union all
    select t.team, 5, 'homogeneous', 'may_combine', y.largest * 1.0 / nullif(r.typed, 0), t.combine_same_type_share, coalesce(r.typed, 0),
        case when coalesce(r.typed, 0) >= t.minimum_sample then y.largest * 1.0 / r.typed >= t.combine_same_type_share and nullif(r.repositories, 0) <= 1
            -- Sizes count where they are known: 90 % of changes within ten times the median.
            and (coalesce(r.sized, 0) < t.minimum_sample or r.large_size <= greatest(r.middle_size, 1) * t.combine_size_ratio) end,
        'largest change type: ' || cast(coalesce(y.largest, 0) as varchar) || ' of ' || cast(coalesce(r.typed, 0) as varchar)
            || ' (at least ' || cast(cast(round(t.combine_same_type_share * 100) as bigint) as varchar) || ' %); repositories: ' || cast(coalesce(r.repositories, 0) as varchar) || ' (one); lines changed: '
            || case when coalesce(r.sized, 0) < t.minimum_sample then 'unknown'
                else 'median ' || cast(cast(round(r.middle_size) as bigint) as varchar) || ', 90 % up to ' || cast(cast(round(r.large_size) as bigint) as varchar) end
    from teams t left join recent r on r.team = t.team left join types y on y.team = t.team
    union all
    select t.team, 6, 'large blast radius', 'keep_apart', coalesce(t.own_dependents, 0) * 1.0, t.apart_dependents, coalesce(t.services, 0),
        case when t.services is not null or g.incidents > 0 then
            coalesce(t.own_dependents, 0) >= t.apart_dependents or coalesce(t.dependents, 0) >= 1
            or coalesce(t.tagged_customer, 0) > 0 or coalesce(g.incidents, 0) > 0 end,
        cast(coalesce(t.own_dependents, 0) as varchar) || ' services depend on it (fewer than '
            || cast(cast(t.apart_dependents as bigint) as varchar) || '), of other teams: ' ||
        cast(coalesce(t.dependents, 0) as varchar) || ' (none); customer-facing services: '
            || cast(coalesce(t.tagged_customer, 0) as varchar) || '; incidents that reached other services: '
            || cast(coalesce(g.incidents, 0) as varchar)
    from teams t left join reaching g on g.team = t.team
    union all
    select t.team, 7, 'several stakeholder groups', 'keep_apart', g.several * 1.0 / nullif(g.changes, 0), t.apart_stakeholder_share, coalesce(g.changes, 0),
        case when coalesce(g.changes, 0) >= t.minimum_sample then g.several * 1.0 / g.changes > t.apart_stakeholder_share end,
        'changes approved by two or more teams: ' || cast(coalesce(g.several, 0) as varchar) || ' of ' || cast(coalesce(g.changes, 0) as varchar)
            || ' (more than ' || cast(cast(round(t.apart_stakeholder_share * 100) as bigint) as varchar) || ' %)'
    from teams t left join groups g on g.team = t.team
    union all
    select t.team, 8, 'regulation or audit', 'keep_apart', coalesce(t.tagged_regulated, 0) * 1.0, 1.0, coalesce(t.services, 0),
        case when t.services is not null then coalesce(t.tagged_regulated, 0) > 0 end,
        cast(coalesce(t.tagged_regulated, 0) as varchar) || ' regulated services'
    from teams t
)
select
    cast(team as varchar) as team,
    cast(place as bigint) as place,
    cast(criterion as varchar) as criterion,
    cast(side as varchar) as side,
    cast(value as double) as value,
    cast(limit_value as double) as limit_value,
    cast(n as bigint) as n,
    cast(holds as boolean) as holds,
    cast(sentence as varchar) as sentence
from criteria
