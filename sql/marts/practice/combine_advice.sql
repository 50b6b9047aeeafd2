-- description: The advice per team and per service: separate because of a danger, may combine, or separate by default; and whether
--   the two are already one although a danger holds.
-- grain: scope, name
-- order_by: is_already_combined desc, scope desc, name
-- column: scope | team or service.
-- column: name | The team or the service.
-- column: team | The team; of a service, the one that owns it; null when none is known.
-- column: advice | separate, may_combine or separate_default.
-- column: reason | The criteria that decided, or those that could not be judged or are not met.
-- column: is_already_combined | Whether at least half (practice.already_combined_share) of the smaller group decides and deploys, and
--   as many of the changes were carried by who decided on them.
-- not_null: scope, name, advice, reason, is_already_combined
-- unique: scope, name
-- assert: scope in ('team', 'service')
-- assert: advice in ('separate', 'may_combine', 'separate_default')
with judged as (
    select
        scope, name, min(team) as team,
        count(*) filter (where side = 'keep_apart' and holds) as dangers,
        count(*) filter (where side = 'may_combine' and holds) as sensible,
        count(*) filter (where side = 'may_combine') as sensible_all,
        count(*) filter (where side = 'keep_apart' and holds is null) as unknown_dangers,
        string_agg(case when side = 'keep_apart' and holds then criterion end, '; ' order by place) as danger_names,
        string_agg(case when holds is null then criterion end, ', ' order by place) as unknown_names,
        string_agg(case when side = 'may_combine' and not holds then criterion end, ', ' order by place) as unmet_names
    from marts.combine_criteria
    group by scope, name
),
acts as (
    select c.team, c.service, d.decided_by as person, 1 as decides, 0 as deploys
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    inner join marts.periods r on r.kind = 'recent'
    where d.verdict in ('approved', 'rejected', 'changes_requested') and d.decided_by_type = 'human' and d.decided_by is not null
        and d.decided_at >= r.start_at and d.decided_at < r.end_at
    union all
    select d.team, d.service, d.deployer, 0, 1
    from marts.deployments d
    inner join marts.periods r on r.kind = 'recent'
    where d.is_production and d.deployer_type = 'human' and d.deployer is not null and d.started_at >= r.start_at and d.started_at < r.end_at
),
hats as (
    select scope, name, person, max(decides) as decides, max(deploys) as deploys
    from (
        select 'team' as scope, team as name, person, decides, deploys from acts where team is not null
        union all
        select 'service', service, person, decides, deploys from acts where service is not null
    )
    group by scope, name, person
),
groups as (
    select scope, name, sum(decides) as deciders, sum(deploys) as deployers, sum(decides * deploys) as both_groups
    from hats
    group by scope, name
),
levels as (
    select 'team' as scope, team as name, level from marts.drift_team_levels where dimension = 'owners'
    union all
    select 'service', x.service, sum(x.owners) * 1.0 / count(*)
    from marts.drift_carried x
    inner join marts.periods r on r.kind = 'recent'
    where x.owners is not null and x.service is not null and x.occurred_at >= r.start_at and x.occurred_at < r.end_at
    group by x.service
)
select
    cast(j.scope as varchar) as scope,
    cast(j.name as varchar) as name,
    cast(j.team as varchar) as team,
    cast(
        case
            when j.dangers > 0 then 'separate'
            when j.sensible = j.sensible_all and j.unknown_dangers = 0 then 'may_combine'
            else 'separate_default'
        end as varchar
    ) as advice,
    cast(
        case
            when j.dangers > 0 then j.danger_names
            when j.sensible = j.sensible_all and j.unknown_dangers = 0 then 'every sensible criterion holds and no danger does'
            when j.unmet_names is not null then 'not met: ' || j.unmet_names || coalesce('; cannot judge: ' || j.unknown_names, '')
            else 'cannot judge: ' || j.unknown_names
        end as varchar
    ) as reason,
    cast(
        coalesce(
            g.both_groups * 1.0 / nullif(least(g.deciders, g.deployers), 0) >= s.already_combined_share
            and l.level >= s.already_combined_share, false
        ) as boolean
    ) as is_already_combined
from judged j
cross join config.practice s
left join groups g on g.scope = j.scope and g.name = j.name
left join levels l on l.scope = j.scope and l.name = j.name
