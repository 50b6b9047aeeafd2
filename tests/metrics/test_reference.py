"""The build against a second implementation of the definitions: many random organisations, not one record may differ.

``REFERENCE_ORGANISATIONS=600 pytest tests/metrics/test_reference*.py`` compares that many instead of the fixed few;
``REFERENCE_SEED`` is the first seed, ``REFERENCE_AT_ONCE`` how many share a build.
"""

from __future__ import annotations

from collections import Counter

from tests.metrics.compared import Compared, differing
from tests.metrics.reference import approvals, failures, handover, latency


def test_every_change_has_the_request_decisions_and_effective_approval_of_the_definitions(compared: Compared) -> None:
    """Requested, first response, effective approval by whom, what it rests on, and how the change ended."""
    expected = {key: approvals.row_of(change) for key, change in compared.changes.items()}
    assert differing(expected, compared.published("marts.changes", "change_id")) == []


def test_every_change_has_the_approval_latency_of_the_definitions_or_their_reason_for_none(compared: Compared) -> None:
    """Per change, and the judged ones are neither none nor all: every batch is given one of each, whatever is drawn."""
    expected = {}
    for key, change in compared.changes.items():
        value, reason = latency.latency(change, is_collectable=True)
        expected[key] = {"value": value, "exclusion_reason": reason}
    assert differing(expected, compared.metric("approval_latency")) == []
    judged = sum(row["exclusion_reason"] is None for row in expected.values())
    assert 0 < judged < len(expected)


def test_what_waits_for_approval_is_what_the_definitions_call_pending(compared: Compared) -> None:
    """Open, asked for, not effectively approved and not approved in advance; its age is up to the build."""
    expected = {
        key: {
            "value": (compared.limits.as_of - change.requested_at).total_seconds(),
            "exclusion_reason": latency.why_not_pending(change, compared.limits.as_of),
        }
        for key, change in compared.changes.items()
        if change.state == "open"
        and change.requested_at is not None
        and change.effective is None
        and change.basis != "standard"
    }
    assert differing(expected, compared.metric("pending_approvals")) == []


def test_every_deployment_has_the_outcome_instants_and_artifact_of_the_definitions(compared: Compared) -> None:
    """A finish is the first success; first, new, redeploy and return are told by artifact."""
    expected = {
        key: {
            "outcome": item.outcome,
            "started_at": item.started_at,
            "finished_at": item.finished_at,
            "is_production": item.is_production,
            "artifact": item.artifact,
            "artifact_kind": item.kind,
            "is_rerelease": item.is_rerelease,
            "previous_deployment_id": compared.named(item.previous.key) if item.previous else None,
            "deployer": item.deployer.name,
        }
        for key, item in compared.deployments.items()
    }
    assert differing(expected, compared.published("marts.deployments", "deployment_id")) == []


def test_every_incident_is_linked_to_the_deployment_and_on_the_basis_of_the_definitions(compared: Compared) -> None:
    """Reference, then revision or version, then the latest of the service within 24 hours; none before its start."""
    expected = {
        key: {"deployment_id": compared.named(deployment), "link_basis": basis}
        for key, (deployment, basis) in failures.links(compared.records.of, compared.deployments).items()
    }
    assert differing(expected, compared.published("marts.incidents", "incident_id")) == []


def test_a_deployment_failed_where_the_definitions_say_so_and_the_rate_is_that_share(compared: Compared) -> None:
    """Per reason and evidence, per deployment, and the share itself."""
    found = Counter(
        compared.rows("select deployment_id, reason, evidence_id, exclusion from marts.deployment_failures")
    )
    assert found == Counter((item.deployment, item.reason, item.evidence, item.exclusion) for item in compared.failures)
    expected = {
        key: {"in_numerator": failures.failed(item, compared.failures)}
        for key, item in compared.deployments.items()
        if item.is_finished_in_production
    }
    judged = {
        key: row
        for key, row in compared.metric("change_failure_rate").items()
        if "|" not in key and row["exclusion_reason"] is None
    }
    assert differing(expected, judged) == []
    assert 0 < sum(row["in_numerator"] for row in judged.values()) < len(judged)


def test_a_failed_deployment_recovered_when_the_definitions_say_so(compared: Compared) -> None:
    """From the incident, else the finish of what was taken back, to the restoration; unknown while one is open."""
    expected = {}
    for key, item in compared.deployments.items():
        if item.is_finished_in_production and failures.failed(item, compared.failures):
            began_at, restored_at = failures.recovery(item, [one for one in compared.failures if one.deployment == key])
            expected[key] = {"value": (restored_at - began_at).total_seconds() if began_at and restored_at else None}
    assert differing(expected, compared.metric("failed_deployment_recovery_time")) == []


def test_an_attempt_that_did_not_finish_is_counted_as_the_definitions_count_it(compared: Compared) -> None:
    """Production attempts only; what still runs or has no outcome is left out."""
    left_out = {"in_progress": "still running", "unknown": "outcome unknown"}
    expected = {
        key: {
            "in_numerator": item.outcome in ("failed", "cancelled"),
            "exclusion_reason": left_out.get(item.outcome) if item.is_production else "environment unknown",
        }
        for key, item in compared.deployments.items()
        if item.is_production is not False
    }
    assert differing(expected, compared.metric("deployment_attempt_failure_rate")) == []


def test_every_carried_change_has_the_class_and_reason_of_the_definitions(compared: Compared) -> None:
    """Per deployment and change: whose approval counts, the lead, when it was authorised, and why it was not."""
    expected = {
        f"{item.deployment.key}|{item.change.key}": {
            "governing_change_id": compared.named(item.governing.key),
            "effective_approval_at": item.governing.effective_at,
            "lead_seconds": item.lead,
            "authorisation_class": item.cls,
            "reason": item.reason,
        }
        for item in compared.carried
    }
    pairs = "(select *, deployment_id || '|' || change_id as pair from marts.deployment_changes)"
    assert differing(expected, compared.published(pairs, "pair")) == []
    assert len({row["authorisation_class"] for row in expected.values()}) >= 3


def test_a_deployment_has_the_class_of_its_worst_change_and_re_releases_are_left_out(compared: Compared) -> None:
    """Deployments whose changes are known: unauthorised when one of them is, re-releases counted apart."""
    found = compared.published("marts.deployments", "deployment_id")
    rate = compared.metric("unauthorised_deployment_rate")
    for key, item in compared.deployments.items():
        carried = [one for one in compared.carried if one.deployment is item]
        if not carried:
            continue
        worst = handover.worst(carried)
        assert (key, found[key]["authorisation_class"]) == (key, worst)
        if item.is_rerelease:
            assert rate[key]["exclusion_reason"] == "re-release of an artifact that ran before"
        elif worst != "not_collectable" or any(one.reason is not None for one in carried):
            assert (key, rate[key]["exclusion_reason"]) == (key, None)
            assert (key, rate[key]["in_numerator"]) == (key, any(one.reason is not None for one in carried))


def test_every_test_of_separation_of_duties_ends_as_the_definitions_say(compared: Compared) -> None:
    """SOD-1 to SOD-8, per change and per deployment of a change; an unresolved identity never passes."""
    expected = Counter(
        handover.duties(
            compared.records.of,
            compared.deployments,
            compared.changes,
            compared.carried,
            compared.people,
            compared.limits,
        )
    )
    found = Counter(compared.rows("select record_id, test, result from marts.separation_of_duties"))
    assert sorted(found - expected) == sorted(expected - found) == []
