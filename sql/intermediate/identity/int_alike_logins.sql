-- description: Pairs of accounts, of one source or of two, that may be one person under two spellings, such as "Lee, Ann (alee)", "Ann Lee",
--   "ann.lee@example.org" and "alee". They are not taken for one person, but neither for two. Accounts that the configuration
--   names are known, and two logins without a name or an address are two accounts.
-- grain: login, other_login
-- column: login | The one account's login, lower case.
-- column: other_login | The other's.
-- not_null: login, other_login
-- unique: login, other_login
with people as (
    -- One login in two sources is one person, so that a pair is one of people.
    select distinct login, regexp_matches(login, '[ ,(@]') as is_spelled_out,
        regexp_replace(regexp_replace(login, ' *[(][^()]*[)]$', '', 'g'), '@.*$', '', 'g') as name,
        regexp_replace(regexp_extract(login, '[(]([^() ]+)[)]$', 1), '@.*$', '', 'g') as tag
    from intermediate.int_actors
    where identity_basis = 'login' and actor_type = 'human'
),
plain as (
    select login, is_spelled_out,
        trim(regexp_replace(regexp_replace(name, '^([^,]+), *(.+)$', '\2 \1', 'g'), '[._ -]+', ' ', 'g')) as name,
        trim(regexp_replace(tag, '[._-]+', ' ', 'g')) as tag
    from people
),
spellings as (
    select login, is_spelled_out, name as spelling, 0 as is_short from plain
    union
    select login, is_spelled_out, replace(name, ' ', ''), 0 from plain
    union
    select login, is_spelled_out, tag, 0 from plain where tag <> ''
    union
    -- The initial and the last name; of two people who share them each would be the other's.
    select login, is_spelled_out, regexp_replace(name, '^([^ ])[^ ]* (.* )?([^ ]+)$', '\1\3', 'g'), 1
    from plain where name like '% %'
)
select distinct
    cast(a.login as varchar) as login,
    cast(b.login as varchar) as other_login
from spellings a
inner join spellings b on b.spelling = a.spelling and b.login <> a.login
where a.spelling <> '' and a.is_short + b.is_short < 2 and (a.is_spelled_out or b.is_spelled_out)
