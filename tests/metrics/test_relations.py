"""What follows when an organisation is told in another way: nobody has to know a number to know that it is the same.

Twelve organisations with records of every kind are built once, and then again renamed, a year of weeks later, in other
files, beside others, as two sources, and as of a later day. Every row of every mart and metric is compared.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.metrics.relations import (
    Organisation,
    Row,
    Tables,
    build,
    halves,
    later,
    later_settings,
    organisation,
    renamed,
    retold,
    tables,
    tables_in,
    unlike,
    written_otherwise,
)
from tests.once import Once

WEEKS = timedelta(weeks=52)
# Which of equals is shown: of approvals, gates and reviews of one instant, of windows that start together, of groups
# with the same share, of changes that are equally bad, and one key of many.
ONE_OF_EQUALS = {
    "activity_id", "decision_id", "evidence_id", "catch_id", "source_event_id", "effective_decision_id",
    "effective_approver", "worst_change_id", "example_id", "window_a", "window_b", "reviewer", "met_by",
    "evidence_event_id", "decider_group", "deployer_group", "marts.window_overlaps.service",
    "marts.window_overlaps.team", "marts.window_overlaps.change_type", "metrics.conflicts_emerged_later.record_id",
    "metrics.conflicts_emerged_later.service", "metrics.conflicts_emerged_later.team",
    "metrics.conflicts_emerged_later.change_type", "metrics.conflicts_emerged_later.detail",
}  # fmt: skip
# What grows older with the day of the build: what is pending or running, and trailing days.
AGEING = {
    "marts.windows.actual_end_at", "marts.windows.late_seconds", "marts.window_overlaps.overlap_end_at",
    "marts.window_overlaps.overlap_seconds", "metrics.approval_wait.value", "metrics.approved_not_shipped.value",
    "metrics.outside_planned_window.value", "metrics.outside_planned_window.detail", "metrics.pending_approvals.value",
}  # fmt: skip
TRAILING = {
    "marts.periods", "marts.combine_advice", "marts.combine_criteria", "marts.drift_context", "marts.drift_dimensions",
    "marts.drift_findings", "marts.drift_levels", "marts.drift_team_levels", "marts.window_concurrency",
}  # fmt: skip
SUMS = (
    "changes",
    "decisions",
    "approved",
    "declined",
    "deployments",
    "failed_deployments",
    "deciders",
    "deployers",
    "misses",
)
TEAMS_TOGETHER = ("(all)", "(no team)")


@pytest.fixture(scope="module")
def told() -> Organisation:
    """The organisations as they are told first."""
    return organisation()


@pytest.fixture(scope="module")
def base(told: Organisation, once: Once) -> Tables:
    """Their build."""
    return tables_in(once("relations", lambda home: build(told, home)))


@pytest.fixture(scope="module")
def other(told: Organisation) -> Organisation:
    """The same with other names for everybody and everything, in the opposite order."""
    return replace(retold(told, renamed), settings=renamed(told.settings))


@pytest.fixture(scope="module")
def in_other_names(other: Organisation, once: Once) -> Tables:
    """The renamed organisations' build."""
    return tables_in(once("relations-renamed", lambda home: build(other, home)))


def test_nearly_every_table_has_rows_to_compare(base: Tables) -> None:
    """Relations of nothing hold always."""
    empty = {name for name, rows in base.items() if not rows}
    assert empty <= {"marts.push_deliveries", "marts.rejected", "marts.drift_gate", "marts.rebuilt_deployments"}


def test_no_number_depends_on_what_anybody_or_anything_is_called(base: Tables, in_other_names: Tables) -> None:
    """All people, services, teams, keys and revisions renamed in the opposite order: the same but for the names."""
    assert (
        unlike(
            base,
            in_other_names,
            tell=renamed,
            open_columns=ONE_OF_EQUALS,
            keep=lambda name, _: name != "marts.key_gaps",
        )
        == []
    )


