"""Exports of the tasks of changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.files.suggest import suggest_mapping
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import records, write
from tests.ingest.files.test_suggest import proposed

_TASKS = (
    "number,change_request,change_task_type,short_description,state,assigned_to,closed_at,sys_created_on\n"
    "CTASK0010001,CHG0030001,Implementation,Patch it,Closed,Ann,2026-03-02 09:00:00,2026-03-01 08:00:00\n"
    "CTASK0010002,CHG0030001,Review,How it went,Closed,Bob,2026-03-03 09:00:00,2026-03-01 08:00:00\n"
    "CTASK0010003,CHG0030002,Review,How it went,Open,Bob,,2026-03-01 08:00:00\n"
)


def test_a_task_of_a_change_is_no_change_and_a_closed_review_is_the_review_after_it(
    store: RawStore, tmp_path: Path
) -> None:
    """ServiceNow gives every change several; taken for changes they counted in each rate of changes."""
    text, result = proposed(store, tmp_path, _TASKS, "change_task.csv")
    assert '\nkind = "change"' not in text
    assert result.total("rejected") == 0
    (review,) = records(store, "record_events")
    said = {name: review[name] for name in ("verb", "subject_kind", "subject_key", "actor", "occurred_at")}
    assert said == {
        "verb": "post_reviewed",
        "subject_kind": "change",
        "subject_key": "CHG0030001",
        "actor": "Bob",
        "occurred_at": "2026-03-03T09:00:00Z",
    }


def test_tasks_that_tell_of_no_review_are_refused(tmp_path: Path) -> None:
    """Nothing else that a task says is of its change: when, by whom and how it went stands with the change itself."""
    rows = "".join(line for line in _TASKS.splitlines(keepends=True) if ",Review," not in line)
    with pytest.raises(InputError, match="none of them is told to be a review"):
        suggest_mapping(write(tmp_path, rows, "tasks.csv"))
    untyped = "number,parent,state,closed_at\nCTASK0010001,CHG0030001,Closed,2026-03-02 09:00:00\n"
    with pytest.raises(InputError, match="tasks of changes"):
        suggest_mapping(write(tmp_path, untyped, "export.csv"))
