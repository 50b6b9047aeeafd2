from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.questions import builds
from models.errors import NotBuiltError
from models.workspace import Workspace


def test_a_build_says_what_it_is(sample: Workspace) -> None:
    """Kind, name, instant and tables come from the file itself."""
    build = builds.open_build(sample, sample.current_build())
    assert (build.kind, build.name, build.is_demo) == ("demo", "Sample", True)
    assert build.has("marts.changes", "metrics.approval_latency")
    assert not build.has("marts.changes", "marts.nowhere")


@pytest.mark.parametrize("asked", ["../store", "..", "", "a/b", "20260101T000000-missing", "x" * 300])
def test_a_pinned_build_is_one_of_the_published_files_or_none(sample: Workspace, asked: str) -> None:
    """A link cannot make the server open another file."""
    with pytest.raises(NotBuiltError):
        builds.open_build(sample, asked)


def test_a_build_is_opened_for_reading_only(sample: Workspace) -> None:
    """A page cannot change what was published, nor reach files beside it."""
    con = builds.cursor(builds.open_build(sample, sample.current_build()))
    for statement in (
        "create table marts.x (i integer)",
        "delete from marts.changes",
        f"select * from read_text('{sample.config_path.parent}/published/current.json')",
        f"attach '{sample.raw_path}' as raw",
    ):
        with pytest.raises(Exception, match=r"read-only|disabled|not allowed|Permission"):
            con.execute(statement)


def test_a_file_that_is_no_build_is_an_error_to_act_on(sample: Workspace) -> None:
    """Damage is said with the next step, not as a traceback."""
    sample.build_path("20990101T000000-broken").write_bytes(b"not a database")
    with pytest.raises(NotBuiltError, match="cannot be opened") as caught:
        builds.open_build(sample, "20990101T000000-broken")
    assert caught.value.next_step
    assert "choose one at the foot of the sidebar" in caught.value.kept


def test_a_newer_build_is_found_by_the_pointer(sample: Workspace) -> None:
    """The pointer decides, not the file names."""
    shown = sample.current_build()
    assert builds.newer_build(sample, shown) is None
    assert builds.newer_build(sample, "20200101T000000-old") == shown
    sample.pointer_path.write_text(json.dumps({"build_id": "gone"}), encoding="utf-8")
    assert builds.newer_build(sample, shown) is None


def test_a_command_that_writes_is_named_while_its_process_lives(tmp_path: Path) -> None:
    """A killed writer leaves its name in the lock file; it is not working any more."""
    space = Workspace(tmp_path)
    assert builds.writing(space) is None
    with space.writing("twotrack sync"):
        found = builds.writing(space)
        assert found is not None and found.command == "twotrack sync"
    assert builds.writing(space) is None
    (tmp_path / ".writer.lock").write_text("`twotrack sync` (process 4194304999)", encoding="utf-8")
    assert builds.writing(space) is None
    assert os.getpid() > 0
