-- description: One row per planned or worked window: window records, planned windows of change records that have none, with
--   ends filled where missing and every filled end marked.
-- grain: window_id
-- column: window_id | Source, form and key, joined by ':'.
-- column: source | Name of the source instance.
-- column: source_event_id | The source event this row was read from.
-- column: kind | change, outage or freeze.
-- column: title | Title.
-- column: url | The source's own page.
-- column: change_id | The change it is for.
-- column: release_key | The release it is for.
-- column: service | Service; null when nothing names one.
-- column: team | Its team.
-- column: component | Component as stated.
-- column: environment | Environment as stated.
-- column: implementer | Person who carries it out; null while unresolved.
-- column: change_type | standard, normal or emergency of its change, else as stated.
-- column: severity | Severity as stated.
-- column: is_withdrawn | Whether it was rejected or cancelled.
-- column: created_at | When it was entered, UTC.
-- column: planned_start_at | Start as planned, UTC.
-- column: planned_end_at | End as planned, UTC; filled when missing.
-- column: planned_end_basis | stated, actual, median or default.
-- column: actual_start_at | When work began, UTC.
-- column: actual_end_at | When work ended, UTC; as-of while running.
-- column: actual_end_basis | stated or running.
-- column: problem | reversed or zero_length; null when sound.
-- not_null: window_id, source, kind, is_withdrawn
-- unique: window_id
-- assert: planned_end_basis in ('stated', 'actual', 'median', 'default')
-- assert: problem in ('reversed', 'zero_length')
with gathered as (
    select
        w.source, w.source_event_id, 'window' as form, w.key, lower(coalesce(w.kind, 'change')) as kind, w.title, w.url,
        w.source || ':' || w.change_key as change_id, w.release_key, w.service, w.component,
        cast(null as varchar) as repository, w.team, w.environment, w.implementer, w.change_type, w.severity, w.state,
        w.created_at, w.planned_start_at, w.planned_end_at, w.actual_start_at, w.actual_end_at
    from intermediate.all_windows w
    union all
    select
        c.source, c.source_event_id, 'change', c.key, 'change', c.title, c.url, c.change_id, cast(null as varchar),
        r.service, r.component, r.repository, r.team, r.environment, cast(null as varchar), c.change_type,
        cast(null as varchar), c.status, c.created_at, c.planned_start_at, c.planned_end_at, c.actual_start_at,
        c.actual_end_at
    from intermediate.int_changes c
    inner join intermediate.int_change_records r on r.source = c.source and r.key = c.key
    where (c.planned_start_at is not null or c.actual_start_at is not null or c.planned_end_at is not null)
        and not exists (
            -- An outage or a freeze that names the change is not the window it is worked on in.
            select 1 from intermediate.all_windows w
            where w.source = c.source and w.change_key = c.key and lower(coalesce(w.kind, 'change')) = 'change'
        )
),
resolved as (
    select
        g.*,
        s.service as service_name,
        s.team as team_name,
        a.person_id as implementer_id,
        coalesce(c.change_type, lower(g.change_type)) as kind_of_change,
        coalesce(m.meaning in ('rejected', 'cancelled'), false)
            or coalesce(c.status_meaning in ('rejected', 'cancelled'), false) as is_withdrawn
    from gathered g
    left join intermediate.int_scopes s
        on s.service_key = coalesce(lower(g.service), '') and s.component_key = coalesce(lower(g.component), '')
        and s.repository_key = coalesce(lower(g.repository), '') and s.team_key = coalesce(g.team, '')
    left join intermediate.int_actors a on a.source = g.source and a.login = lower(trim(g.implementer))
    left join intermediate.int_changes c on c.change_id = g.change_id
    left join intermediate.int_status_meanings m on m.status = lower(g.state)
),
medians as (
    select
        kind,
        service_name,
        kind_of_change,
        quantile_cont(epoch_us(planned_end_at) - epoch_us(planned_start_at), 0.5) as middle_us
    from resolved
    where planned_end_at > planned_start_at and service_name is not null
    group by kind, service_name, kind_of_change
    having count(*) >= (select min(window_median_minimum) from config.thresholds)
),
filled as (
    select
        r.*,
        case
            when r.planned_end_at is not null then 'stated'
            when r.planned_start_at is null then null
            when r.actual_end_at > r.planned_start_at then 'actual'
            when m.middle_us is not null then 'median'
            else 'default'
        end as planned_end_basis,
        coalesce(m.middle_us, t.default_window_minutes * 60000000) as fill_us,
        b.as_of
    from resolved r
    cross join config.thresholds t
    cross join config.build b
    left join medians m
        on m.kind = r.kind and m.service_name = r.service_name and coalesce(m.kind_of_change, '') = coalesce(r.kind_of_change, '')
)
select
    cast(source || ':' || form || ':' || key as varchar) as window_id,
    cast(source as varchar) as source,
    cast(source_event_id as varchar) as source_event_id,
    cast(kind as varchar) as kind,
    cast(title as varchar) as title,
    cast(url as varchar) as url,
    cast(change_id as varchar) as change_id,
    cast(release_key as varchar) as release_key,
    cast(service_name as varchar) as service,
    cast(team_name as varchar) as team,
    cast(component as varchar) as component,
    cast(environment as varchar) as environment,
    cast(implementer_id as varchar) as implementer,
    cast(kind_of_change as varchar) as change_type,
    cast(severity as varchar) as severity,
    cast(is_withdrawn as boolean) as is_withdrawn,
    cast(created_at as timestamp) as created_at,
    cast(planned_start_at as timestamp) as planned_start_at,
    cast(
        case planned_end_basis
            when 'stated' then planned_end_at
            when 'actual' then actual_end_at
            else make_timestamp(cast(epoch_us(planned_start_at) + fill_us as bigint))
        end as timestamp
    ) as planned_end_at,
    cast(planned_end_basis as varchar) as planned_end_basis,
    cast(actual_start_at as timestamp) as actual_start_at,
    cast(
        case
            when actual_end_at is not null then actual_end_at
            when actual_start_at is not null and actual_start_at <= as_of then as_of
        end as timestamp
    ) as actual_end_at,
    cast(
        case
            when actual_end_at is not null then 'stated'
            when actual_start_at is not null and actual_start_at <= as_of then 'running'
        end as varchar
    ) as actual_end_basis,
    cast(
        case
            when planned_end_at < planned_start_at or actual_end_at < actual_start_at then 'reversed'
            when planned_end_at = planned_start_at then 'zero_length'
        end as varchar
    ) as problem
from filled
