-- description: Every account that acts in any record, resolved to a person where that is known, and whether it is automation.
-- grain: source, login
-- column: source | Name of the source instance.
-- column: login | The account's login in lower case, as other models join it.
-- column: person_id | Who it is: the configured person's name, else the login; null while unresolved.
-- column: actor_type | human or bot; null while unresolved.
-- column: identity_basis | configured, verified_email, login or unresolved.
-- column: bot_basis | Why it is taken for automation; null for people.
-- column: team | The person's team, where configured.
-- not_null: source, login, identity_basis
-- unique: source, login
-- assert: actor_type in ('human', 'bot')
-- assert: identity_basis in ('configured', 'verified_email', 'login', 'unresolved')
with seen as (
    select source, requested_by as login, requested_by_type as says, cast(null as varchar) as email
    from intermediate.all_changes
    union all select source, approved_by, null, null from intermediate.all_changes
    union all select source, merged_by, merged_by_type, null from intermediate.all_changes
    union all select source, post_review_by, null, null from intermediate.all_changes
    union all select source, requested_by, requested_by_type, null from intermediate.all_issues
    union all select source, approved_by, null, null from intermediate.all_issues
    union all select source, author, author_type, author_email from intermediate.all_commits
    union all select source, committer, null, committer_email from intermediate.all_commits
    union all select source, decided_by, decided_by_type, null from intermediate.all_decisions
    union all select source, dismissed_by, null, null from intermediate.all_decisions
    union all select source, voter, voter_type, null from intermediate.all_votes
    union all select source, actor, actor_type, null from intermediate.all_events
    union all select source, deployed_by, deployed_by_type, null from intermediate.all_deployments
    union all select source, triggered_by, null, null from intermediate.all_deployments
    union all select source, actor, actor_type, null from intermediate.all_deployment_statuses
    union all select source, triggered_by, triggered_by_type, null from intermediate.all_runs
    union all select source, created_by, created_by_type, null from intermediate.all_releases
    union all select source, opened_by, opened_by_type, null from intermediate.all_incidents
    union all select source, implementer, null, null from intermediate.all_windows
    union all select source, name, null, null from intermediate.int_named_contributors
),
-- The few spellings are told apart before anything is done to them: a login stands on millions of records.
spelled as (
    select source, login, email, max(case when says = 'bot' then 1 else 0 end) as says_bot
    from seen
    where login is not null
    group by source, login, email
),
accounts as (
    select source, lower(trim(login)) as login, max(says_bot) as says_bot
    from spelled
    where trim(login) <> ''
    group by 1, 2
),
named_bots as (
    select a.login, min(b.rule_id) as rule_id
    from (select distinct login from accounts) a
    inner join seeds.bot_patterns b on regexp_matches(a.login, b.pattern)
    group by a.login
),
emails as (
    -- Some tools name people by their e-mail itself.
    select source, login, min(person) as person
    from (
        select s.source, lower(trim(s.login)) as login, p.person
        from spelled s
        inner join config.person_emails p on p.email = lower(s.email)
        union all
        select a.source, a.login, p.person
        from accounts a
        inner join config.person_emails p on p.email = a.login
    )
    group by source, login
),
configured as (
    select a.source, a.login, min(p.person) as person
    from accounts a
    inner join config.person_logins p on p.login = a.source || ':' || a.login or p.login = a.login
    group by 1, 2
),
nobody as (
    -- A placeholder is nobody, and neither are several names in one text: which of them it was it does not say.
    select a.source, a.login
    from accounts a
    left join seeds.unresolved_names u on u.login = a.login
    where u.login is not null or regexp_matches(a.login, ';|\n| [|] ')
),
resolved as (
    select
        a.source,
        a.login,
        case when s.login is not null then null else coalesce(c.person, e.person, a.login) end as person_id,
        case
            when s.login is not null then 'unresolved'
            when c.person is not null then 'configured'
            when e.person is not null then 'verified_email'
            else 'login'
        end as identity_basis,
        case
            when f.is_bot then 'configured'
            when not f.is_bot then null
            when a.says_bot = 1 then 'the source says so'
            else b.rule_id
        end as bot_basis,
        s.login is not null as is_unresolved
    from accounts a
    left join nobody s on s.source = a.source and s.login = a.login
    left join configured c on c.source = a.source and c.login = a.login
    left join emails e on e.source = a.source and e.login = a.login
    left join config.bots f on f.login = a.login or f.login = a.source || ':' || a.login
    left join named_bots b on b.login = a.login
)
select
    cast(r.source as varchar) as source,
    cast(r.login as varchar) as login,
    cast(r.person_id as varchar) as person_id,
    cast(case when r.is_unresolved then null when r.bot_basis is not null then 'bot' else 'human' end as varchar)
        as actor_type,
    cast(r.identity_basis as varchar) as identity_basis,
    cast(r.bot_basis as varchar) as bot_basis,
    cast(min(coalesce(p.team, m.team, n.team)) as varchar) as team
from resolved r
left join config.people p on p.person = r.person_id
left join config.team_members m on m.member = lower(r.person_id)
left join config.team_members n on n.member = r.login
group by r.source, r.login, r.person_id, r.is_unresolved, r.bot_basis, r.identity_basis
