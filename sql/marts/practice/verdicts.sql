-- description: Are both still working? One verdict per track and for the separation, per team and period, with the condition that
--   decided. Weakening: every condition holds or cannot be judged, but a share lies below its process-behaviour limit in one of
--   the last two periods; with too few earlier quarters for limits, but it fell by more than its sampling error.
-- grain: period, team, subject
-- order_by: period, team, subject
-- column: period | As in periods.
-- column: team | The team; '(all)' for the organisation.
-- column: subject | change_governance, release_execution or separation.
-- column: verdict | working, weakening, not_working or cannot_tell.
-- column: why | The condition that decided, with its figures.
-- column: conditions_held | Conditions that hold.
-- column: conditions_failed | Conditions that do not.
-- column: conditions_unknown | Conditions that cannot be judged.
-- not_null: period, team, subject, verdict, why
-- unique: period, team, subject
-- assert: verdict in ('working', 'weakening', 'not_working', 'cannot_tell')
with ordered as (
    select period, lag(period) over (order by start_at) as before_it
    from marts.periods where kind = 'quarter'
    union all
    select r.period, b.period from marts.periods r inner join marts.periods b on r.kind = 'recent' and b.kind = 'before_recent'
),
quarters as (
    select v.team, v.subject, v.condition, v.period, p.start_at, p.end_at, v.value,
        abs(v.value - lag(v.value) over (partition by v.team, v.subject, v.condition order by p.start_at)) as moved
    from marts.verdict_conditions v
    inner join marts.periods p on p.period = v.period
    cross join config.practice l
    where p.kind = 'quarter' and v.value is not null and v.n >= l.minimum_sample
),
limits as (
    -- An XmR chart of the quarters that ended before the last two periods: mean less 2.66 times the mean moving range.
    select o.period, q.team, q.subject, q.condition, count(*) as quarters, avg(q.value) - 2.66 * avg(q.moved) as lower_limit
    from ordered o
    inner join marts.periods b on b.period = o.before_it
    inner join quarters q on q.end_at <= b.start_at
    group by o.period, q.team, q.subject, q.condition
),
compared as (
    select
        c.*,
        case
            when m.quarters >= l.weakening_periods
                then c.limit_value > 0 and c.value between 0 and 1 and least(c.value, coalesce(b.value, c.value)) < m.lower_limit
        end as is_below_limit,
        b.value as value_before,
        b.n as n_before,
        c.value < b.value
            and b.value - c.value > 1.96 * sqrt(
                greatest(c.value * (1 - c.value), 0) / nullif(c.n, 0) + greatest(b.value * (1 - b.value), 0) / nullif(b.n, 0)
            ) and c.limit_value > 0 and c.value between 0 and 1 and b.value between 0 and 1 as is_falling
    from marts.verdict_conditions c
    cross join config.practice l
    left join ordered o on o.period = c.period
    left join limits m on m.period = c.period and m.team = c.team and m.subject = c.subject and m.condition = c.condition
    left join marts.verdict_conditions b
        on b.period = o.before_it and b.team = c.team and b.subject = c.subject and b.condition = c.condition
),
signalled as (
    select *, coalesce(is_below_limit, is_falling, false) as is_weakening from compared
),
counted as (
    select
        period, team, subject,
        count(*) filter (where holds) as held,
        count(*) filter (where not holds) as failed,
        count(*) filter (where holds is null) as unknown,
        count(*) filter (where is_weakening and holds) as falling,
        arg_min(case when not holds then condition || ': ' || sentence end, case when not holds then place end) as failed_why,
        arg_min(case when is_weakening and holds then condition || case when is_below_limit then ' lies below its usual limits: ' else ' fell: ' end || sentence end, case when is_weakening and holds then place end)
            as falling_why,
        arg_min(case when holds is null then 'whether ' || condition || ' cannot be judged: ' || sentence end, case when holds is null then place end)
            as unknown_why
    from signalled
    group by period, team, subject
)
select
    cast(period as varchar) as period,
    cast(team as varchar) as team,
    cast(subject as varchar) as subject,
    cast(
        case
            when failed > 0 then 'not_working'
            when held = 0 or (subject = 'separation' and unknown > 0) or held < unknown then 'cannot_tell'
            when falling > 0 then 'weakening'
            else 'working'
        end as varchar
    ) as verdict,
    cast(
        case
            when failed > 0 then failed_why
            when held = 0 or (subject = 'separation' and unknown > 0) or held < unknown then coalesce(unknown_why, 'nothing can be judged')
            when falling > 0 then falling_why
            else 'every condition that can be judged holds (' || cast(held as varchar) || ' of ' || cast(held + unknown as varchar) || ')'
        end as varchar
    ) as why,
    cast(held as bigint) as conditions_held,
    cast(failed as bigint) as conditions_failed,
    cast(unknown as bigint) as conditions_unknown
from counted
