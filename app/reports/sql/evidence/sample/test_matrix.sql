-- description: The sample's test sheet: every sampled change against every test of the controls asked for, with what the records
--   show. Tester, conclusion and notes are the auditor's.
-- grain: change_id, test
-- column: stratum | standard, normal, emergency or not stated.
-- column: place | Place in the draw within the stratum.
-- column: change_id | The change.
-- column: url | The source's own page.
-- column: title | Title.
-- column: test | What is tested.
-- column: controls | The controls it speaks to.
-- column: result | What the records show: pass, fail, exempt, indeterminate or not_collectable.
-- column: reason | What decided.
-- column: record | The record that shows it.
-- column: tester | For the auditor.
-- column: conclusion | For the auditor.
-- column: notes | For the auditor.
with asked as (
    select test, string_agg(framework || ' ' || reference, '; ' order by framework, reference) as controls
    from pack.controls
    group by test
)
select
    s.stratum, s.place, s.change_id, c.url, c.title, t.test, a.controls, t.result, t.reason, t.record,
    cast(null as varchar) as tester, cast(null as varchar) as conclusion, cast(null as varchar) as notes
from pack.sample s
inner join marts.changes c on c.change_id = s.change_id
inner join evidence.change_tests t on t.change_id = s.change_id
inner join asked a on a.test = t.test
