"""Rates, lead times, versions and the ledger against the second implementation; see ``test_reference.py``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.metrics.compared import Compared, differing
from tests.metrics.reference import approvals, failures, latency, rates, releases, stages


def test_emergencies_and_planned_ones_are_counted_as_the_definitions_say(compared: Compared) -> None:
    """Emergency ÷ implemented; scheduled more than 48 hours ahead."""
    emergencies = rates.emergencies(compared.changes, compared.first, compared.limits.as_of)
    assert differing(emergencies, compared.metric("emergency_change_ratio")) == []
    planned = rates.planned_emergencies(compared.changes, compared.windows)
    assert differing(planned, compared.metric("planned_emergency_rate")) == []


def test_a_review_after_an_emergency_counts_after_it_in_time_and_by_another(compared: Compared) -> None:
    """Any of its reviews; emergencies older than the limit only."""
    expected = rates.reviews(
        compared.records.of, compared.changes, compared.first, compared.windows, compared.people, compared.limits
    )
    assert differing(expected, compared.metric("post_implementation_review_rate")) == []


def test_every_change_record_is_as_complete_as_the_definitions_say(compared: Compared) -> None:
    """Weighted parts, and the critical ones all there."""
    expected = rates.completeness(compared.changes)
    assert differing(expected, compared.published("marts.change_completeness", "change_id")) == []
    incomplete = {key: {"in_numerator": not row["is_complete"]} for key, row in expected.items()}
    assert differing(incomplete, compared.metric("incomplete_change_records")) == []
    values = {key: {"value": row["completeness"]} for key, row in expected.items()}
    assert differing(values, compared.metric("record_completeness")) == []


@pytest.mark.parametrize(
    ("metric", "bad"),
    [
        ("unsuccessful_change_rate", {"unsuccessful", "backed_out"}),
        ("unsuccessful_or_with_issues_rate", {"unsuccessful", "backed_out", "successful_with_issues"}),
    ],
)
def test_closed_changes_are_unsuccessful_by_their_closure_code(compared: Compared, metric: str, bad: set[str]) -> None:
    """Two lines: the second adds successful with issues."""
    assert differing(rates.closures(compared.changes, bad), compared.metric(metric)) == []


@pytest.mark.parametrize(
    ("metric", "from_commit"), [("lead_time_from_first_commit", True), ("lead_time_from_merge", False)]
)
def test_lead_times_are_those_of_the_definitions(compared: Compared, metric: str, from_commit: bool) -> None:
    """What came before the first deployment seen of a service is unknown."""
    expected = rates.lead_times(
        compared.records.of, compared.changes, compared.first, releases_first(compared), from_commit
    )
    assert differing(expected, compared.metric(metric)) == []


def releases_first(compared: Compared) -> dict[str, rates.Deployment]:
    return rates.first_of_services(compared.deployments)


def test_what_was_approved_and_never_shipped_is_shown_by_age(compared: Compared) -> None:
    """Only where the service's deployments are known."""
    expected = rates.never_shipped(compared.changes, compared.first, releases_first(compared), compared.limits.as_of)
    assert differing(expected, compared.metric("approved_not_shipped")) == []


def test_every_wait_for_approval_is_censored_where_the_definitions_say(compared: Compared) -> None:
    """Pending at the build, a reopened change too; what ended without approval at its end, unknown where that is."""
    expected = rates.waits(compared.changes, compared.limits.as_of)
    found = compared.metric("approval_wait")
    assert set(found) == set(expected)
    judged = {key: row for key, row in found.items() if row["exclusion_reason"] is None}
    assert differing({key: expected[key] for key in judged}, judged) == []
    for key, change in compared.changes.items():
        reason = rates.why_no_wait(change, expected[key]["value"])
        assert (key, found[key]["exclusion_reason"]) == (key, reason)


def test_working_time_is_that_of_the_teams_calendar(compared: Compared) -> None:
    """Holidays, weekends, half-hour zones and the days on which clocks change."""
    expected = {}
    for key, change in compared.changes.items():
        value, reason = latency.latency(change, is_collectable=True)
        expected[key] = {"exclusion_reason": reason}
        if value is not None and reason is None:
            calendar = compared.limits.calendar(change.row["service"])
            assert change.requested_at is not None
            assert change.effective_at is not None
            expected[key]["value"] = calendar.worked(change.requested_at, change.effective_at)  # type: ignore[assignment]
    assert differing(expected, compared.metric("approval_latency_business_hours")) == []


def test_the_first_response_and_the_last_cycle_are_timed_as_the_definitions_say(compared: Compared) -> None:
    """The first decision of another human; the last request before the approval."""
    responses, cycles = {}, {}
    for key, change in compared.changes.items():
        responses[key] = rates.response(change)
        asked = approvals.last_asked(change, compared.records.of["event"])
        reason = latency.latency(change, is_collectable=True)[1]
        cycles[key] = {"exclusion_reason": reason}
        if reason is None and asked is not None and change.effective_at is not None:
            cycles[key]["value"] = (change.effective_at - asked).total_seconds()
    assert differing(responses, compared.metric("first_response_time")) == []
    assert differing(cycles, compared.metric("approval_cycle_latency")) == []


def test_the_stages_of_every_change_are_those_of_the_definitions_and_add_up(compared: Compared) -> None:
    """Response, rework, approval, merge, deployment; what is out of order takes no time and is marked."""
    found = {
        key: divided
        for key, change in compared.changes.items()
        if (divided := stages.stages(change, compared.first, compared.records.of)) is not None
    }
    assert differing(found, compared.published("marts.change_stages", "change_id")) == []


