-- description: Every act of automation that decides on changes: policies, pre-approved templates, scans and checks.
-- grain: one row per act
-- column: team | The team; null when none is known.
-- column: source | Name of the source instance.
-- column: name | Policy or check.
-- column: rule | The same, with its version where it has one.
-- column: kind | policy, standard_change, scan or check.
-- column: acted_at | When, UTC.
-- column: is_block | Whether it declined, asked for changes or failed.
-- not_null: source, rule, kind
with acts as (
    select c.team, d.source, d.policy as name, d.policy || coalesce(' v' || d.policy_version, '') as rule, 'policy' as kind, d.decided_at as acted_at,
        d.verdict <> 'approved' as is_block
    from marts.decisions d
    inner join marts.changes c on c.change_id = d.change_id
    where d.policy is not null and d.decided_at is not null
    union all
    select team, source, policy, policy, 'standard_change', created_at, false
    from marts.changes where approval_basis = 'standard' and policy is not null
    union all
    select coalesce(v.team, c.team), r.source, coalesce(r.name, r.workflow), coalesce(r.name, r.workflow), case p.purpose when 'scan' then 'scan' else 'check' end,
        coalesce(r.started_at, r.created_at), lower(r.outcome) in ('failure', 'failed')
    from intermediate.all_runs r
    inner join intermediate.int_run_purposes p on p.name = lower(coalesce(r.name, r.workflow)) and p.purpose in ('scan', 'check')
    left join intermediate.int_changes c on c.source = r.source and c.key = r.change_key
    left join intermediate.int_scopes v
        on v.service_key = '' and v.component_key = coalesce(lower(r.name), '') and v.repository_key = coalesce(lower(r.repository), '')
        and v.team_key = ''
    where lower(coalesce(r.trigger, '')) like '%pull_request%' or p.purpose = 'scan'
)
select
    cast(team as varchar) as team,
    cast(source as varchar) as source,
    cast(name as varchar) as name,
    cast(rule as varchar) as rule,
    cast(kind as varchar) as kind,
    cast(acted_at as timestamp) as acted_at,
    cast(coalesce(is_block, false) as boolean) as is_block
from acts
where rule is not null
