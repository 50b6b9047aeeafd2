-- description: Whether a team, or a service, may run the two tracks as one: each criterion with its measured value, limit and whether
--   it holds, over the trailing days of the settings (practice.recent_days; incidents over practice.combine_severe_days).
-- grain: scope, name, criterion
-- order_by: scope desc, name, place
-- column: scope | team or service.
-- column: name | The team or the service.
-- column: team | The team; of a service, the one that owns it; null when none is known.
-- column: place | Order of the criteria.
-- column: criterion | small team, one team owns the services, consistently low risk, low failure rate, no regulated or
--   customer-facing service, homogeneous; large blast radius, several stakeholder groups, regulation or audit.
-- column: side | may_combine or keep_apart.
-- column: value | The measured value; null when it cannot be measured.
-- column: limit_value | The limit.
-- column: n | Records judged.
-- column: holds | Whether the criterion holds; null when it cannot be judged.
-- column: sentence | The criterion with its figures.
-- not_null: scope, name, place, criterion, side, sentence
-- unique: scope, name, criterion
-- assert: scope in ('team', 'service')
-- assert: side in ('may_combine', 'keep_apart')
with settings as (
    select l.*, r.start_at, r.end_at, b.as_of
    from config.practice l
    cross join config.build b
    inner join marts.periods r on r.kind = 'recent'
),
changes as (
    select 'team' as scope, c.team as name, c.change_id, c.service, c.risk, c.change_type, c.repository
    from marts.changes c
    cross join settings s
    where c.created_at >= s.start_at and c.created_at < s.end_at and c.team is not null
    union all
    select 'service', c.service, c.change_id, c.service, c.risk, c.change_type, c.repository
    from marts.changes c
    cross join settings s
    where c.created_at >= s.start_at and c.created_at < s.end_at and c.service is not null
),
deployments as (
    select 'team' as scope, d.team as name, d.service, d.outcome, d.is_failed
    from marts.deployments d
    cross join settings s
    where d.is_production and d.started_at >= s.start_at and d.started_at < s.end_at and d.team is not null
    union all
    select 'service', d.service, d.service, d.outcome, d.is_failed
    from marts.deployments d
    cross join settings s
    where d.is_production and d.started_at >= s.start_at and d.started_at < s.end_at and d.service is not null
),
owners as (
    -- Whose a service is: as configured, else as most of its records say.
    select v.service, v.team from config.services v where v.team is not null
    union all
    select service, team
    from (
        select service, team, count(*) as n
        from marts.changes
        where service is not null and team is not null
            and service not in (select service from config.services where team is not null)
        group by service, team
        -- Of two with as many, the one that came last.
        qualify row_number() over (partition by service order by count(*) desc, max(created_at) desc nulls last, team) = 1
    )
),
seen_teams as (
    select team from marts.changes where team is not null
    union
    select team from marts.deployments where team is not null
),
seen_services as (
    select service from marts.changes where service is not null
    union
    select service from marts.deployments where service is not null
),
scopes as (
    select 'team' as scope, team as name, team from seen_teams
    union all
    select 'service', s.service, o.team from seen_services s left join owners o on o.service = s.service
),
facts as (
    -- What the configuration says of a service: tags, and who depends on it.
    select v.service, v.team,
        max(
            case
                when lower(g.tag) in ('regulated', 'sox', 'pci', 'gdpr', 'hipaa', 'dora', 'audit')
                    or lower(g.tag) in (select lower(framework) from seeds.controls) then 1
                else 0
            end
        ) as is_regulated,
        max(case when lower(g.tag) in ('customer-facing', 'customer_facing', 'public') then 1 else 0 end) as is_customer_facing
    from config.services v
    left join config.service_tags g on g.service = v.service
    group by v.service, v.team
),
dependents as (
    select x.depends_on as service, b.team, x.service as dependent, coalesce(a.team, '') <> coalesce(b.team, '') as is_other_team
    from config.service_dependencies x
    inner join config.services a on a.service = x.service
    inner join config.services b on b.service = x.depends_on
    where x.service <> x.depends_on
),
configured as (
    select 'team' as scope, team as name, count(*) as services, sum(is_regulated) as regulated, sum(is_customer_facing) as customer_facing
    from facts where team is not null group by team
    union all
    select 'service', service, 1, is_regulated, is_customer_facing from facts
),
radius as (
    select 'team' as scope, team as name, count(distinct dependent) as dependents,
        count(distinct case when is_other_team then dependent end) as other_dependents
    from dependents where team is not null group by team
    union all
    select 'service', service, count(distinct dependent), count(distinct case when is_other_team then dependent end)
    from dependents group by service
),
owned as (
    -- The services of what was worked on, and of how many of them the settings name this team as the owner.
    select w.scope, w.name, count(*) as services, count(*) filter (where v.team is not null and (w.scope = 'service' or v.team = w.name)) as owned
    from (
        select scope, name, service from changes where service is not null
        union
        select scope, name, service from deployments where service is not null
    ) w
    left join config.services v on v.service = w.service
    group by w.scope, w.name
),
people as (
    select c.scope, c.name, count(distinct k.person) as contributors
    from changes c
    inner join intermediate.int_change_contributors k on k.change_id = c.change_id
    group by c.scope, c.name
),
recent as (
    select c.scope, c.name,
        count(*) as changes,
        count(*) filter (where c.risk is not null) as with_risk,
        count(*) filter (where c.risk = 'low') as low_risk,
        count(*) filter (where c.change_type is not null) as typed,
        count(distinct c.repository) as repositories,
        count(i.size_lines) as sized,
        quantile_cont(i.size_lines, 0.5) as middle_size,
        quantile_cont(i.size_lines, 0.9) as large_size
    from changes c
    inner join intermediate.int_changes i on i.change_id = c.change_id
    group by c.scope, c.name
),
types as (
    select scope, name, max(n) as largest
    from (select scope, name, change_type, count(*) as n from changes where change_type is not null group by scope, name, change_type)
    group by scope, name
),
shipped as (
    select scope, name, count(*) filter (where outcome = 'succeeded') as deployments, count(*) filter (where is_failed) as failed
    from deployments group by scope, name
),
lately as (
    select i.team, i.service, i.severity, i.is_planned, i.deployment_id
    from marts.incidents i
    cross join settings s
    where i.opened_at >= s.as_of - s.combine_severe_days * interval '1 day' and i.opened_at < s.as_of
),
severe as (
    select scope, name, count(*) as incidents
    from (
        select 'team' as scope, team as name, severity from lately where not is_planned
        union all
        select 'service', service, severity from lately where not is_planned
    )
    where name is not null
        and regexp_matches(lower(coalesce(severity, '')), '(^|[^0-9])[01]([^0-9]|$)|sev.?[01]|p[01]|critical|high|major')
    group by scope, name
),
reaching as (
    -- Incidents of other services that a deployment of the team, or of the service, caused.
    select scope, name, count(*) as incidents
    from (
        select 'team' as scope, d.team as name
        from lately i
        inner join marts.deployments d on d.deployment_id = i.deployment_id
        where not i.is_planned and i.service <> d.service and d.team is not null
        union all
        select 'service', d.service
        from lately i
        inner join marts.deployments d on d.deployment_id = i.deployment_id
        where not i.is_planned and i.service <> d.service
    )
    group by scope, name
),
stakeholders as (
    -- Teams of who approved, and functions: the step or group an approval was given for. What GitHub calls a reviewer's
    -- association with the repository is no function.
    select d.change_id, count(distinct a.team) as teams,
        count(
            distinct case
                when d.basis <> 'vote'
                    and lower(trim(d.authority)) not in
                        ('', 'owner', 'member', 'collaborator', 'contributor', 'first_time_contributor', 'first_timer', 'mannequin', 'none')
                    then lower(trim(d.authority))
            end
        ) as functions
    from intermediate.int_decisions d
    left join intermediate.int_person_teams a on a.person_id = d.decided_by
    where d.verdict = 'approved' and d.decided_by_type = 'human' and d.change_id is not null
    group by d.change_id
),
groups as (
    select c.scope, c.name, count(*) as changes, count(*) filter (where g.teams >= 2 or g.functions >= 2) as several
    from changes c
    inner join stakeholders g on g.change_id = c.change_id and (g.teams >= 1 or g.functions >= 1)
    group by c.scope, c.name
),
measured as (
    select
        p.scope, p.name, p.team, s.*,
        coalesce(k.contributors, 0) as contributors,
        coalesce(o.services, 0) as worked_services, coalesce(o.owned, 0) as owned_services,
        r.low_risk, r.with_risk, coalesce(r.changes, 0) as changes, r.typed, r.repositories, r.sized, r.middle_size, r.large_size,
        y.largest,
        coalesce(d.deployments, 0) as deployments, coalesce(d.failed, 0) as failed,
        coalesce(e.incidents, 0) as severe_incidents, coalesce(h.incidents, 0) as reaching_incidents,
        c.services, coalesce(c.regulated, 0) as regulated, coalesce(c.customer_facing, 0) as customer_facing,
        coalesce(x.dependents, 0) as dependents, coalesce(x.other_dependents, 0) as other_dependents,
        coalesce(g.changes, 0) as approved_changes, coalesce(g.several, 0) as several
    from scopes p
    cross join settings s
    left join people k on k.scope = p.scope and k.name = p.name
    left join owned o on o.scope = p.scope and o.name = p.name
    left join recent r on r.scope = p.scope and r.name = p.name
    left join types y on y.scope = p.scope and y.name = p.name
    left join shipped d on d.scope = p.scope and d.name = p.name
    left join severe e on e.scope = p.scope and e.name = p.name
    left join reaching h on h.scope = p.scope and h.name = p.name
    left join configured c on c.scope = p.scope and c.name = p.name
    left join radius x on x.scope = p.scope and x.name = p.name
    left join groups g on g.scope = p.scope and g.name = p.name
),
bounded as (
    -- The upper end of the Wilson 95 % interval: few deployments cannot prove a low rate.
    select *,
        (failed + 1.92072941 + 1.95996398 * sqrt(failed * (1 - failed * 1.0 / nullif(deployments, 0)) + 0.96036471))
            / nullif(deployments + 3.84145882, 0) as failure_limit
    from measured
),
criteria as (
    select scope, name, team, 1 as place, 'small team' as criterion, 'may_combine' as side, contributors * 1.0 as value,
        combine_contributors as limit_value, contributors as n, case when contributors > 0 then contributors <= combine_contributors end as holds,
        cast(contributors as varchar) || ' active contributors in ' || cast(cast(recent_days as bigint) as varchar) || ' days (at most '
            || cast(cast(combine_contributors as bigint) as varchar) || ')' as sentence
    from bounded
    union all
    -- Without an owner in the settings nobody can say that one team owns it.
    select scope, name, team, 2, 'one team owns the services', 'may_combine', owned_services * 1.0, worked_services * 1.0, worked_services,
        case when worked_services > 0 and owned_services = worked_services then true end,
        'services with one owner in the settings: ' || cast(owned_services as varchar) || ' of ' || cast(worked_services as varchar) || ' (all)'
    from bounded
    union all
    select scope, name, team, 3, 'consistently low risk', 'may_combine', low_risk * 1.0 / nullif(with_risk, 0), combine_low_risk_share,
        coalesce(with_risk, 0),
        case
            when severe_incidents > 0 then false
            when coalesce(with_risk, 0) < minimum_sample then null
            -- A change whose risk nobody stated may be of any: both ends have to agree.
            when low_risk >= combine_low_risk_share * changes then true
            when low_risk + changes - with_risk < combine_low_risk_share * changes then false
        end,
        'low risk: ' || cast(coalesce(low_risk, 0) as varchar) || ' of ' || cast(coalesce(with_risk, 0) as varchar)
            || ' changes with a stated risk, of ' || cast(changes as varchar) || ' in all (at least '
            || cast(cast(round(combine_low_risk_share * 100) as bigint) as varchar) || ' %); severe incidents in '
            || cast(cast(combine_severe_days as bigint) as varchar) || ' days: ' || cast(severe_incidents as varchar)
    from bounded
    union all
    select scope, name, team, 4, 'low failure rate', 'may_combine', failure_limit, combine_failure_rate, deployments,
        case when deployments >= minimum_sample then failure_limit < combine_failure_rate end,
        'failed: ' || cast(failed as varchar) || ' of ' || cast(deployments as varchar)
            || ' deployments; upper limit of the rate must be under ' || cast(cast(round(combine_failure_rate * 100) as bigint) as varchar) || ' %'
    from bounded
    union all
    select scope, name, team, 5, 'no regulated or customer-facing service', 'may_combine', regulated + customer_facing * 1.0, 0.0,
        coalesce(services, 0), case when services is not null then regulated + customer_facing = 0 end,
        'of ' || cast(coalesce(services, 0) as varchar) || ' services, tagged as regulated: ' || cast(regulated as varchar)
            || ', as customer-facing: ' || cast(customer_facing as varchar) || ' (none)'
    from bounded
    union all
    select scope, name, team, 6, 'homogeneous', 'may_combine', largest * 1.0 / nullif(typed, 0), combine_same_type_share, coalesce(typed, 0),
        case when coalesce(typed, 0) >= minimum_sample then largest * 1.0 / typed >= combine_same_type_share and nullif(repositories, 0) <= 1
            -- Sizes count where they are known: 90 % of changes within ten times the median.
            and (coalesce(sized, 0) < minimum_sample or large_size <= greatest(middle_size, 1) * combine_size_ratio) end,
        'largest change type: ' || cast(coalesce(largest, 0) as varchar) || ' of ' || cast(coalesce(typed, 0) as varchar)
            || ' (at least ' || cast(cast(round(combine_same_type_share * 100) as bigint) as varchar) || ' %); repositories: '
            || cast(coalesce(repositories, 0) as varchar) || ' (one); lines changed: '
            || case when coalesce(sized, 0) < minimum_sample then 'unknown'
                else 'median ' || cast(cast(round(middle_size) as bigint) as varchar) || ', 90 % up to '
                    || cast(cast(round(large_size) as bigint) as varchar) || ' (at most '
                    || cast(cast(round(combine_size_ratio) as bigint) as varchar) || ' times)' end
    from bounded
    union all
    select scope, name, team, 7, 'large blast radius', 'keep_apart', dependents * 1.0, apart_dependents, coalesce(services, 0),
        case when services is not null or reaching_incidents > 0 then
            dependents >= apart_dependents or other_dependents >= 1 or customer_facing > 0 or reaching_incidents > 0 end,
        'services that depend on it: ' || cast(dependents as varchar) || ' (a danger from ' || cast(cast(apart_dependents as bigint) as varchar)
            || '), of other teams: ' || cast(other_dependents as varchar) || ' (from 1); customer-facing services: '
            || cast(customer_facing as varchar) || ' (from 1); incidents that reached other services: ' || cast(reaching_incidents as varchar) || ' (from 1)'
    from bounded
    union all
    select scope, name, team, 8, 'several stakeholder groups', 'keep_apart', several * 1.0 / nullif(approved_changes, 0),
        apart_stakeholder_share, approved_changes,
        case when approved_changes >= minimum_sample then several * 1.0 / approved_changes > apart_stakeholder_share end,
        'changes approved by two or more teams or functions: ' || cast(several as varchar) || ' of ' || cast(approved_changes as varchar)
            || ' (a danger over ' || cast(cast(round(apart_stakeholder_share * 100) as bigint) as varchar) || ' %)'
    from bounded
    union all
    select scope, name, team, 9, 'regulation or audit', 'keep_apart', regulated * 1.0, 1.0, coalesce(services, 0),
        case when services is not null then regulated > 0 end,
        cast(regulated as varchar) || ' services with a tag of a regulation or framework (a danger from 1)'
    from bounded
)
select
    cast(scope as varchar) as scope,
    cast(name as varchar) as name,
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
