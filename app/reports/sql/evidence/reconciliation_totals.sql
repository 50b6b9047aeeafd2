-- description: The buckets of the reconciliation, counted.
-- grain: bucket, note
-- column: bucket | Which of request, code and deployment are there.
-- column: note | What an empty place means.
-- column: requests | Distinct change requests.
-- column: code_reviews | Distinct code reviews.
-- column: deployments | Distinct production deployments.
-- column: rows | Combinations of the three.
select
    bucket, note, count(distinct ticket_id) as requests, count(distinct change_id) as code_reviews,
    count(distinct deployment_id) as deployments, count(*) as rows
from evidence.reconciliation
group by bucket, note
