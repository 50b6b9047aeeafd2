-- description: Whose team a person is in; of somebody in several, the first by name.
-- grain: person_id
-- column: person_id | The person.
-- column: team | The team.
-- not_null: person_id, team
-- unique: person_id
select
    cast(person_id as varchar) as person_id,
    cast(min(team) as varchar) as team
from intermediate.int_actors
where team is not null and person_id is not null
group by person_id
