-- description: The persons and automation that act in the activity log, numbered.
-- grain: actor_number
-- order_by: actor_number
-- column: actor_number | Number in this build.
-- column: actor | Person or automation; null while unresolved.
-- column: actor_type | human or bot; null while unresolved.
-- not_null: actor_number
-- unique: actor_number
-- unique: actor, actor_type
with actors as (
    select distinct person_id, actor_type from intermediate.int_actors
)
select
    cast(row_number() over (order by person_id, actor_type) as integer) as actor_number,
    cast(person_id as varchar) as actor,
    cast(actor_type as varchar) as actor_type
from actors
