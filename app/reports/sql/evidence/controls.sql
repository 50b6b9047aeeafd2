-- description: Each control of the frameworks asked for, the test that speaks to it, and what the records of all implemented
--   changes show. Tester and conclusion are empty: the auditor concludes, not the tool.
-- grain: framework, reference, test
-- column: framework | The framework.
-- column: reference | The control's number there.
-- column: control | What it asks for, in our words.
-- column: test | The test that speaks to it.
-- column: tested | Implemented changes it applies to.
-- column: passed | Changes whose records show it.
-- column: failed | Changes whose records show the contrary.
-- column: exempt | Changes a stated policy exempts.
-- column: indeterminate | Changes whose records cannot tell.
-- column: not_collectable | Changes whose source does not keep it.
-- column: tester | For the auditor.
-- column: conclusion | For the auditor.
select
    k.framework, k.reference, k.control, k.test,
    count(t.change_id) as tested,
    count(*) filter (where t.result = 'pass') as passed,
    count(*) filter (where t.result = 'fail') as failed,
    count(*) filter (where t.result = 'exempt') as exempt,
    count(*) filter (where t.result = 'indeterminate') as indeterminate,
    count(*) filter (where t.result = 'not_collectable') as not_collectable,
    cast(null as varchar) as tester,
    cast(null as varchar) as conclusion
from pack.controls k
left join evidence.change_tests t on t.test = k.test
group by k.framework, k.reference, k.control, k.test
