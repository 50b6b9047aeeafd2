-- description: What each change record states and lacks: inputs of governance, weighted; critical ones must all be there.
-- grain: change_id
-- order_by: service, created_at, change_id
-- column: change_id | The change.
-- column: service | Its service.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency.
-- column: created_at | When it was created, UTC.
-- column: requested_at | When approval was asked for, UTC.
-- column: completeness | Weight of what is present over the weight of what applies, 0 to 1.
-- column: is_complete | Whether every critical attribute is present.
-- column: missing | What it lacks, joined by ', '; null when nothing.
-- not_null: change_id, completeness, is_complete
-- unique: change_id
-- assert: completeness between 0 and 1
with attributes as (
    select
        c.*,
        -- A reviewed change names its stakeholders by who was asked or took part.
        c.has_stakeholders or c.approvals + c.declines > 0 as has_people
    from marts.changes c
),
weighted as (
    select
        *,
        case when has_description then 3 else 0 end
        + case when title is not null then 1 else 0 end
        + case when service is not null then 2 else 0 end
        + case when has_people then 2 else 0 end
        + case when is_reviewed or coalesce(change_type = 'standard', false) then 0 when has_risk then 3 else 0 end
        + case when is_reviewed or coalesce(change_type = 'standard', false) then 0 when has_rollback_plan then 2 else 0 end as present,
        3 + 1 + 2 + 2 + case when is_reviewed or coalesce(change_type = 'standard', false) then 0 else 5 end as applicable
    from attributes
)
select
    cast(change_id as varchar) as change_id,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(created_at as timestamp) as created_at,
    cast(requested_at as timestamp) as requested_at,
    cast(present * 1.0 / applicable as double) as completeness,
    cast(
        has_description and service is not null and (is_reviewed or coalesce(change_type = 'standard', false) or (has_risk and has_rollback_plan))
        as boolean
    ) as is_complete,
    cast(
        nullif(
            trim(
                case when has_description then '' else 'description, ' end
                || case when title is not null then '' else 'title, ' end
                || case when service is not null then '' else 'service, ' end
                || case when has_people then '' else 'stakeholders, ' end
                || case when is_reviewed or coalesce(change_type = 'standard', false) or has_risk then '' else 'risk, ' end
                || case when is_reviewed or coalesce(change_type = 'standard', false) or has_rollback_plan then '' else 'back-out plan, ' end,
                ', '
            ),
            ''
        ) as varchar
    ) as missing
from weighted
