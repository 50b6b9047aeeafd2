-- description: Each distinct combination of what the activity log says in words, numbered, so that events are kept and joined by
--   a number instead of six texts.
-- grain: kind_number
-- column: kind_number | Its number in this build.
-- column: verb_number | The verb's number in this build.
-- column: source | Name of the source instance.
-- column: kind | Kind of record.
-- column: verb | What happened.
-- column: sign | The text matched with patterns.
-- column: subject_kind | change, deployment, run, release, incident, window, issue or repository.
-- column: time_quality | exact, bounded or inferred.
-- not_null: kind_number, verb_number, source, kind, verb, sign
-- unique: kind_number
-- unique: source, kind, verb, sign, subject_kind, time_quality
with combinations as (
    select distinct source, kind, verb, sign, subject_kind, time_quality from intermediate.int_source_events
)
select
    cast(row_number() over (order by source, kind, verb, sign, subject_kind, time_quality) as integer) as kind_number,
    cast(dense_rank() over (order by verb) as integer) as verb_number,
    cast(source as varchar) as source,
    cast(kind as varchar) as kind,
    cast(verb as varchar) as verb,
    cast(sign as varchar) as sign,
    cast(subject_kind as varchar) as subject_kind,
    cast(time_quality as varchar) as time_quality
from combinations
