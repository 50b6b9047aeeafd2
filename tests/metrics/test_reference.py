"""The build against a second implementation of the definitions: many random organisations, not one record may differ.

``REFERENCE_ORGANISATIONS=600 pytest tests/metrics/test_reference.py`` compares that many instead of the fixed few;
``REFERENCE_SEED`` is the first seed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from tests.metrics.organisations import SOURCE, Records, organisations, write
from tests.metrics.real import AS_OF, load
from tests.metrics.reference import approvals, deployments, failures, handover, windows
from tests.metrics.reference.basics import People

AT_ONCE = 60
COUNT = int(os.environ.get("REFERENCE_ORGANISATIONS", str(AT_ONCE)))
SEED = int(os.environ.get("REFERENCE_SEED", "0"))
Rows = Mapping[str, Mapping[str, object]]


@dataclass
class Compared:
    """One build of many organisations, and what the reference makes of the same records."""

    con: duckdb.DuckDBPyConnection
    records: Records
    people: People
    deployments: dict[str, deployments.Deployment]
    changes: dict[str, approvals.Change]
    failures: list[failures.Failure]
    windows: dict[str, windows.Window]
    carried: list[handover.Carried]

    def published(self, table: str, key: str) -> dict[str, dict[str, Any]]:
        """Return the rows of a table by a column, the source's name taken off."""
        cursor = self.con.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description]
        rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
        return {str(row[key]).removeprefix(f"{SOURCE}:"): row for row in rows}


@pytest.fixture(scope="module", params=range(SEED, SEED + COUNT, AT_ONCE))
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """Import and build some dozens of organisations side by side, once."""
    home = tmp_path_factory.mktemp("organisations")
    records = organisations(range(request.param, request.param + AT_ONCE))
    build = load(home, write(records, home / "files"))
    people = People(records.of)
    attempts = deployments.deployments(records.of, people)
    changes = approvals.changes(records.of, people, AS_OF, deployments.first_starts(records.of, attempts))
    planned = windows.windows(records.of, people, AS_OF)
    with duckdb.connect(str(build), read_only=True) as con:
        yield Compared(
            con,
            records,
            people,
            attempts,
            changes,
            failures.failures(records.of, attempts),
            planned,
            handover.handover(records.of, attempts, changes, planned),
        )


def differing(expected: Rows, found: Rows) -> list[str]:
    """Return one line per record and column that differs, missing and extra records included."""
    lines = [f"{key}: in one of them only" for key in sorted(set(expected) ^ set(found))]
    for key in sorted(set(expected) & set(found)):
        lines += [
            f"{key}.{name}: {value!r} by the definitions, {found[key][name]!r} published"
            for name, value in expected[key].items()
            if found[key][name] != value
        ]
    return lines


def named(key: str | None) -> str | None:
    return None if key is None else f"{SOURCE}:{key}"


def test_every_change_has_the_request_decisions_and_effective_approval_of_the_definitions(compared: Compared) -> None:
    """Requested, first response, effective approval by whom, what it rests on, and how the change ended."""
    expected = {key: approvals.row_of(change) for key, change in compared.changes.items()}
    assert differing(expected, compared.published("marts.changes", "key")) == []


def test_every_change_has_the_approval_latency_of_the_definitions_or_their_reason_for_none(compared: Compared) -> None:
    """Per change, and the judged ones are neither none nor all."""
    expected = {}
    for key, change in compared.changes.items():
        value, reason = approvals.latency(change, is_collectable=True)
        expected[key] = {"value": value, "exclusion_reason": reason}
    assert differing(expected, compared.published("metrics.approval_latency", "record_id")) == []
    judged = sum(row["exclusion_reason"] is None for row in expected.values())
    assert 0 < judged < len(expected)


def test_what_waits_for_approval_is_what_the_definitions_call_pending(compared: Compared) -> None:
    """Open, asked for, not effectively approved and not approved in advance; its age is up to the build."""
    expected = {
        key: {"value": (AS_OF - change.requested_at).total_seconds()}
        for key, change in compared.changes.items()
        if change.state == "open"
        and change.requested_at is not None
        and change.effective is None
        and change.basis != "standard"
    }
    assert differing(expected, compared.published("metrics.pending_approvals", "record_id")) == []


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
            "previous_deployment_id": named(item.previous.key) if item.previous else None,
            "deployer": item.deployer.name,
        }
        for key, item in compared.deployments.items()
    }
    assert differing(expected, compared.published("marts.deployments", "key")) == []


def test_every_incident_is_linked_to_the_deployment_and_on_the_basis_of_the_definitions(compared: Compared) -> None:
    """Reference, then revision or version, then the latest of the service within 24 hours; none before its start."""
    expected = {
        key: {"deployment_id": named(deployment), "link_basis": basis}
        for key, (deployment, basis) in failures.links(compared.records.of, compared.deployments).items()
    }
    assert differing(expected, compared.published("marts.incidents", "incident_id")) == []


