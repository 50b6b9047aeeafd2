-- description: Who contributed to a change: author, commit authors and committers, co-authors; the platform's own
--   committer and automation left out.
-- grain: change_id, person
-- column: change_id | The change.
-- column: person | The contributor.
-- not_null: change_id, person
-- unique: change_id, person
with named as (
    select source, key as change_key, author_login as login from intermediate.int_changes
    union select source, change_key, lower(trim(author)) from intermediate.all_commits where change_key is not null
    union select source, change_key, lower(trim(committer)) from intermediate.all_commits where change_key is not null
    union select source, change_key, lower(name) from intermediate.int_named_contributors
)
select distinct
    cast(n.source || ':' || n.change_key as varchar) as change_id,
    cast(a.person_id as varchar) as person
from named n
inner join intermediate.int_actors a on a.source = n.source and a.login = n.login
where a.actor_type = 'human' and a.person_id is not null
