-- description: What the configuration says about who is who: people, their logins and addresses, what they may approve, and
--   accounts named as automation or not. Everybody else is known by login only.
-- grain: kind, name, value
-- column: kind | login, e-mail, team, entitled, bot or not_bot.
-- column: name | Person, or account.
-- column: value | What belongs to them; an entitlement with the instants (UTC) from and until which it holds, and the highest risk,
--   if any.
select 'login' as kind, person as name, login as value from config.person_logins
union all
select 'e-mail', person, email from config.person_emails
union all
select 'team', person, team from config.people
union all
select
    'entitled', person,
    entitled_to || coalesce(' from ' || cast(start_at as varchar), '') || coalesce(' until ' || cast(end_at as varchar), '')
        || coalesce(' up to ' || up_to_risk || ' risk', '')
from config.person_entitlements
union all
select case when is_bot then 'bot' else 'not_bot' end, login, null from config.bots