def test_a_deployment_failed_where_the_definitions_say_so_and_the_rate_is_that_share(compared: Compared) -> None:
    """Per reason and evidence, per deployment, and the share itself."""
    found = Counter(
        compared.con.execute(
            "select deployment_id, reason, evidence_id, exclusion from marts.deployment_failures"
        ).fetchall()
    )
    assert found == Counter(
        (named(item.deployment), item.reason, named(item.evidence), item.exclusion) for item in compared.failures
    )
    expected = {
        key: {"in_numerator": failures.failed(item, compared.failures)}
        for key, item in compared.deployments.items()
        if item.is_finished_in_production
    }
    judged = {
        key: row
        for key, row in compared.published("metrics.change_failure_rate", "record_id").items()
        if "|" not in key and row["exclusion_reason"] is None
    }
    assert differing(expected, judged) == []
    assert 0 < sum(row["in_numerator"] for row in judged.values()) < len(judged)


def test_a_failed_deployment_recovered_when_the_definitions_say_so(compared: Compared) -> None:
    """From the first sign to the last restoration; unknown while one of its incidents is open."""
    expected = {}
    for key, item in compared.deployments.items():
        if item.is_finished_in_production and failures.failed(item, compared.failures):
            failed_at, restored_at = failures.recovery([one for one in compared.failures if one.deployment == key])
            expected[key] = {"value": (restored_at - failed_at).total_seconds() if failed_at and restored_at else None}
    assert differing(expected, compared.published("metrics.failed_deployment_recovery_time", "record_id")) == []


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
    assert differing(expected, compared.published("metrics.deployment_attempt_failure_rate", "record_id")) == []


def test_every_window_has_the_end_notice_and_problem_of_the_definitions(compared: Compared) -> None:
    """Ends stated, filled or running; notice and delays; reversed, unschedulable and of no length."""
    expected = {key: windows.row_of(window) for key, window in compared.windows.items()}
    assert differing(expected, compared.published("marts.windows", "window_id")) == []


def test_exactly_the_pairs_of_the_definitions_overlap_in_every_scope(compared: Compared) -> None:
    """Every unordered pair once per shared thing; planned with planned, actual with actual."""
    expected = Counter(windows.overlaps(compared.windows))
    found = Counter(
        (row[0], row[1], row[2].lower(), row[3].removeprefix(f"{SOURCE}:"), row[4].removeprefix(f"{SOURCE}:"), row[5])
        for row in compared.con.execute(
            "select basis, scope, scope_value, window_a, window_b, overlap_seconds from marts.window_overlaps"
        ).fetchall()
    )
    assert found == expected
    counts = compared.con.execute(
        "select basis, scope, scope_pairs, pairs from marts.overlap_counts where windows > 0 and scope <> 'dependency'"
    ).fetchall()
    for basis, scope, scope_pairs, pairs in counts:
        mine = [(one, other) for a, b, _, one, other, _ in expected if (a, b) == (basis, scope)]
        assert (scope_pairs, pairs) == (len(mine), len(set(mine)))


def test_as_many_windows_are_open_at_each_instant_as_a_plain_count_says(compared: Compared) -> None:
    """The sweep line gives what counting at every start and end gives."""
    found = {
        (row[0], row[1], row[2].lower(), row[3]): row[4]
        for row in compared.con.execute(
            "select basis, scope, scope_value, changed_at, open_windows from marts.window_concurrency"
        ).fetchall()
    }
    assert found == windows.concurrency(compared.windows)


def test_every_carried_change_has_the_class_and_reason_of_the_definitions(compared: Compared) -> None:
    """Per deployment and change: whose approval counts, the lead, when it was authorised, and why it was not."""
    expected = {
        f"{item.deployment.key}|{item.change.key}": {
            "governing_change_id": named(item.governing.key),
            "effective_approval_at": item.governing.effective_at,
            "lead_seconds": item.lead,
            "authorisation_class": item.cls,
            "reason": item.reason,
        }
        for item in compared.carried
    }
    cursor = compared.con.execute("select * from marts.deployment_changes")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = {f"{row['deployment_id']}|{row['change_id']}".replace(f"{SOURCE}:", ""): row for row in rows}
    assert differing(expected, found) == []
    assert len({row["authorisation_class"] for row in expected.values()}) >= 5


def test_a_deployment_has_the_class_of_its_worst_change_and_re_releases_are_left_out(compared: Compared) -> None:
    """Deployments whose changes are known: unauthorised when one of them is, re-releases counted apart."""
    found = compared.published("marts.deployments", "key")
    rate = compared.published("metrics.unauthorised_deployment_rate", "record_id")
    for key, item in compared.deployments.items():
        carried = [one for one in compared.carried if one.deployment is item]
        if not carried:
            continue
        worst = handover.worst(carried)
        assert (key, found[key]["authorisation_class"]) == (key, worst)
        if item.is_rerelease:
            assert rate[key]["exclusion_reason"] == "re-release of an artifact that ran before"
        elif worst != "not_collectable":
            assert (key, rate[key]["exclusion_reason"]) == (key, None)
            assert (key, rate[key]["in_numerator"]) == (key, any(one.reason is not None for one in carried))


def test_every_test_of_separation_of_duties_ends_as_the_definitions_say(compared: Compared) -> None:
    """SOD-1 to SOD-6, per change and per deployment of a change; an unresolved identity never passes."""
    expected = Counter(
        handover.duties(compared.records.of, compared.deployments, compared.changes, compared.carried, compared.people)
    )
    found = Counter(
        (record.replace(f"{SOURCE}:", ""), test, result)
        for record, test, result in compared.con.execute(
            "select record_id, test, result from marts.separation_of_duties where test not in ('sod_7', 'sod_8')"
        ).fetchall()
    )
    assert sorted(found - expected) == sorted(expected - found) == []
