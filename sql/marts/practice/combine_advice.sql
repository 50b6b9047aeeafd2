-- description: The advice per team: separate because of a danger, may combine, or separate by default; and whether the two are
--   already one although a danger holds.
-- grain: team
-- order_by: is_already_combined desc, team
-- column: team | The team.
-- column: advice | separate, may_combine or separate_default.
-- column: reason | The criteria that decided.
-- column: is_already_combined | Whether at least half (practice.already_combined_share) of the team's decisions are made by people
--   who also deploy, in a team of one shared group.
-- not_null: team, advice, reason, is_already_combined
-- unique: team
-- assert: advice in ('separate', 'may_combine', 'separate_default')
with judged as (
    select
        team,
        count(*) filter (where side = 'keep_apart' and holds) as dangers,
        count(*) filter (where side = 'may_combine' and holds) as sensible,
        count(*) filter (where side = 'may_combine') as sensible_all,
        count(*) filter (where holds is null) as unknown,
        max(case when side = 'keep_apart' and holds and criterion = 'large blast radius' then 'large blast radius; ' else '' end)
        || max(case when side = 'keep_apart' and holds and criterion = 'several stakeholder groups' then 'several stakeholder groups; ' else '' end)
        || max(case when side = 'keep_apart' and holds and criterion = 'regulation or audit' then 'regulation or audit; ' else '' end)
            as danger_names,
        max(case when side = 'may_combine' and holds is null then 'cannot judge: ' || criterion end) as unknown_name,
        max(case when side = 'may_combine' and not holds then 'not met: ' || criterion end) as unmet_name
    from marts.combine_or_separate
    group by team
)
select
    cast(j.team as varchar) as team,
    cast(case when dangers > 0 then 'separate' when sensible = sensible_all then 'may_combine' else 'separate_default' end as varchar)
        as advice,
    cast(
        case
            when dangers > 0 then trim(danger_names, '; ')
            when sensible = sensible_all then 'every sensible criterion holds and no danger does'
            else coalesce(unknown_name, unmet_name, 'not every sensible criterion holds')
        end as varchar
    ) as reason,
    cast(
        coalesce(p.both_groups * 1.0 / nullif(least(p.deciders, p.deployers), 0) >= s.already_combined_share
            and l.level >= s.already_combined_share, false) as boolean
    ) as is_already_combined
from judged j
inner join marts.periods r on r.kind = 'recent'
inner join marts.team_practice p on p.team = j.team and p.period = r.period
cross join config.practice s
left join marts.drift_team_levels l on l.team = j.team and l.dimension = 'owners'
