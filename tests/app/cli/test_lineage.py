from __future__ import annotations

import pytest
from sqlglot import exp

from models.errors import InputError
from sql.engines import dependencies, parse
from sql.header import read_models
from sql.lineage import METRIC_COLUMNS, Models, lineage
from tests.app.cli.conftest import Twotrack


def test_a_column_is_followed_down_to_the_payloads_of_every_source(twotrack: Twotrack) -> None:
    """When a change was merged comes from the forges and from imported records, and from no clock of ours."""
    answer = twotrack("lineage", "changes.merged_at", "--json")
    assert answer.code == 0, answer.err
    assert set(answer.document["streams"]) == {
        "raw.github_pull_requests",
        "raw.gitlab_merge_requests",
        "raw.record_changes",
        "raw.record_issues",
    }
    github = next(one for one in answer.document["columns"] if one["table"] == "staging.stg_github_changes")
    assert github["paths"] == ["$.merged_at", "$.mergedAt"]
    assert github["reads"] == [{"table": "raw.github_pull_requests", "column": "payload"}]


def test_the_text_shows_what_is_read_below_what_reads_it(twotrack: Twotrack) -> None:
    """People get a tree, each line with what the header says of the column."""
    answer = twotrack("lineage", "marts.changes.merged_at")
    lines = answer.out.splitlines()
    assert lines[0] == "marts.changes.merged_at  When it was merged, UTC."
    assert lines[1].startswith("  intermediate.int_changes.merged_at")
    assert "raw.gitlab_merge_requests.payload  $.merged_at" in answer.out


def test_a_name_nothing_has_is_refused_with_those_there_are(twotrack: Twotrack) -> None:
    """The error names what can be asked for instead."""
    answer = twotrack("lineage", "changes.merged_when")
    assert answer.code == InputError.exit_code
    assert "merged_at" in answer.err
    assert "changes" in twotrack("lineage", "nothing.such").err


def test_a_metric_is_followed_through_all_that_makes_its_number() -> None:
    """Numerator, value, exclusion and date; each step is a column that its model's header documents."""
    found = lineage("overlapping_windows")
    assert found.roots == tuple(("metrics.overlapping_windows", column) for column in METRIC_COLUMNS)
    assert "raw.record_windows" in found.streams
    models = read_models()
    for (table, column), origin in found.origins.items():
        if table in models:
            assert column in models[table].columns
            assert origin.description
        else:
            assert table.partition(".")[0] in {"raw", "seeds", "config"}


@pytest.mark.parametrize("name", ["int_decisions", "int_windows"])
def test_columns_that_only_a_setting_or_seed_names_are_found_there(name: str) -> None:
    """Settings and seeds have no model, so their columns are read from themselves."""
    models = Models()
    model = next(one for one in models.models.values() if one.name == name)
    assert all(models.origin(model.full_name, column).rows_from for column in list(model.columns)[:2])


def test_every_column_that_a_model_reads_is_bound_to_its_table() -> None:
    """A column that could be of two tables would be followed into none; a table of the run log stands alone."""
    models = Models()
    for model in models.models.values():
        if model.reads or dependencies(parse(model.select)) <= {"raw.rejected", "raw.runs", "raw.run_streams"}:
            continue
        tree, _ = models.resolved(model)
        assert [column.sql() for column in tree.find_all(exp.Column) if not column.table] == [], model.full_name


@pytest.mark.parametrize("column", ["push_deliveries.event", "rejected.reason"])
def test_what_is_kept_about_deliveries_and_rejects_is_followed_too(twotrack: Twotrack, column: str) -> None:
    """These tables come straight from the store."""
    answer = twotrack("lineage", column, "--json")
    assert answer.code == 0, answer.err
    assert answer.document["streams"] == [f"raw.{column.partition('.')[0]}"]


def test_what_the_detector_computes_is_followed_through_all_that_it_weighs() -> None:
    """Its tables are no SQL, and still rest on marks, and those on records."""
    models = Models()
    origin = models.origin("marts.drift_findings", "state")
    assert origin.description
    assert {"marts.drift_gate", "marts.drift_daily"} == {table for table, _ in origin.reads}
    assert all(column in models.models[table].columns for table, column in origin.reads)