def test_a_year_of_weeks_later_everything_is_the_same_a_year_of_weeks_later(
    told: Organisation, base: Tables, tmp_path: Path
) -> None:
    """364 days move no day of a week, so all durations, rates, overlaps and findings stay; quarters are others."""
    moved = replace(retold(told, later(WEEKS)), settings=later_settings(told.settings, WEEKS), as_of=told.as_of + WEEKS)
    found = tables(moved, tmp_path / "home")

    def keep(name: str, row: Row) -> bool:
        return name != "marts.periods" and not str(row.get("period")).startswith("20")

    assert unlike(
        base, found, back=later(-WEEKS), keep=keep, open_columns=["metrics.deployment_frequency.record_id"]
    ) == []  # fmt: skip


def test_in_which_files_records_come_does_not_matter(told: Organisation, base: Tables, tmp_path: Path) -> None:
    """Tables of two months each with columns of other names, rows twice, older states after newer ones, any offset."""
    assert unlike(base, tables(told, tmp_path / "home", written_otherwise)) == []


def test_the_same_records_from_two_sources_are_the_same(told: Organisation, base: Tables, tmp_path: Path) -> None:
    """Nothing but the source's name, and what is counted by source."""
    (records,) = told.records.values()
    found = tables(replace(told, records=halves(records, "orh")), tmp_path / "home")
    by_source = {"marts.unread_words", "marts.unclassified", "marts.rule_acts", "marts.drift_activity"}

    def as_one(value: object) -> object:
        return value.replace("orh", "org") if isinstance(value, str) else value

    # The example is the first by its id, which begins with the source.
    example = ["marts.reconciliation.example_id"]
    assert unlike(base, found, back=as_one, keep=lambda name, _: name not in by_source, open_columns=example) == []


def test_others_change_nothing_and_parts_add_up(
    told: Organisation, base: Tables, other: Organisation, in_other_names: Tables, tmp_path: Path
) -> None:
    """Beside organisations that share nothing with them, each has the rows it has alone, and totals are the sums."""
    both = Organisation({**told.records, **other.records}, told.settings + other.settings, told.as_of)
    found = tables(both, tmp_path / "home")
    apart = {name: rows + in_other_names[name] for name, rows in base.items()}

    def keep(name: str, row: Row) -> bool:
        is_total = row.get("team") in TEAMS_TOGETHER or name in ("marts.periods", "marts.overlap_counts")
        is_of_nothing = name == "marts.reconciliation" and row["service"] is None
        return not is_total and not is_of_nothing and row.get("scope") != "environment"

    assert unlike(apart, found, keep=keep, open_columns=["reference_rate"]) == []
    assert counts(found, "marts.team_practice", ("period",), SUMS) == {
        key: [2 * n for n in numbers] for key, numbers in counts(base, "marts.team_practice", ("period",), SUMS).items()
    }
    overlaps = ("basis", "place", "scope")
    windows = ("windows", "scope_pairs", "pairs", "windows_in_conflict", "changes_in_conflict")
    alone = counts(base, "marts.overlap_counts", overlaps, windows)
    assert {
        key: numbers
        for key, numbers in counts(found, "marts.overlap_counts", overlaps, windows).items()
        if "environment" not in key
    } == {key: [2 * n for n in numbers] for key, numbers in alone.items() if "environment" not in key}


def counts(
    found: Tables, name: str, by: tuple[str, ...], columns: tuple[str, ...]
) -> dict[tuple[object, ...], list[int]]:
    """Return the counts of everybody together, by what they are told apart by."""
    rows = (row for row in found[name] if row.get("team", "(all)") == "(all)")
    return {tuple(row[column] for column in by): [row[column] for column in columns] for row in rows}


def test_with_time_alone_only_what_ages_changes(told: Organisation, base: Tables, tmp_path: Path) -> None:
    """Three weeks later without a record: what is pending, running or looked back at, and quarters that go on."""
    found = tables(replace(told, as_of=told.as_of + timedelta(weeks=3)), tmp_path / "home")
    over = {
        row["period"] for row in base["marts.periods"] if row["until_at"] <= told.as_of and row["kind"] == "quarter"
    }

    def keep(name: str, row: Row) -> bool:
        return name not in TRAILING and row.get("period", min(over)) in over

    assert unlike(base, found, keep=keep, open_columns=AGEING) == []
