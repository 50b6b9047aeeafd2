-- description: Deployments of a revision or version that was built again: another digest of it had been deployed or released before.
-- grain: deployment_id
-- order_by: deployment_id
-- column: deployment_id | The deployment.
-- column: service | Service deployed.
-- column: artifact_digest | Digest that it brought.
-- column: earlier_digest | A digest of the same revision or version that was there before.
-- not_null: deployment_id, service, artifact_digest, earlier_digest
-- unique: deployment_id
with built as (
    select service, 'revision ' || revision as name, artifact_digest, min(finished_at) as seen_at
    from intermediate.int_deployments
    where service is not null and revision is not null and artifact_digest is not null
    group by service, revision, artifact_digest
    union all
    select service, 'version ' || version, artifact_digest, min(finished_at)
    from intermediate.int_deployments
    where service is not null and version is not null and artifact_digest is not null
    group by service, version, artifact_digest
    union all
    select service, 'version ' || version, artifact_digest, min(coalesce(released_at, cut_at))
    from intermediate.int_releases
    where service is not null and version is not null and artifact_digest is not null
    group by service, version, artifact_digest
),
named as (
    select deployment_id, service, artifact_digest, started_at, 'revision ' || revision as name
    from intermediate.int_deployments where artifact_digest is not null and revision is not null and service is not null
    union all
    select deployment_id, service, artifact_digest, started_at, 'version ' || version
    from intermediate.int_deployments where artifact_digest is not null and version is not null and service is not null
)
select
    cast(n.deployment_id as varchar) as deployment_id,
    cast(min(n.service) as varchar) as service,
    cast(min(n.artifact_digest) as varchar) as artifact_digest,
    cast(min(b.artifact_digest) as varchar) as earlier_digest
from named n
inner join built b on b.service = n.service and b.name = n.name and b.artifact_digest <> n.artifact_digest and b.seen_at <= n.started_at
group by n.deployment_id
