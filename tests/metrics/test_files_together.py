"""Files of one tool, each imported as it is proposed, give the numbers that a person reads off them."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from ingest.files.suggest import suggest_mapping
from tests.metrics.reading import one
from tests.metrics.real import load

CHANGES = """Number,Title,Type,State,Approval,Configuration item,Requested by,Opened,Planned start date,Closed
CHG1,One,Normal,Closed,Approved,db,Ann,2026-03-01 08:00:00,2026-03-03 08:00:00,2026-03-04 08:00:00
CHG2,Two,Normal,Closed,Approved,db,Bob,2026-03-01 08:00:00,2026-03-03 08:00:00,2026-03-04 08:00:00
CHG3,Three,Normal,Closed,Approved,db,Cat,2026-03-01 08:00:00,2026-03-03 08:00:00,2026-03-04 08:00:00
"""
APPROVALS = """State,Approver,Approval for,Created,Updated
Approved,Bob,CHG1,2026-03-01 09:00:00,2026-03-01 11:00:00
Approved,Bob,CHG2,2026-03-01 09:00:00,2026-03-01 10:00:00
Requested,Cat,CHG2,2026-03-01 09:00:00,2026-03-01 09:00:00
"""


def built(home: Path, files: dict[str, str], source: str | None = None) -> duckdb.DuckDBPyConnection:
    """Import files by their proposals, each into the source that it proposes or all into one, build, and connect."""
    home.mkdir()
    mapped = {}
    for name, text in files.items():
        path = home / name
        path.write_text(text, encoding="utf-8")
        mapping = home / f"{name}.toml"
        toml = suggest_mapping(path)
        toml = re.sub(r'(?m)^source = "[^"]*"', f'source = "{source}"', toml) if source else toml
        mapping.write_text(toml, encoding="utf-8")
        mapped[path] = mapping
    return duckdb.connect(str(load(home / "workspace", mapped)), read_only=True)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Changes and approvals, as a change tool exports them."""
    home = tmp_path_factory.mktemp("together") / "files"
    return built(home, {"change_request.csv": CHANGES, "sysapproval_approver.csv": APPROVALS})


def test_approvals_of_a_file_of_their_own_are_of_the_changes_that_they_name(con: duckdb.DuckDBPyConnection) -> None:
    """Asked for when the approval was created, given when it was decided: two hours; the requester's own is none."""
    found = con.execute("select record_id, value, exclusion_reason from metrics.approval_latency order by 1")
    assert found.fetchall() == [
        ("change-request:CHG1", 7200.0, None),
        ("change-request:CHG2", None, "approved by the requester only"),
        ("change-request:CHG3", None, "not collectable: no record states whether an approval held in time"),
    ]


def test_a_row_that_says_approved_restates_the_approvals_that_are_records(con: duckdb.DuckDBPyConnection) -> None:
    """It adds nobody unknown: who approved is known, and the requester's own approval fails."""
    found = con.execute("select change_id, result from marts.separation_of_duties where test = 'sod_4' order by 1")
    assert found.fetchall() == [
        ("change-request:CHG1", "pass"),
        ("change-request:CHG2", "fail"),
        ("change-request:CHG3", "indeterminate"),
    ]


def test_a_key_that_two_other_sources_have_is_linked_to_neither(tmp_path: Path) -> None:
    """An approval of one change never authorises another."""
    con = built(
        tmp_path / "files",
        {"change_request.csv": CHANGES, "change_archive.csv": CHANGES, "sysapproval_approver.csv": APPROVALS},
    )
    assert one(con, "select count(*) from marts.changes where effective_approval_at is not null") == 0
