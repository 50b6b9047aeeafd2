"""Windows of the build against a second implementation of the definitions; see ``test_reference.py``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.metrics.compared import Compared, differing
from tests.metrics.organisations import SOURCE
from tests.metrics.reference import releases, windows


def test_every_window_has_the_end_notice_and_problem_of_the_definitions(whole: Compared) -> None:
    """Ends stated, filled or running; notice and delays; reversed, unschedulable and of no length."""
    expected = {key: windows.row_of(window) for key, window in whole.windows.items()}
    assert differing(expected, whole.published("marts.windows", "window_id")) == []
    assert {row["planned_end_basis"] for row in expected.values()} >= {"stated", "actual", "default"}


def test_exactly_the_pairs_of_the_definitions_overlap_in_every_scope(whole: Compared) -> None:
    """Every unordered pair once per shared thing; planned with planned, actual with actual; one hop; the buffer."""
    expected = Counter(windows.overlaps(whole.windows, whole.limits))
    found = Counter(
        (basis, scope, value if scope == "dependency" else value.lower(), one, other, shared)
        for one, other, basis, scope, value, shared in whole.rows(
            "select window_a, window_b, basis, scope, scope_value, overlap_seconds from marts.window_overlaps"
        )
    )
    assert found == expected
    assert {scope for _, scope, *_ in expected} >= {"component", "service", "environment", "implementer"}


def test_overlaps_are_counted_per_shared_thing_pair_window_and_change(whole: Compared) -> None:
    """Four counts that are never mixed, in every scope."""
    expected = list(windows.overlaps(whole.windows, whole.limits))
    counts = whole.con.execute(
        "select basis, scope, windows, scope_pairs, pairs, windows_in_conflict, changes_in_conflict "
        "from marts.overlap_counts"
    ).fetchall()
    assert len(counts) == 10
    for basis, scope, in_scope, *counted in counts:
        pairs = [(one, other) for a, b, _, one, other, _ in expected if (a, b) == (basis, scope)]
        sides = {key for pair in pairs for key in pair}
        changes = {whole.windows[key].change or key for key in sides}
        assert (basis, scope, counted) == (basis, scope, [len(pairs), len(set(pairs)), len(sides), len(changes)])
        assert (basis, scope, in_scope) == (basis, scope, windows.comparable(whole.windows, basis, scope, whole.limits))


def test_a_conflict_is_known_at_approval_or_emerged_later_as_the_definitions_say(whole: Compared) -> None:
    """Each unordered pair once, however much the two share; unknown while an entry or an approval is."""
    expected = windows.emerged(whole.windows, whole.changes, whole.limits)
    assert differing(expected, whole.metric("conflicts_emerged_later")) == []


def test_the_overlap_rate_is_of_scheduled_changes_not_of_rows(whole: Compared) -> None:
    """A change with a window per component is scheduled once and in conflict once."""
    expected = windows.scheduled(whole.windows, whole.limits)
    found = {
        key: {"is_left_out": row["exclusion_reason"] is not None, "in_numerator": row["in_numerator"]}
        for key, row in whole.metric("overlapping_windows").items()
    }
    assert differing(expected, found) == []
    assert {row.get("in_numerator") for row in expected.values()} == {True, False, None}


def test_work_is_outside_its_planned_window_as_the_definitions_say(whole: Compared) -> None:
    """One side that is known decides; running work is judged by what it has done so far."""
    assert differing(windows.outside(whole.windows), whole.metric("outside_planned_window")) == []


@pytest.mark.parametrize(("metric", "of_entry"), [("window_notice", False), ("retroactive_windows", True)])
def test_notice_and_late_entry_are_those_of_the_definitions(whole: Compared, metric: str, of_entry: bool) -> None:
    """From entry to start; entered after the start is retroactive and gave no notice."""
    assert differing(windows.notice(whole.windows, of_entry), whole.metric(metric)) == []


@pytest.mark.parametrize(
    "metric", ["overlapping_windows", "window_notice", "retroactive_windows", "outside_planned_window"]
)
def test_every_metric_of_windows_counts_a_change_under_one_service_team_and_type(whole: Compared, metric: str) -> None:
    """Those of the window that starts first of the ones that are neither withdrawn nor reversed, else of the others."""
    expected = windows.attributed(whole.windows, whole.changes)
    found = whole.metric(metric)
    kept = {key: {name: expected[key][name] for name in ("service", "change_type")} for key in found if key in expected}
    assert differing(kept, {key: found[key] for key in kept}) == []
    assert len({found[key]["service"] for key in kept}) > 1


def test_as_many_windows_are_open_at_each_instant_as_a_plain_count_says(whole: Compared) -> None:
    """The sweep line gives what counting at every start and end gives."""
    found = {
        (row[0], row[1], row[2].lower(), row[3]): row[4]
        for row in whole.con.execute(
            "select basis, scope, scope_value, changed_at, open_windows from marts.window_concurrency"
        ).fetchall()
    }
    assert found == windows.concurrency(whole.windows)


def test_exactly_the_deployments_of_the_definitions_began_inside_a_freeze(whole: Compared) -> None:
    """Freezes of the calendar and of the settings, whole local days over a change of the clocks, with exemptions."""
    expected = releases.frozen(
        whole.records.of, whole.deployments, whole.changes, whole.windows, whole.failures, whole.limits
    )
    found = {
        (deployment, name): is_exempt
        for deployment, name, is_exempt in whole.rows(
            "select deployment_id, freeze_name, is_exempt from marts.freeze_deployments"
        )
    }
    assert found == expected
    assert expected
    violating = {deployment for (deployment, _), is_exempt in expected.items() if not is_exempt}
    judged = {key for key, row in whole.metric("freeze_deployments").items() if row["in_numerator"]}
    assert judged == violating


def test_windows_are_only_of_the_source_that_states_them(whole: Compared) -> None:
    """The other source, whose records bear the same keys, has none."""
    assert {row[0] for row in whole.con.execute("select distinct source from marts.windows").fetchall()} == {SOURCE}
