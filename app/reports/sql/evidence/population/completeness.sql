-- description: How the population follows from what the sources reported, per stream that brings changes, deployments, incidents or
--   windows. reported = held + set_aside + repeated + missing - beyond, and
--   held = in_population + outside_scope + outside_period + not_production + other_kind.
-- grain: source, stream
-- column: source | Name of the source instance.
-- column: stream | The stream.
-- column: reported | Records the source said there are (rows of a file for files); empty where it does not say.
-- column: set_aside | Payloads set aside in the readings that reported, each listed with its reason by twotrack doctor.
-- column: repeated | Records received more than once in those readings, such as rows of a file with the same key.
-- column: missing | Reported and not received; of a file, rows that describe no record of this kind.
-- column: beyond | Held beyond what was reported: read before or after that count.
-- column: held | Distinct records held; empty when the workspace no longer holds them.
-- column: other_kind | Held, and neither change, deployment, incident nor window: ordinary issues, runs that deploy nothing.
-- column: outside_scope | Of another team or service, or of none that is known.
-- column: not_production | Deployments to other environments.
-- column: outside_period | In scope, and nothing of it lies in the period.
-- column: in_population | In this pack.
-- column: changes | Of these, changes.
-- column: deployments | Of these, deployments.
-- column: incidents | Of these, incidents.
-- column: windows | Of these, windows whose own change is not in this pack.
-- column: adds_up | Whether the pack holds as many records as were chosen and no more became records than were held.
-- column: differences | Every difference between reported and held, in words.
with packed_records as (
    select source, source_event_id, 'change' as kind, 0 as place from marts.changes
    union all
    select source, source_event_id, 'deployment', 1 from marts.deployments
    union all
    select source, source_event_id, 'incident', 2 from marts.incidents
    union all
    select source, source_event_id, 'window', 3 from marts.windows
),
packed as (
    select source, split_part(source_event_id, ':', 2) as noun, kind
    from packed_records
    where source_event_id is not null
    qualify row_number() over (partition by source_event_id order by place) = 1
),
found as (
    select
        source, noun,
        count(*) as in_population,
        count(*) filter (where kind = 'change') as changes,
        count(*) filter (where kind = 'deployment') as deployments,
        count(*) filter (where kind = 'incident') as incidents,
        count(*) filter (where kind = 'window') as windows
    from packed
    group by source, noun
),
counted as (
    select
        source, noun, sum(records) as records,
        coalesce(sum(records) filter (where fate = 'in the pack'), 0) as chosen,
        coalesce(sum(records) filter (where fate = 'outside the scope'), 0) as outside_scope,
        coalesce(sum(records) filter (where fate = 'outside the period'), 0) as outside_period,
        coalesce(sum(records) filter (where fate = 'not production'), 0) as not_production
    from pack.fates
    group by source, noun
),
streams as (
    select distinct source, stream from (
        select source, stream from pack.held
        union all
        select source, stream from marts.data_sources
    )
),
joined as (
    select
        s.source, s.stream, d.source_type, d.reported, d.reported_received, d.reported_rejected, h.records as held,
        c.records, c.chosen, c.outside_scope, c.outside_period, c.not_production,
        coalesce(f.in_population, 0) as in_population, coalesce(f.changes, 0) as changes, coalesce(f.deployments, 0) as deployments,
        coalesce(f.incidents, 0) as incidents, coalesce(f.windows, 0) as windows,
        greatest(d.reported_received - d.reported_rejected - h.records, 0) as repeated,
        d.reported - h.records - d.reported_rejected - greatest(d.reported_received - d.reported_rejected - h.records, 0) as gap
    from counted c
    inner join streams s
        on s.source = c.source and split_part(s.stream, '.', 2) in (c.noun, c.noun || 's')
    left join marts.data_sources d on d.source = s.source and d.stream = s.stream
    left join pack.held h on h.source = s.source and h.stream = s.stream
    left join found f on f.source = c.source and f.noun = c.noun
)
select
    source, stream, reported, reported_rejected as set_aside, repeated,
    greatest(gap, 0) as missing, greatest(-gap, 0) as beyond, held, held - records as other_kind,
    outside_scope, not_production, outside_period, in_population, changes, deployments, incidents, windows,
    in_population = chosen and coalesce(held >= records, true) as adds_up,
    case
        when held is null then 'the workspace no longer holds the raw records'
        when reported is null then 'the source does not say how many there are'
        else coalesce(nullif(concat_ws('; ',
            case when reported_rejected > 0 then cast(reported_rejected as varchar) || ' set aside as unreadable' end,
            case when repeated > 0 then cast(repeated as varchar) || ' repeat a record already read' end,
            case when gap > 0 and source_type = 'record' then cast(gap as varchar) || ' describe no record of this kind' end,
            case when gap > 0 and source_type <> 'record' then cast(gap as varchar) || ' reported and not received' end,
            case when gap < 0 then cast(-gap as varchar) || ' read before or after the source counted' end
        ), ''), 'none')
    end as differences
from joined
