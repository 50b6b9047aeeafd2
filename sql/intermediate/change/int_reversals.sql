-- description: Every change that takes another one back, with what it takes back and whether that is a failure: a reversal is,
--   a planned one (a drain after maintenance, a flag turned back as planned) and putting back what was taken back are not.
-- grain: change_id
-- column: change_id | The change that takes back.
-- column: reverts_change_id | The change taken back.
-- column: link_basis | stated (a field or link), event (the record taken back names it) or title (Revert "title", the latest
--   change before it that bears it).
-- column: kind | reversal, planned or put_back.
-- column: rule_id | For planned ones, the rule that decided.
-- column: reason | What decided, in words.
-- not_null: change_id, reverts_change_id, link_basis, kind, reason
-- unique: change_id
-- assert: link_basis in ('stated', 'event', 'title')
-- assert: kind in ('reversal', 'planned', 'put_back')
with recursive names as (
    -- What a record may be called by others of its source: its key, or another name that it is said to be known by.
    select source, key as name, change_id from intermediate.int_changes
    union
    select l.source, l.to_key, c.change_id
    from intermediate.all_links l
    inner join intermediate.int_changes c on c.source = l.source and c.key = l.from_key
    where l.relation = 'known_as' and l.from_kind = 'change'
),
stated as (
    select r.change_id, n.change_id as reverts_change_id, 'stated' as link_basis, 1 as preference
    from intermediate.int_changes r
    inner join names n on n.source = r.source and n.name = r.reverts_key
    union all
    select r.change_id, n.change_id, 'stated', 1
    from intermediate.all_links l
    inner join names r on r.source = l.source and r.name = l.from_key
    inner join names n on n.source = l.source and n.name = l.to_key
    where l.relation = 'reverts' and l.to_kind in ('change', 'issue')
    union all
    select r.change_id, o.change_id, 'event', 2
    from intermediate.all_events e
    inner join names o on o.source = e.source and o.name = e.subject_key
    inner join names r on r.source = e.source and r.name = e.new_value
    where e.verb = 'reverted' and e.new_value is not null
),
titled as (
    select r.change_id, o.change_id as reverts_change_id, 'title' as link_basis, 3 as preference, o.created_at, o.key
    from intermediate.int_changes r
    inner join intermediate.int_changes o
        on o.source = r.source and coalesce(o.repository, '') = coalesce(r.repository, '')
        and o.title = regexp_extract(r.title, '^Revert "(.+)"$', 1) and o.created_at < r.created_at
    where r.title like 'Revert "%"'
    qualify row_number() over (partition by r.change_id order by o.created_at desc, o.change_id desc) = 1
),
links as (
    select change_id, reverts_change_id, link_basis
    from (
        select change_id, reverts_change_id, link_basis, preference from stated
        union all
        select change_id, reverts_change_id, link_basis, preference from titled
    )
    where change_id <> reverts_change_id
    qualify row_number() over (partition by change_id order by preference, reverts_change_id) = 1
),
chain as (
    -- Taking back is the first step, putting back the second, taking back again the third.
    select l.change_id, case when regexp_matches(lower(coalesce(o.title, '')), '^revert(ing)? ') then 2 else 1 end as step
    from links l
    inner join intermediate.int_changes o on o.change_id = l.reverts_change_id
    where l.reverts_change_id not in (select change_id from links)
    union all
    select l.change_id, c.step + 1
    from links l
    inner join chain c on c.change_id = l.reverts_change_id
),
texts as (
    select l.change_id, lower(coalesce(r.title, '')) || ' | ' || lower(coalesce(o.title, '')) as text,
        regexp_matches(
            lower(coalesce(r.labels, '')) || '|' || lower(coalesce(o.labels, '')), '(^|[|])(planned|temporary)([-_ ]|[|]|$)'
        ) as is_labelled
    from links l
    inner join intermediate.int_changes r on r.change_id = l.change_id
    inner join intermediate.int_changes o on o.change_id = l.reverts_change_id
),
planned as (
    select t.change_id, min(s.rule_id) as rule_id, min(s.reason) as reason
    from (
        select t.change_id, arg_min(s.rule_id, s.seed_order) as rule_id
        from texts t
        inner join seeds.planned_reversals s on regexp_matches(t.text, s.pattern)
        group by t.change_id
    ) t
    inner join seeds.planned_reversals s on s.rule_id = t.rule_id
    group by t.change_id
)
select
    cast(l.change_id as varchar) as change_id,
    cast(l.reverts_change_id as varchar) as reverts_change_id,
    cast(l.link_basis as varchar) as link_basis,
    cast(
        case
            when c.step % 2 = 0 then 'put_back'
            when t.is_labelled or p.change_id is not null then 'planned'
            else 'reversal'
        end as varchar
    ) as kind,
    cast(
        case when coalesce(c.step, 1) % 2 = 0 then null when t.is_labelled then 'reversal-label' else p.rule_id end as varchar
    ) as rule_id,
    cast(
        case
            when c.step % 2 = 0 then 'puts back what was taken back'
            when t.is_labelled then 'a label calls it planned'
            when p.change_id is not null then p.reason
            else 'takes a change back'
        end as varchar
    ) as reason
from links l
inner join texts t on t.change_id = l.change_id
left join chain c on c.change_id = l.change_id
left join planned p on p.change_id = l.change_id
