-- description: Emergency changes implemented in the period: how they were authorised and whether they were looked at afterwards.
-- grain: change_id
-- column: change_id | The change.
-- column: title | Title.
-- column: url | The source's own page.
-- column: requester | Who asked for it.
-- column: created_at | When it was created, UTC.
-- column: implemented_at | When it was implemented, UTC.
-- column: effective_approval_at | When it was effectively approved, UTC.
-- column: effective_approver | Who approved it.
-- column: lead_seconds | Deployment start minus approval; negative when approved afterwards.
-- column: authorisation_class | How approval and deployment relate.
-- column: scheduled_ahead_seconds | Planned start minus creation: an emergency that was planned long ahead is none.
-- column: is_planned_ahead | Whether that exceeds the configured limit; empty without a planned window.
-- column: reviewed_at | When an activity of review after the implementation is on record, UTC.
-- column: reviewed_by | By whom; somebody other than the deployer, or empty.
with reviews as (
    select
        a.change_id, a.occurred_at, a.actor
    from marts.activities a
    inner join evidence.sample_frame f on f.change_id = a.change_id
    left join evidence.handover h on h.change_id = a.change_id
    where a.activity = 'post_reviewed' and a.occurred_at >= f.implemented_at
        and a.actor is not null and a.actor is distinct from h.deployer
    qualify row_number() over (partition by a.change_id order by a.occurred_at, a.activity_id) = 1
)
select
    c.change_id, c.title, c.url, c.requester, c.created_at, f.implemented_at, c.effective_approval_at,
    c.effective_approver, h.lead_seconds, h.authorisation_class,
    (epoch_us(c.planned_start_at) - epoch_us(c.created_at)) / 1000000.0 as scheduled_ahead_seconds,
    (epoch_us(c.planned_start_at) - epoch_us(c.created_at)) / 1000000.0 > t.planned_emergency_hours * 3600
        as is_planned_ahead,
    r.occurred_at as reviewed_at, r.actor as reviewed_by
from evidence.sample_frame f
inner join marts.changes c on c.change_id = f.change_id
left join evidence.handover h on h.change_id = f.change_id
left join reviews r on r.change_id = f.change_id
cross join config.thresholds t
where f.stratum = 'emergency'