def test_every_reversal_is_found_and_is_a_failure_or_none_as_the_definitions_say(compared: Compared) -> None:
    """By a field, a link, an event or a title; planned ones and what puts back are none."""
    expected = {
        key: {"reverts_change_id": compared.named(one.taken), "link_basis": one.basis, "kind": one.kind}
        for key, one in failures.reversals(compared.records.of).items()
    }
    assert differing(expected, compared.published("marts.reversals", "change_id")) == []
    assert "reversal" in {row["kind"] for row in expected.values()}


def test_every_version_moves_as_the_definitions_say(compared: Compared) -> None:
    """Increase, same, rollback, re-release, out of order; what no number compares is left out."""
    expected = releases.moves(compared.deployments)
    assert differing(expected, compared.published("marts.version_moves", "deployment_id")) == []
    lower = ("rollback", "re-release", "out of order")
    decreases = {
        key: rates.judged(row["move"] in lower, row["incomparable_reason"])  # type: ignore[arg-type]
        for key, row in expected.items()
    }
    assert differing(decreases, compared.metric("version_decreases")) == []


def test_every_promotion_is_in_order_or_not_as_the_definitions_say(compared: Compared) -> None:
    """Only the first time an artifact reaches production, by whichever name of production."""
    promoted = releases.promotions(compared.deployments)
    expected = {
        key: {
            "promotion": promotion,
            "exclusion_reason": reason,
            "stage_deployment_id": compared.named(stage.key) if stage else None,
        }
        for key, (promotion, reason, stage) in promoted.items()
    }
    found = compared.published("marts.promotions", "deployment_id")
    for row in found.values():
        row["stage_deployment_id"] = row["stage_deployment_id"] or None
    assert differing(expected, found) == []
    violations = {key: rates.judged(row[0] != "in order", row[1]) for key, row in promoted.items()}
    assert differing(violations, compared.metric("promotion_order_violations")) == []
    assert differing(releases.stage_lead(compared.deployments), compared.metric("lead_time_from_stage_below")) == []


def test_re_releases_and_days_without_deployments_are_counted(compared: Compared) -> None:
    """Of finished production deployments; every day from the first to the last of a service."""
    assert differing(releases.rereleases(compared.deployments), compared.metric("rereleases")) == []
    services = {str(item.service) for item in compared.deployments.values()}
    found = {
        (service, day): count
        for service, day, count in compared.con.execute(
            "select service, day, deployments from marts.service_days"
        ).fetchall()
        if service in services
    }
    assert found == dict(releases.days(compared.deployments))


def test_incidents_are_counted_each_per_deployment(compared: Compared) -> None:
    """Planned reversals apart."""
    links = failures.links(compared.records.of, compared.deployments)
    planned = {row["key"] for row in compared.records.of["incident"] if row["is_planned"]}
    counted = Counter(deployment for key, (deployment, _) in links.items() if key not in planned)
    expected = {
        key: {"value": float(counted[key])}
        for key, item in compared.deployments.items()
        if item.is_finished_in_production
    }
    found = {k: r for k, r in compared.metric("incidents_per_deployment").items() if r["exclusion_reason"] is None}
    assert differing(expected, found) == []


def test_every_carried_change_is_counted_for_itself(compared: Compared) -> None:
    """The hand-over weighted by change: what cannot be judged and re-releases are left out."""
    expected = {}
    for item in compared.carried:
        reason = "re-release of an artifact that ran before" if item.deployment.is_rerelease else None
        if item.cls == "not_collectable":
            reason = "not collectable: the source keeps no approvals, or not by whom"
        expected[f"{item.deployment.key}|{item.change.key}"] = rates.judged(item.reason is not None, reason)
    assert differing(expected, compared.metric("unauthorised_change_rate")) == []


def test_every_condition_is_met_late_unmet_open_or_unverifiable_as_the_definitions_say(compared: Compared) -> None:
    """By the event that says so, by its number or words."""
    expected = Counter(
        (one.change.key, one.position, one.text, one.is_for_rollout, one.due_at, one.met_at, one.status)
        for one in compared.conditions
    )
    found = Counter(
        compared.rows("select change_id, position, text, is_for_rollout, due_at, met_at, status from marts.conditions")
    )
    assert sorted(map(str, found - expected)) == sorted(map(str, expected - found)) == []
    metric = Counter(
        (row["exclusion_reason"] is None, row["exclusion_reason"] is None and row["in_numerator"])
        for row in compared.metric("conditions_met").values()
    )
    judged = [one.status not in ("open", "lapsed", "unverifiable") for one in compared.conditions]
    assert metric[True, True] == sum(one.status == "met" for one in compared.conditions)
    assert metric[True, True] + metric[True, False] == sum(judged)


def test_every_record_is_in_exactly_one_bucket_of_the_reconciliation(compared: Compared) -> None:
    """Tickets, merged changes and deployments as a three-way outer join; none lost, none twice."""
    expected = Counter(rates.reconciled(compared.records.of, compared.changes, compared.deployments))
    mine = {bucket[0] for bucket in expected}
    found = {
        (service, *has): count
        for service, *has, count in compared.con.execute(
            "select service, has_ticket, has_change, has_deployment, records from marts.reconciliation"
        ).fetchall()
        if service in mine
    }
    # Records without a service are those of both sources together.
    differences = {key: (n, found.get(key)) for key, n in expected.items() if key[0] and found.get(key) != n}
    extra = {key for key in found if key[0]} - set(expected)
    assert (differences, extra) == ({}, set()), f"{differences} {extra}"
