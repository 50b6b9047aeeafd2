-- description: Who contributed to a change: author, commit authors and committers, co-authors; the platform's own
--   committer and automation left out.
-- grain: change_id, person
-- column: change_id | The change.
-- column: person | The contributor.
-- not_null: change_id, person
-- unique: change_id, person
with named as (
    select source, key as change_key, author_login as login from intermediate.int_changes where author_login is not null
    union all
    select source, change_key, lower(trim(author)) from intermediate.all_commits
    where change_key is not null and author is not null
    union all
    select source, change_key, lower(trim(committer)) from intermediate.all_commits
    where change_key is not null and committer is not null
    union all
    select source, change_key, lower(name) from intermediate.int_named_contributors
),
people as (
    select distinct n.source, n.change_key, a.person_id
    from named n
    inner join intermediate.int_actors a on a.source = n.source and a.login = n.login
    where a.actor_type = 'human' and a.person_id is not null
    union
    -- GitLab names whoever made a commit by nothing but an e-mail.
    select c.source, c.change_key, p.person
    from intermediate.all_commits c
    inner join config.person_emails p on p.email = lower(trim(c.author_email))
    where c.change_key is not null and coalesce(trim(c.author), '') = ''
    union
    select c.source, c.change_key, p.person
    from intermediate.all_commits c
    inner join config.person_emails p on p.email = lower(trim(c.committer_email))
    where c.change_key is not null and coalesce(trim(c.committer), '') = ''
)
select
    cast(source || ':' || change_key as varchar) as change_id,
    cast(person_id as varchar) as person
from people
