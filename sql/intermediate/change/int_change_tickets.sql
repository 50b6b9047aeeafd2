-- description: Which change request a reviewed change belongs to: stated by a link, or named by its key in title, branch or text
--   when exactly that key exists.
-- grain: change_id, ticket_id
-- column: change_id | The pull request or other reviewed change.
-- column: ticket_id | The change request it implements.
-- column: basis | link, or key in title, branch or description.
-- not_null: change_id, ticket_id, basis
-- unique: change_id, ticket_id
-- assert: basis in ('link', 'key')
with tickets as (
    select change_id, source, key, upper(regexp_extract(coalesce(url, key), '([A-Za-z][A-Za-z0-9_]+-[0-9]+)$', 1)) as human_key
    from intermediate.int_changes
    where not is_reviewed
),
names as (
    select change_id, source, upper(key) as name from tickets
    union
    select change_id, source, human_key from tickets where human_key <> ''
),
reviewed as (
    select change_id, source, key, coalesce(title, '') || ' ' || coalesce(head_branch, '') as text
    from intermediate.int_changes
    where is_reviewed
),
linked as (
    select r.change_id, t.change_id as ticket_id, 'link' as basis
    from intermediate.all_links l
    inner join reviewed r on r.source = l.source and r.key = l.from_key
    inner join names t on t.name = upper(l.to_key)
    -- A key is one of its own source where that has it, else one of another tool's: two sources may number alike.
    left join names own on own.source = l.source and own.name = t.name
    where l.relation in ('closes', 'implements', 'belongs_to', 'fixes') and (own.change_id is null or t.source = l.source)
    union
    select r.change_id, t.change_id, 'link'
    from intermediate.all_links l
    inner join reviewed r on r.key = l.to_key
    inner join names t on t.name = upper(l.from_key)
    left join names own on own.source = l.source and own.name = t.name
    left join reviewed mine on mine.source = l.source and mine.key = l.to_key
    where l.relation in ('implemented_by', 'closed_by') and (own.change_id is null or t.source = l.source)
        and (mine.change_id is null or r.source = l.source)
),
mentions as (
    select change_id, upper(unnest(regexp_extract_all(text, '[A-Za-z][A-Za-z0-9_]+-[0-9]+'))) as mention
    from reviewed
),
named as (
    select m.change_id, t.change_id as ticket_id, 'key' as basis
    from mentions m
    inner join tickets t on t.human_key = m.mention
    where t.human_key <> ''
)
select
    cast(change_id as varchar) as change_id,
    cast(ticket_id as varchar) as ticket_id,
    cast(max(basis) as varchar) as basis
from (select * from linked union all select * from named)
group by change_id, ticket_id
