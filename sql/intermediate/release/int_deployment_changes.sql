-- description: Which changes a successful or attempted deployment carried, and how that is known. Links are stated by the
--   records, or follow from equal revisions; nothing is guessed from titles.
-- grain: deployment_id, change_id
-- column: deployment_id | The deployment.
-- column: change_id | The change it carried.
-- column: link_basis | stated, release, revision, version, run, ticket, between (merged between the revisions of two
--   deployments in a row) or branch (its own commit was deployed, and not what it became by its merge).
-- column: time_quality | exact when the records say so, inferred for between.
-- not_null: deployment_id, change_id, link_basis, time_quality
-- unique: deployment_id, change_id
-- assert: link_basis in ('stated', 'release', 'revision', 'version', 'run', 'ticket', 'between', 'branch')
with changes as (
    select change_id, source, key, service, lower(repository) as repository, base_branch, created_at, merged_at,
        merge_revision, head_revision
    from intermediate.int_changes
),
links as (
    select source, from_kind, from_key, relation, to_kind, to_key
    from intermediate.all_links
    where relation in ('carries', 'contains', 'deploys')
),
named as (
    -- One cell may name several, as logs of deployments do.
    select distinct deployment_id, source, trim(change_key) as change_key
    from (
        select deployment_id, source, unnest(string_split(regexp_replace(change_key, '[;,|\n]', '|', 'g'), '|')) as change_key
        from intermediate.int_deployments where change_key is not null
    )
    where trim(change_key) <> ''
),
-- A key is one of its own source where that has it, else one of another tool's: two sources may number alike.
stated as (
    select d.deployment_id, c.change_id, 1 as preference
    from named d
    inner join changes c on c.key = d.change_key
    left join changes own on own.source = d.source and own.key = d.change_key
    where own.change_id is null or c.source = d.source
    union all
    select d.deployment_id, c.change_id, 1
    from links l
    inner join intermediate.int_deployments d on d.source = l.source and d.key = l.from_key and l.from_kind = 'deployment'
    inner join changes c on c.key = l.to_key and l.to_kind in ('change', 'issue')
    left join changes own on own.source = l.source and own.key = l.to_key
    where own.change_id is null or c.source = l.source
    union all
    select d.deployment_id, c.change_id, 2
    from links l
    inner join intermediate.int_deployments d on d.source = l.source and d.release_key = l.from_key and l.from_kind = 'release'
    inner join changes c on c.key = l.to_key and l.to_kind in ('change', 'issue')
    left join changes own on own.source = l.source and own.key = l.to_key
    where own.change_id is null or c.source = l.source
),
merged as (
    select change_id, merge_revision as revision, service, repository from changes where merge_revision is not null
),
by_revision as (
    select d.deployment_id, m.change_id, 3 as preference
    from intermediate.int_deployments d
    inner join merged m on m.revision = d.revision
),
-- A log often holds the first letters of a commit only: seven or more tell it, where they begin no other one that is known. Numbers
-- are no abbreviations: some systems count their revisions.
abbreviated as (
    select d.deployment_id, m.change_id, m.revision
    from intermediate.int_deployments d
    inner join merged m on substr(m.revision, 1, 7) = substr(d.revision, 1, 7) and starts_with(m.revision, d.revision)
    where length(d.revision) between 7 and 20 and length(m.revision) > length(d.revision)
        and regexp_matches(d.revision, '^[0-9a-f]*[a-f][0-9a-f]*$')
    union all
    select d.deployment_id, m.change_id, d.revision
    from merged m
    inner join intermediate.int_deployments d on substr(d.revision, 1, 7) = substr(m.revision, 1, 7) and starts_with(d.revision, m.revision)
    where length(m.revision) between 7 and 20 and length(d.revision) > length(m.revision)
        and regexp_matches(m.revision, '^[0-9a-f]*[a-f][0-9a-f]*$')
),
by_abbreviation as (
    select deployment_id, change_id, 3 as preference
    from abbreviated
    where deployment_id in (select deployment_id from abbreviated group by deployment_id having min(revision) = max(revision))
),
by_version as (
    select d.deployment_id, m.change_id, 4 as preference
    from intermediate.int_deployments d
    inner join intermediate.int_releases r on r.version = d.version and r.service = d.service
    inner join merged m on m.revision = r.revision
    where d.version is not null
),
by_run as (
    select d.deployment_id, m.change_id, 5 as preference
    from intermediate.int_deployments d
    inner join intermediate.all_runs r on r.source = d.source and r.key = d.run_key
    inner join merged m on m.revision = r.revision
    where d.run_key is not null
),
-- Some deploy a branch before they merge it: its commit is of the change that ends with it, else of the one that holds it. What
-- several hold tells none, nor does what a change became by its merge, whatever branches begin there.
unmerged as (
    select d.deployment_id, d.revision, d.started_at
    from intermediate.int_deployments d
    left join merged m on m.revision = d.revision
    where d.revision is not null and d.started_at is not null and m.change_id is null
),
own_commits as (
    select u.deployment_id, c.change_id, 0 as place
    from unmerged u
    inner join changes c on c.head_revision = u.revision and c.created_at <= u.started_at
    union
    select u.deployment_id, c.change_id, 1
    from unmerged u
    inner join intermediate.all_commits o on o.revision = u.revision
    inner join changes c on c.source = o.source and c.key = o.change_key and c.created_at <= u.started_at
),
by_branch as (
    select deployment_id, min(change_id) as change_id, 6 as preference
    from (
        select deployment_id, change_id, place, min(place) over (partition by deployment_id) as first_place from own_commits
    )
    where place = first_place
    group by deployment_id
    having min(change_id) = max(change_id)
),
direct as (
    select deployment_id, change_id, min(preference) as preference
    from (
        select * from stated union all select * from by_revision union all select * from by_abbreviation union all select * from by_version
        union all select * from by_run union all select * from by_branch
    )
    group by deployment_id, change_id
),
-- The newest change a deployment is known to carry marks how far it reaches on the branch.
reach as (
    select
        d.deployment_id, d.service, lower(d.environment) as environment, d.finished_at,
        c.repository, c.base_branch, max(c.merged_at) as merged_up_to
    from direct x
    inner join intermediate.int_deployments d on d.deployment_id = x.deployment_id
    inner join changes c on c.change_id = x.change_id
    where x.preference in (3, 4, 5) and d.outcome = 'succeeded' and d.finished_at is not null
        and c.merged_at is not null and c.repository is not null and d.service is not null and d.environment is not null
    group by d.deployment_id, d.service, d.environment, d.finished_at, c.repository, c.base_branch
),
-- Numbered: what was merged and deployed is put in order by one number instead of four names.
places as (
    select service, environment, repository, base_branch,
        row_number() over (order by service, environment, repository, base_branch) as place
    from (select distinct service, environment, repository, base_branch from reach)
),
steps as (
    select
        p.place, r.deployment_id, r.merged_up_to,
        max(r.merged_up_to) over (
            partition by p.place order by r.finished_at, r.merged_up_to, r.deployment_id rows between unbounded preceding and 1 preceding
        ) as merged_before
    from reach r
    inner join places p
        on p.service = r.service and p.environment = r.environment and p.repository = r.repository
        and p.base_branch is not distinct from r.base_branch
),
-- Where the reach moves forward, what lies between is disjoint: a change is carried by the next step at or after its merge.
branches as (
    select place, repository, base_branch from places
    where place in (select place from steps where merged_before is not null)
),
moments as (
    select b.place, c.merged_at as moment, 0 as is_step, c.change_id, cast(null as varchar) as deployment_id
    from branches b
    inner join changes c on c.repository = b.repository and coalesce(c.base_branch, '') = coalesce(b.base_branch, '')
    where c.merged_at is not null
    union all
    -- What was merged up to the first step is not between two: its step has no name.
    select place, merged_up_to, 1, cast(null as varchar), case when merged_before is null then '' else deployment_id end
    from steps
    where merged_before is null or merged_up_to > merged_before
),
followed as (
    select change_id, is_step, last_value(deployment_id ignore nulls) over (
            partition by place
            order by moment desc, is_step desc, deployment_id, change_id rows between unbounded preceding and current row
        ) as deployment_id
    from moments
),
between_two as (
    select deployment_id, change_id, 7 as preference from followed where is_step = 0 and deployment_id <> ''
),
carried as (
    select deployment_id, change_id from direct
    union all
    select deployment_id, change_id from between_two
),
indirect as (
    select deployment_id, change_id, min(preference) as preference
    from (
        select deployment_id, change_id, preference from between_two
        union all
        select c.deployment_id, t.ticket_id, 8
        from carried c
        inner join intermediate.int_change_tickets t on t.change_id = c.change_id
    )
    group by deployment_id, change_id
),
-- What a deployment names itself stands once each already: only the few others are told apart from it.
links_found as (
    select deployment_id, change_id, preference from direct
    union all
    select i.deployment_id, i.change_id, i.preference
    from indirect i
    left join direct d on d.deployment_id = i.deployment_id and d.change_id = i.change_id
    where d.deployment_id is null
)
select
    cast(deployment_id as varchar) as deployment_id,
    cast(change_id as varchar) as change_id,
    cast(
        case preference
            when 1 then 'stated' when 2 then 'release' when 3 then 'revision' when 4 then 'version' when 5 then 'run'
            when 6 then 'branch' when 7 then 'between' else 'ticket'
        end as varchar
    ) as link_basis,
    cast(case when preference = 7 then 'inferred' else 'exact' end as varchar) as time_quality
from links_found
