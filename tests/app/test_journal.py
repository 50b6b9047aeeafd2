from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from app.journal import file, notes
from models.errors import InputError, StorageError, WorkspaceBusyError


def test_an_annotation_is_kept_and_can_be_withdrawn(tmp_path: Path) -> None:
    """Deliberate changes are noted by day, oldest first."""
    path = tmp_path / "home" / "journal.sqlite"
    assert notes.entered(path) == []
    notes.annotate(path, date(2026, 6, 1), "New approval tool", team="Money", starts_baseline=True)
    notes.annotate(path, date(2026, 5, 3), "  Automated \n approvals ")
    found = notes.entered(path)
    assert [(a.happened_on, a.text, a.team, a.starts_baseline) for a in found] == [
        (date(2026, 5, 3), "Automated approvals", None, False),
        (date(2026, 6, 1), "New approval tool", "Money", True),
    ]
    notes.withdraw(path, found[0].annotation_id)
    assert [a.text for a in notes.entered(path)] == ["New approval tool"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_an_empty_or_endless_annotation_is_refused(tmp_path: Path, text: str) -> None:
    """And nothing is written."""
    path = tmp_path / "journal.sqlite"
    with pytest.raises(InputError):
        notes.annotate(path, date(2026, 5, 3), text)
    assert notes.entered(path) == []


def test_hostile_text_is_stored_as_text(tmp_path: Path) -> None:
    """Values are bound, never part of the statement."""
    path = tmp_path / "journal.sqlite"
    notes.annotate(path, date(2026, 5, 3), "x'); drop table annotations; --")
    assert [a.text for a in notes.entered(path)] == ["x'); drop table annotations; --"]


def test_a_journal_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Locked for long, damaged, or in a folder that is none: never a traceback, and nothing is half written."""
    path = tmp_path / "journal.sqlite"
    notes.annotate(path, date(2026, 5, 3), "Automated approvals")
    with closing(sqlite3.connect(path, isolation_level=None)) as other, pytest.MonkeyPatch.context() as patched:
        patched.setattr(file, "_PATIENCE_SECONDS", 0.05)
        other.execute("begin immediate")
        with pytest.raises(WorkspaceBusyError, match="try again in a moment"):
            notes.annotate(path, date(2026, 5, 4), "Another")
        other.execute("rollback")
    assert [one.text for one in notes.entered(path)] == ["Automated approvals"]
    path.write_bytes(b"this is no database, and long enough to be looked at as one" * 20)
    with pytest.raises(InputError, match="put a copy from a backup in its place"):
        notes.entered(path)
    (tmp_path / "plain").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="choose another folder with --home"):
        notes.annotate(tmp_path / "plain" / "journal.sqlite", date(2026, 5, 3), "Nowhere")
