-- description: What no rule matched, with its count: visible on Data health, and never counted as compliant.
-- grain: source, kind, verb, sign
-- order_by: events desc, source, kind, verb, sign
-- column: source | Name of the source instance.
-- column: kind | Kind of record.
-- column: verb | What happened.
-- column: sign | The text a rule's pattern would be matched with.
-- column: events | How many source events.
-- not_null: source, kind, verb, sign, events
-- unique: source, kind, verb, sign
select
    cast(s.source as varchar) as source,
    cast(s.kind as varchar) as kind,
    cast(s.verb as varchar) as verb,
    cast(s.sign as varchar) as sign,
    cast(count(*) as bigint) as events
from intermediate.int_signs s
inner join intermediate.int_source_events e
    on e.source = s.source and e.kind = s.kind and e.verb = s.verb and e.sign = s.sign
where s.track = 'unclassified'
group by s.source, s.kind, s.verb, s.sign
