-- description: How much working time of the team passed between the request for approval and its effective approval.
-- grain: record_id
-- order_by: service, occurred_at, record_id
-- label: Approval latency, business hours
-- unit: seconds
-- kind: duration
-- statistic: median
-- better: lower
-- minimum_sample: 10
-- dated_by: effective approval
-- source: Definitions, approval latency
-- absent_reason: no change had an effective approval that can be timed
-- column: record_id | Identity of the contributing record.
-- column: record_kind | What it is: change, deployment, window or incident.
-- column: service | Service it belongs to.
-- column: team | Its team.
-- column: change_type | standard, normal or emergency, where known.
-- column: occurred_at | The instant that dates it, UTC.
-- column: in_numerator | Whether it counts towards the event.
-- column: value | Its value, in the metric's unit; null when undefined.
-- column: exclusion_reason | Why it is left out; null when it is judged.
-- column: detail | What decided, in words.
-- not_null: record_id, record_kind
-- unique: record_id
-- assert: value >= 0 or exclusion_reason is not null
with calendars as (
    select distinct team from config.business_days
),
timed as (
    select l.*, k.team is not null as has_calendar, coalesce(k.team, '') as calendar
    from marts.approval_times l
    left join calendars k on k.team = l.team and k.team <> ''
),
worked as (
    select
        t.*,
        b.seconds_before
            + coalesce(greatest(least(epoch_us(t.effective_approval_at), epoch_us(b.first_end_at)) - epoch_us(b.first_start_at), 0), 0) / 1000000.0
            + coalesce(greatest(least(epoch_us(t.effective_approval_at), epoch_us(b.second_end_at)) - epoch_us(b.second_start_at), 0), 0) / 1000000.0
            as worked_until,
        a.seconds_before
            + coalesce(greatest(least(epoch_us(t.requested_at), epoch_us(a.first_end_at)) - epoch_us(a.first_start_at), 0), 0) / 1000000.0
            + coalesce(greatest(least(epoch_us(t.requested_at), epoch_us(a.second_end_at)) - epoch_us(a.second_start_at), 0), 0) / 1000000.0
            as worked_before
    from timed t
    left join config.business_days a on a.team = t.calendar and a.day = date_trunc('day', t.requested_at)
    left join config.business_days b on b.team = t.calendar and b.day = date_trunc('day', t.effective_approval_at)
)
select
    cast(change_id as varchar) as record_id,
    cast('change' as varchar) as record_kind,
    cast(service as varchar) as service,
    cast(team as varchar) as team,
    cast(change_type as varchar) as change_type,
    cast(occurred_at as timestamp) as occurred_at,
    cast(null as boolean) as in_numerator,
    cast(worked_until - worked_before as double) as value,
    cast(
        case
            when exclusion_reason is not null then exclusion_reason
            when worked_until is null or worked_before is null then 'outside the calendar'
        end as varchar
    ) as exclusion_reason,
    cast(case when has_calendar then 'calendar of the team' else 'default calendar: Monday to Friday, 9 to 17 UTC' end as varchar)
        as detail
from worked
